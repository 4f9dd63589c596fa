"""Lists of the JSON API: newest first, 50 a page, each page named by where the one before ended."""

from typing import Generic, TypeVar
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
