"""The feed: what drivers and staff did, newest first, from records of several kinds merged by time.

Each record stands where it began and says how it stands now: a client at its sign-up, a session at its start. Every
kind is read by its own index, a few at a time, and no further than the page needs. All are ordered by their moment and,
within a second, by id, so one place says where a page ended in each of them.
"""

import datetime as dt
import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice, takewhile
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from adminpanel.activity import Item, items_of
from bookings.models import Booking, ChargingSession, Client, Station
from evbunker.models import Change
from evbunker.paging import PAGE, Place, following
from payments.models import Payment

AT_ONCE = 20
"""So many of a kind are read at a time: pages of all kinds need few of each."""
MOST_REFRESHED = 200
"""So many items a page that somebody keeps open may grow to by itself."""
BEGINNING = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
ACTS = "act"


class Kind(NamedTuple):
    """Records of one kind: what they are called, the moment they are ordered by, and which of them."""

    label: str | Promise
    by: str
    rows: Callable[[], QuerySet[Any]]


KINDS = {
    "client": Kind(_("Clients"), "created_at", Client.objects.all),
    "booking": Kind(_("Bookings"), "created_at", Booking.objects.all),
    "payment": Kind(_("Payments"), "created_at", Payment.objects.all),
    "session": Kind(_("Sessions"), "started_at", lambda: ChargingSession.objects.filter(started_at__gte=BEGINNING)),
    "station": Kind(_("Stations"), "created_at", Station.objects.all),
    ACTS: Kind(_("Acts of staff"), "created_at", lambda: Change.objects.filter(actor_id__in=staff())),
}


@dataclass(frozen=True)
class Feed:
    """One page. `next` is the cursor after it, empty at the end; `gap`: more has come on top than a page holds."""

    items: list[Item] = field(default_factory=list)
    next: str = ""
    gap: bool = False


def feed(kind: str = "", *, cursor: str = "", down_to: str = "") -> Feed:
    """The page of the items of `kind` (empty: all) after `cursor`; with `down_to`, what stands above that cursor now.

    Raises BadCursor.
    """
    bottom = Place.parse(down_to) if down_to else None
    most = MOST_REFRESHED if bottom else PAGE
    items: list[Item] = []
    for item in _items(kind, Place.parse(cursor) if cursor else None):
        if bottom and item.place < bottom:
            return Feed(items, bottom.cursor)
        if len(items) == most:
            return Feed(items, items[-1].place.cursor, gap=bottom is not None)
        items.append(item)
    return Feed(items)


def newer(kind: str, *, after: str) -> list[Item]:
    """What has come on top of the item at the cursor `after` (empty: all), at most a page of it. Raises BadCursor."""
    bottom = Place.parse(after) if after else None
    items = islice(_items(kind, None), PAGE)
    return list(takewhile(lambda item: bottom is None or item.place > bottom, items))


def newest_of_each(many: int, shown: int) -> list[Item]:
    """The newest `shown`, of no kind more than `many`: an import of a thousand stations does not hide all else."""
    found = [item for kind in KINDS for item in islice(_of(kind, None, many), many)]
    return sorted(found, key=_place, reverse=True)[:shown]


def newest_place(kind: str) -> str:
    """Where the newest item of `kind` stands; empty if there is none."""
    return next((item.place.cursor for item in _of(kind, None, 1)), "")


def staff() -> list[UUID]:
    """Those whose acts are told: few."""
    # SQLite writes `= True` as a bare `is_staff`, for which it uses no index
    return list(Client.objects.filter(is_staff__in=[True]).values_list("pk", flat=True))


def _items(kind: str, place: Place | None) -> Iterator[Item]:
    if kind:
        return _of(kind, place, PAGE + 1)
    return heapq.merge(*(_of(one, place, AT_ONCE) for one in KINDS), key=_place, reverse=True)


def _of(kind: str, place: Place | None, at_once: int) -> Iterator[Item]:
    by, rows = KINDS[kind].by, KINDS[kind].rows()
    while True:
        batch = following(rows, by=by, place=place, limit=at_once)
        yield from items_of([row for row in batch if _is_shown(row)], kind, by)
        if len(batch) < at_once:
            return
        place = Place.of(batch[-1], by)


def _is_shown(row: Any) -> bool:
    """Time that was added to a booking is none of its own."""
    return not (isinstance(row, Booking) and row.extends_id)


def _place(item: Item) -> Place:
    return item.place
