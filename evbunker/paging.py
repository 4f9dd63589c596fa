"""Lists of the JSON API: newest first, 50 a page, each page named by where the one before ended."""

import datetime as dt
from typing import Generic, TypeVar
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from ninja import Schema

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

    `rows` must be bounded by an indexed filter, such as a client's own: MongoDB sorts what is left.
    """
    if cursor:
        rows = _before(rows, cursor)
    page = list(rows.order_by("-created_at", "-id")[: PAGE + 1])
    more = len(page) > PAGE
    return page[:PAGE], _cursor_of(page[PAGE - 1]) if more else None


def _before(rows: QuerySet[Row], cursor: str) -> QuerySet[Row]:
    created_at, last_id = _parse(cursor)
    return rows.filter(created_at__lte=created_at).filter(Q(created_at__lt=created_at) | Q(id__lt=last_id))


def _cursor_of(row: Record) -> str:
    return f"{int(row.created_at.timestamp()):x}-{row.id.hex}"


def _parse(cursor: str) -> tuple[dt.datetime, UUID]:
    try:
        seconds, last_id = cursor.split("-")
        return dt.datetime.fromtimestamp(int(seconds, 16), tz=dt.UTC), UUID(hex=last_id)
    except (ValueError, OverflowError, OSError):
        raise BadCursor from None
