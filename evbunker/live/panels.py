"""Named pieces of pages that show what changes: one template, one loader, one permission check each.

A page includes a panel with `{% panel "impact" %}`, `GET /live/panels/impact/` returns it alone, a socket sends it:
always the same cached HTML (`evbunker.live.rendering`).
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from evbunker.live.events import ID_NAMES, NAMES, OPERATORS, client_group, station_group

Loader = Callable[..., dict[str, object]]
AUDIENCES = ("client", "station", "operators")
KEY = re.compile(r"[\w:.-]{0,100}", re.ASCII)


class Viewer(Protocol):
    """A signed-in client."""

    id: UUID
    time_zone: str
    language: str
    is_active: bool

    def acts_as_staff(self) -> bool: ...


class UnknownPanel(LookupError):
    """There is no such panel, or its key names nothing that this viewer may see."""


class SignedOut(Exception):
    """Somebody must sign in first."""


class NotAllowed(Exception):
    """This panel is not for this viewer."""


@dataclass(frozen=True, eq=False)
class Panel:
    """A declared panel; see `panel`."""

    name: str
    audience: str
    stale_on: frozenset[str]
    ttl: int
    template: str
    keyed: bool
    by_time: bool
    rows: str
    loader: Loader


REGISTRY: dict[str, Panel] = {}


def panel(
    name: str, *, audience: str, stale_on: Iterable[str], ttl: int, template: str,
    keyed: bool = False, by_time: bool = False, rows: str = "",
) -> Callable[[Loader], Loader]:  # fmt: skip
    """Declare a panel. The decorated loader gives the template its context and raises LookupError for unknown keys.

    It is called with the client's id (audience `client`), nothing (`operators`), and then the key, as text, if the
    panel is keyed; a `station` panel's key begins with the station's id, before any colon. `stale_on` are the events
    that make it stale; its data is kept for at most `ttl` seconds. `by_time` says that time alone changes it: while
    somebody watches, it is computed again when `ttl` is over. The template's root is one element with
    `id="panel-<name>" data-v="{{ v }}"`.

    `rows` makes it the panel of a list and names the id in the events that says which row changed ("payment"). The
    key, given to the loader, is then the id of one record, and the template's root one row with
    `id="row-<rows>-<id>" data-v="{{ v }}"`. `{% live_list %}` says how a page shows such a list.
    """
    assert audience in AUDIENCES, f"unknown audience {audience}"
    assert set(stale_on) <= NAMES, f"unknown events of the panel {name}"
    assert keyed or audience != "station", "a station's panel needs a key"
    assert not rows or (rows in ID_NAMES and not keyed), f"the rows of the panel {name} are keyed by their records"

    def declare(loader: Loader) -> Loader:
        REGISTRY[name] = Panel(name, audience, frozenset(stale_on), ttl, template, keyed, by_time, rows, loader)
        return loader

    return declare


@dataclass(frozen=True)
class Ref:
    """A panel with its key: what a page includes and a socket watches. Of a list without a key: all its rows."""

    panel: Panel
    key: str = ""

    def __str__(self) -> str:
        return f"{self.panel.name}:{self.key}" if self.key else self.panel.name

    @property
    def is_list(self) -> bool:
        """Is it a list as a whole, which has no HTML of its own?"""
        return bool(self.panel.rows and not self.key)


def ref_of(text: str) -> Ref:
    """`name` or `name:key`; raises UnknownPanel."""
    name, _colon, key = text.partition(":")
    found = REGISTRY.get(name)
    if found is None or not KEY.fullmatch(key):
        raise UnknownPanel(text)
    if not found.rows and found.keyed != bool(key):
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
    """The group whose events make the panel stale for this viewer; raises UnknownPanel if there can be none."""
    if ref.panel.audience == "operators":
        return OPERATORS
    if ref.panel.audience == "station":
        try:
            return station_group(UUID(ref.key.split(":")[0]))
        except ValueError as error:
            raise UnknownPanel(str(ref)) from error
    assert viewer is not None, "check_access comes first"
    return client_group(viewer.id)
