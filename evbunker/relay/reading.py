"""What a batch of changes means: events, or that nobody can say what changed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from evbunker.live import Event
from evbunker.relay.sources import KEY, SOURCES, Source

Change = Mapping[str, Any]
WRITES = frozenset({"insert", "update", "replace", "delete"})


class Untellable(Exception):
    """Something changed, but not even whom it concerns is known."""


@dataclass(frozen=True)
class Reading:
    """The events of a batch, each once however many rows of it say the same; `everything`: more changed than these."""

    events: tuple[Event, ...]
    everything: bool


def read(changes: Iterable[Change]) -> Reading:
    """What to tell of these changes."""
    events: dict[Event, None] = {}
    everything = False
    for change in changes:
        try:
            events |= dict.fromkeys(events_of(change))
        except Untellable:
            everything = True
    return Reading(tuple(events), everything)


def events_of(change: Change) -> list[Event]:
    """Usually one event; two when a row went from one client or station to another; none for bookkeeping.

    Raises Untellable for a collection that was dropped or renamed, and for a deleted row of which the server kept
    nothing.
    """
    if change["operationType"] not in WRITES:
        raise Untellable
    source = SOURCES[change["ns"]["coll"]]
    if _is_bookkeeping(change, source):
        return []
    ids = [_ids(row, source) for row in _rows(change, source)]
    return [Event(source.event, **known) for number, known in enumerate(ids) if known not in ids[:number]]


def _is_bookkeeping(change: Change, source: Source) -> bool:
    return change["operationType"] == "update" and {name.split(".")[0] for name in _changed(change)} <= source.quiet


def _changed(change: Change) -> Iterator[str]:
    description = change.get("updateDescription") or {}
    yield from description.get("updatedFields") or ()
    yield from description.get("removedFields") or ()
    yield from (array["field"] for array in description.get("truncatedArrays") or ())


def _rows(change: Change, source: Source) -> list[Change]:
    """The row before and after, as far as the server kept them; raises Untellable if that is not enough."""
    kept = (change.get("fullDocumentBeforeChange"), change.get("fullDocument"))
    rows = [row | change["documentKey"] for row in kept if row is not None]
    if rows:
        return rows
    if source.is_known_by_key:
        return [change["documentKey"]]
    raise Untellable


def _ids(row: Change, source: Source) -> dict[str, UUID]:
    """The ids that are ids: other programs may write anything."""
    found = {name: _id(row.get(column)) for name, column in source.columns.items()}
    return {name: known for name, known in found.items() if known is not None}


def _id(value: object) -> UUID | None:
    try:
        return UUID(str(value))
    except ValueError:
        return None


def columns_read() -> set[str]:
    """What must be known of a row; of everything else the stream says only whether it changed."""
    return {column for source in SOURCES.values() for column in source.columns.values()} - {KEY}
