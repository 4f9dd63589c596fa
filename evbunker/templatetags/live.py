"""Panels in pages, and the socket that keeps them right."""

from typing import Any

from django import template
from django.utils import translation
from django.utils.html import format_html
from django.utils.safestring import SafeString

from evbunker import clock
from evbunker.live import hub
from evbunker.live.panels import REGISTRY, Ref, Viewer, ref_of
from evbunker.live.rendering import list_version, pane_of, render
from evbunker.moments import in_zone

register = template.Library()


@register.simple_tag(takes_context=True)
def panel(context: dict[str, Any], name: str, key: object = "") -> SafeString:
    """The panel `name`; the view must have made sure that its visitor may see it."""
    return SafeString(render(_ref(name, key), _viewer(context)))


@register.simple_tag(takes_context=True)
def live_list(context: dict[str, Any], name: str, filtered: bool = False) -> SafeString:
    """Attributes of the element that shows the list `name` (a panel with `rows`) and can fetch itself again.

    Its rows change in place. It hears `live:stale` when that is not enough: a row changed that it does not show, or,
    if it is `filtered`, any row. The view's queryset must be read after this tag: give it to the template unread.

        <section {% live_list "payments" filtered=form.is_filtered %} hx-get="{{ request.get_full_path }}"
                 hx-trigger="live:stale delay:500ms" hx-select="#stale-payments" hx-swap="outerHTML">
    """
    version = list_version(pane_of(_ref(name), _viewer(context)))
    return format_html('id="stale-{}" data-v="{}"{}', name, version, " data-filtered" if filtered else "")


@register.inclusion_tag("live/_socket.html", takes_context=True)
def live_socket(context: dict[str, Any], panels: str, key: object = "") -> dict[str, object]:
    """The line that keeps these panels (names with commas between; keyed ones get `key`) right, and tells its state.

    A page has at most one. What the page's frame shows, named by `also_live` in its context, is kept right as well, and
    it then says of which moment everything is.
    """
    also = context.get("also_live", "")
    refs = dict.fromkeys(str(_ref(name.strip(), key)) for name in f"{panels},{also}".split(",") if name.strip())
    viewer = _viewer(context)
    return {
        "panels": ",".join(refs),
        "language": translation.get_language(),
        "silence_seconds": hub.SILENCE_SECONDS,
        "as_of": in_zone(clock.now(), viewer.time_zone) if also and viewer else None,
    }


def _ref(name: str, key: object = "") -> Ref:
    """`key` counts only for a panel that has keys; a name may also bring its own, as `name:key`."""
    declared = REGISTRY.get(name)
    takes_key = declared is not None and (declared.keyed or declared.rows)
    return ref_of(f"{name}:{key}" if takes_key and key else name)


def _viewer(context: dict[str, Any]) -> Viewer | None:
    user = context["request"].user
    return user if user.is_authenticated else None
