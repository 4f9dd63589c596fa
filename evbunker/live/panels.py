"""Named pieces of pages that show what changes: one template, one loader, one permission check each.

A page includes a panel with `{% panel "impact" %}`, `GET /live/panels/impact/` returns it alone, a socket sends it:
always the same cached HTML.
"""

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from django.template.loader import render_to_string
from django.utils import timezone, translation

from evbunker.live.cache import cached
from evbunker.live.events import NAMES, OPERATORS, client_group, station_group

Loader = Callable[..., dict[str, object]]
AUDIENCES = ("client", "station", "operators")
EMPTY_V = 'data-v=""'


class Viewer(Protocol):
    """A signed-in client."""

    id: UUID
    time_zone: str
    is_active: bool

    def acts_as_staff(self) -> bool: ...


class UnknownPanel(LookupError):
    """There is no such panel, or its key names nothing that this viewer may see."""


class SignedOut(Exception):
    """Somebody must sign in first."""


class NotAllowed(Exception):
    """This panel is not for this viewer."""


@dataclass(frozen=True)
class Panel:
    """A declared panel; see `panel`."""

    name: str
    audience: str
    stale_on: frozenset[str]
    ttl: int
    template: str
    keyed: bool
    loader: Loader


REGISTRY: dict[str, Panel] = {}


def panel(
    name: str, *, audience: str, stale_on: Iterable[str], ttl: int, template: str, keyed: bool = False
) -> Callable[[Loader], Loader]:
    """Declare a panel. The decorated loader gives the template its context and raises LookupError for unknown keys.

    It is called with the client's id (audience `client`), nothing (`operators`), and then the key if the panel is
    keyed; a `station` panel's key begins with the station's id. `stale_on` are the events that make it stale; its data
    is kept for at most `ttl` seconds. The template's root is one element with `id="panel-<name>" data-v="{{ v }}"`.
    """
    assert audience in AUDIENCES, f"unknown audience {audience}"
    assert set(stale_on) <= NAMES, f"unknown events of the panel {name}"
    assert keyed or audience != "station", "a station's panel needs a key"

    def declare(loader: Loader) -> Loader:
        REGISTRY[name] = Panel(name, audience, frozenset(stale_on), ttl, template, keyed, loader)
        return loader

    return declare


@dataclass(frozen=True)
class Ref:
    """A panel with its key: what a page includes and a socket watches."""

    panel: Panel
    key: str = ""

    def __str__(self) -> str:
        return f"{self.panel.name}:{self.key}" if self.key else self.panel.name


def ref_of(text: str) -> Ref:
    """`name` or `name:key`; raises UnknownPanel."""
    name, _colon, key = text.partition(":")
    found = REGISTRY.get(name)
    if found is None or found.keyed != bool(key) or not re.fullmatch(r"[\w:.-]{0,100}", key):
        raise UnknownPanel(text)
    return Ref(found, key)


def check_access(ref: Ref, viewer: Viewer | None) -> None:
    """The one place that says who may see a panel. Raises SignedOut or NotAllowed; keys are checked by the loaders."""
    if ref.panel.audience == "station":
        return
    if viewer is None or not viewer.is_active:
        raise SignedOut
    if ref.panel.audience == "operators" and not viewer.acts_as_staff():
        raise NotAllowed


def group_of(ref: Ref, viewer: Viewer | None) -> str:
    """The group whose events make the panel stale for this viewer."""
    if ref.panel.audience == "operators":
        return OPERATORS
    if ref.panel.audience == "station":
        return station_group(ref.key.split(":")[0])
    assert viewer is not None, "check_access comes first"
    return client_group(viewer.id)


def render(ref: Ref, viewer: Viewer | None) -> str:
    """The panel's HTML for this viewer, in the active language and the viewer's time zone; from the cache if it can.

    Raises SignedOut, NotAllowed or UnknownPanel.
    """
    check_access(ref, viewer)
    group = group_of(ref, viewer)
    zone = viewer.time_zone if viewer else "UTC"
    language = translation.get_language() or "en"
    declared = ref.panel
    return cached(
        f"panel:{ref}:{language}:{zone}", group=group, stale_on=declared.stale_on, ttl=declared.ttl,
        compute=lambda: _render(ref, viewer, zone),
    )  # fmt: skip


def _render(ref: Ref, viewer: Viewer | None, zone: str) -> str:
    declared = ref.panel
    arguments: list[Any] = [viewer.id] if viewer and declared.audience == "client" else []
    if declared.keyed:
        arguments.append(ref.key)
    with timezone.override(ZoneInfo(zone)):
        try:
            context = declared.loader(*arguments)
        except LookupError as error:
            raise UnknownPanel(str(ref)) from error
        html = render_to_string(declared.template, {**context, "v": "", "panel": str(ref)}).strip()
    assert html.count(EMPTY_V) == 1, f'{declared.template} needs one data-v="{{{{ v }}}}"'
    return html.replace(EMPTY_V, f'data-v="{hashlib.sha256(html.encode()).hexdigest()[:16]}"', 1)


def version_in(html: str) -> str:
    """The `data-v` of a rendered panel: equal means that nothing a person sees has changed."""
    begin = html.index('data-v="') + len('data-v="')
    return html[begin : begin + 16]
