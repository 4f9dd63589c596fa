"""Lists: newest first, 50 a page, each page named by where the one before ended."""

import datetime as dt
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from ninja import Schema

from evbunker.db import newest
from evbunker.errors import DomainError
from evbunker.models import Record

PAGE = 50
Item = TypeVar("Item")
Row = TypeVar("Row", bound=Record)


class BadCursor(DomainError):
    code, status = "invalid", 422
    field = "cursor"
    message = _("This is not a cursor of this list. Start again without one.")


class Page(Schema, Generic[Item]):
    """One page. `next` is the cursor of the page after it, None at the end."""

    items: list[Item]
    next: str | None


def newest_first(rows: QuerySet[Row], cursor: str) -> tuple[list[Row], str | None]:
    """The page of `rows` that `cursor` names (empty: the first) and the cursor of the next one.

    Ids are ordered by the time they were made at, so the last id of a page says where the next one begins.
    """
    if cursor:
        rows = rows.filter(id__lt=_parse(cursor))
    page = newest(rows, by="id", limit=PAGE + 1)
    more = len(page) > PAGE
    return page[:PAGE], page[PAGE - 1].id.hex if more else None


def _parse(cursor: str) -> UUID:
    try:
        return UUID(hex=cursor)
    except ValueError:
        raise BadCursor from None


class Place(NamedTuple):
    """Where a list that is ordered by a moment, and within one second by id, has come to."""

    at: dt.datetime
    id: UUID

    @property
    def cursor(self) -> str:
        return f"{int(self.at.timestamp()):x}-{self.id.hex}"

    @classmethod
    def of(cls, row: Record, by: str) -> "Place":
        return cls(getattr(row, by), row.id)

    @classmethod
    def parse(cls, cursor: str) -> "Place":
        """Raises BadCursor."""
        seconds, _dash, id_hex = cursor.partition("-")
        try:
            return cls(dt.datetime.fromtimestamp(int(seconds, 16), dt.UTC), UUID(hex=id_hex))
        except (ValueError, OverflowError, OSError):
            raise BadCursor from None


def following(rows: QuerySet[Row], *, by: str, place: Place | None, limit: int) -> list[Row]:
    """The next `limit` of `rows` from `place` on (None: from the top), the latest `by` first, equal ones by id.

    For records whose ids do not tell their order in this list. Filter and `by` must share an index; so many rows of
    one second as a page has may be sorted in memory.
    """
    found: list[Row] = []
    if place is not None:
        found = newest(_within(rows, by, place.at).filter(id__lt=place.id), by="id", limit=limit)
        rows = rows.filter(**{f"{by}__lt": place.at})
    wanted = limit - len(found)
    return found + _latest(rows, by, wanted) if wanted else found


def _latest(rows: QuerySet[Row], by: str, limit: int) -> list[Row]:
    """The index knows no ids: where its end falls within a second, that second is read again by id."""
    found = newest(rows, by=by, limit=limit)
    if len(found) < limit:
        return found
    last: Any = getattr(found[-1], by)
    before = [row for row in found if getattr(row, by) != last]
    return before + newest(_within(rows, by, last), by="id", limit=limit - len(before))


def _within(rows: QuerySet[Row], by: str, moment: dt.datetime) -> QuerySet[Row]:
    return rows.filter(**{by: moment})
