"""Panels in pages, and the socket that keeps them right."""

from typing import Any

from django import template
from django.utils.safestring import SafeString

from evbunker.live.panels import REGISTRY, Ref, ref_of, render

register = template.Library()


@register.simple_tag(takes_context=True)
def panel(context: dict[str, Any], name: str, key: object = "") -> SafeString:
    """The panel `name`; the view must have made sure that its visitor may see it."""
    request = context["request"]
    viewer = request.user if request.user.is_authenticated else None
    return SafeString(render(_ref(name, key), viewer))


@register.inclusion_tag("live/_socket.html")
def live_socket(panels: str, key: object = "") -> dict[str, object]:
    """The line that keeps these panels (names with commas between; keyed ones get `key`) right, and tells its state."""
    refs = [str(_ref(name.strip(), key)) for name in panels.split(",")]
    return {"panels": ",".join(refs)}


def _ref(name: str, key: object) -> Ref:
    """`key` counts only for a panel that has keys; a name may also bring its own, as `name:key`."""
    bare = ":" in name or not REGISTRY[name].keyed
    return ref_of(name if bare else f"{name}:{key}")
