"""Lists that are looked through by an index: the rarest filter chooses it, the others are compared row by row.

A page ends when it is full or when LOOKED_AT rows were looked through, and says how far back that came.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db.models import QuerySet

from evbunker.models import Record
from evbunker.paging import PAGE, Place, following

AT_ONCE = 100
LOOKED_AT = 1000
"""So many rows are looked through for one page."""
MOST_REFRESHED = 200
"""So many rows a page that somebody keeps open may grow to by itself."""
Row = TypeVar("Row", bound=Record)


@dataclass(frozen=True)
class Search(Generic[Row]):
    """`rows` that an index has in the order of `by`, and which of them are wanted."""

    rows: QuerySet[Row]
    by: str
    fits: Callable[[Row], bool]


@dataclass(frozen=True)
class Walked(Generic[Row]):
    """One page of a list. `next` is the cursor after it, empty at the end; `looked_back_to` is the moment of the last
    row that was looked at, if the page ends there without being full. `gap`: too much has come on top, so some that
    stood below are left out."""

    rows: list[Row] = field(default_factory=list)
    next: str = ""
    looked_back_to: dt.datetime | None = None
    gap: bool = False


def walk(search: Search[Row], *, cursor: str = "", down_to: str = "") -> Walked[Row]:
    """The page that begins after `cursor`; with `down_to`, what stands above that cursor now. Raises BadCursor."""
    last = Place.parse(cursor) if cursor else None
    bottom = Place.parse(down_to) if down_to else None
    most = MOST_REFRESHED if bottom else PAGE
    shown: dict[UUID, Row] = {}
    for looked, (here, row) in enumerate(_candidates(search, last), 1):
        if bottom and here < bottom:
            return Walked(list(shown.values()), bottom.cursor)
        if search.fits(row):
            if last and len(shown) == most:
                return Walked(list(shown.values()), last.cursor, gap=bottom is not None)
            shown[row.pk] = row
        last = here
        if looked == LOOKED_AT:
            return Walked(list(shown.values()), here.cursor, here.at)
    return Walked(list(shown.values()))


def _candidates(search: Search[Row], place: Place | None) -> Iterator[tuple[Place, Row]]:
    while True:
        batch = following(search.rows, by=search.by, place=place, limit=AT_ONCE)
        for row in batch:
            place = Place.of(row, search.by)
            yield place, row
        if len(batch) < AT_ONCE:
            return


def between(rows: QuerySet[Any], by: str, since: dt.datetime | None, until: dt.datetime | None) -> QuerySet[Any]:
    """Those whose `by` lies in the half-open period; None: no end on that side."""
    if since:
        rows = rows.filter(**{f"{by}__gte": since})
    return rows.filter(**{f"{by}__lt": until}) if until else rows
