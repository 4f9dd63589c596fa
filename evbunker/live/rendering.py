"""The HTML of panels: made once for all who see the same, through the cache."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.html import format_html

from evbunker.live.cache import cached_at
from evbunker.live.panels import Ref, UnknownPanel, Viewer, check_access, group_of
from evbunker.live.versions import version_of
from evbunker.metrics import RENDERS

EMPTY_V = 'data-v=""'
NOBODYS_ZONE = "UTC"
MOST_ROWS = 20
"""More rows than this changed at once: the list is told to fetch itself."""


@dataclass(frozen=True)
class Pane:
    """A panel as one audience sees it: all who see the same pane get the same HTML. `client_id` only if it matters."""

    ref: Ref
    group: str
    client_id: UUID | None
    language: str
    zone: str


def pane_of(ref: Ref, viewer: Viewer | None, language: str | None = None) -> Pane:
    """What `viewer` sees of `ref`, by default in the active language. Raises as `check_access` and `group_of` do."""
    check_access(ref, viewer)
    return Pane(
        ref=ref,
        group=group_of(ref, viewer),
        client_id=viewer.id if viewer and ref.panel.audience == "client" else None,
        language=language or translation.get_language() or settings.LANGUAGE_CODE,
        zone=viewer.time_zone if viewer else NOBODYS_ZONE,
    )


def render(ref: Ref, viewer: Viewer | None) -> str:
    """The panel's HTML for this viewer, in the active language. Raises SignedOut, NotAllowed or UnknownPanel."""
    return html_of(pane_of(ref, viewer))[1]


def html_of(pane: Pane) -> tuple[str, str]:
    """The version asked for before anything was read, and HTML no older than it. Raises UnknownPanel.

    Its root carries `data-v`, a hash of all it says: equal means that nothing a person sees has changed.
    """
    declared = pane.ref.panel
    if pane.ref.is_list:
        raise UnknownPanel(str(pane.ref))
    version = version_of(pane.group, declared.stale_on)
    key = f"panel:{pane.ref}:{pane.language}:{pane.zone}"
    return version, cached_at(version, key, ttl=declared.ttl, compute=lambda: _render(pane))


def _render(pane: Pane) -> str:
    declared = pane.ref.panel
    RENDERS.labels(declared.name).inc()
    with translation.override(pane.language), timezone.override(ZoneInfo(pane.zone)):
        context = {**_load(pane), "v": "", "panel": str(pane.ref)}
        html = render_to_string(declared.template, context).strip()
    assert html.count(EMPTY_V) == 1, f'{declared.template} needs one data-v="{{{{ v }}}}"'
    return html.replace(EMPTY_V, f'data-v="{hashlib.sha256(html.encode()).hexdigest()[:16]}"')


def _load(pane: Pane) -> dict[str, object]:
    identity = [pane.client_id] if pane.client_id else []
    key = [pane.ref.key] if pane.ref.key else []
    try:
        return pane.ref.panel.loader(*identity, *key)
    except (KeyError, IndexError):  # a fault of the loader, not a key that names nothing
        raise
    except LookupError as error:
        raise UnknownPanel(str(pane.ref)) from error


def list_version(pane: Pane) -> str:
    """Changes with every event of the list; ask before its rows are read."""
    return version_of(pane.group, pane.ref.panel.stale_on)


def changed_rows(pane: Pane, ids: Iterable[str]) -> tuple[str, str]:
    """The list's version and the rows with these ids, with a mark that `live.js` reads; many rows: the mark alone.

    A record that is gone, or that the viewer may not see, has no row, and the mark then makes the list fetch itself.
    """
    version = list_version(pane)
    shown = list(ids)
    if len(shown) > MOST_ROWS:
        shown = []
    rows = "".join(_row(pane, key) for key in shown)
    return version, rows + list_mark(pane, version, shown)


def list_mark(pane: Pane, version: str, ids: Iterable[str] = ()) -> str:
    """Tells a list which version it should be, and which rows made the difference."""
    declared = pane.ref.panel
    rows = " ".join(f"row-{declared.rows}-{key}" for key in ids)
    return format_html('<i id="stale-{}" data-v="{}" data-rows="{}"></i>', declared.name, version, rows)


def _row(pane: Pane, key: str) -> str:
    row = Pane(Ref(pane.ref.panel, key), pane.group, pane.client_id, pane.language, pane.zone)
    try:
        return html_of(row)[1]
    except UnknownPanel:
        return ""
