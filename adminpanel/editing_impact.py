"""Which bookings a change of hours or time zone would leave outside. Reads only; bookings stay as they are."""

import datetime as dt
from collections.abc import Iterator
from typing import NamedTuple

from bookings import opening
from bookings.models import Booking, Evse, Station
from bookings.slots import MOST_SLOTS, SLOT_SECONDS
from evbunker import clock
from evbunker.db import lowest
from evbunker.moments import format_period

LOOKED_AT, AT_ONCE, SHOWN = 2000, 100, 50
LONGEST = dt.timedelta(seconds=MOST_SLOTS * SLOT_SECONDS)


class Outside(NamedTuple):
    """Bookings that the change leaves outside: the first of them, how many, and whether there may be more."""

    bookings: list[Booking]
    number: int
    more: bool

    def sentences(self) -> list[str]:
        return [said(booking) for booking in self.bookings] + [str(self.number)] * bool(self.number)


def said(booking: Booking) -> str:
    """When it is, at which EVSE, whose."""
    when = format_period(booking.starts_at, booking.ends_at, booking.station_time_zone)
    return f"{when}: {booking.evse_label}, {booking.client_name}"


def left_outside(station: Station, hours: opening.Hours, time_zone: str) -> Outside:
    """Live bookings of `station` that its hours allow now, and that `hours` in `time_zone` would not."""
    new_zone = Station(time_zone=time_zone).zone
    if (hours, time_zone) == (station.opening_hours, station.time_zone):
        return Outside([], 0, False)
    found, looked_at = [], 0
    for booking in _coming(station):
        looked_at += 1
        period = (booking.starts_at, booking.ends_at)
        was = opening.is_open(station.opening_hours, station.zone, *period)
        if was and not opening.is_open(hours, new_zone, *period):
            found.append(booking)
    return Outside(found[:SHOWN], len(found), looked_at >= LOOKED_AT)


def still_to_come(station: Station) -> Outside:
    """All live bookings of `station` that are not over."""
    found = list(_coming(station))
    return Outside(found[:SHOWN], len(found), len(found) >= LOOKED_AT)


def coming_at(evse: Evse) -> list[Booking]:
    """Live bookings of an EVSE that are not over, the first of them."""
    rows = Booking.objects.live().filter(evse=evse, starts_at__gt=clock.now() - LONGEST)
    return [booking for booking in lowest(rows, by="starts_at", limit=SHOWN) if booking.ends_at > clock.now()]


def _coming(station: Station) -> Iterator[Booking]:
    """Live bookings that are not over, an EVSE after the other, as they begin."""
    left, now = LOOKED_AT, clock.now()
    for evse_id in Evse.objects.filter(station=station).values_list("pk", flat=True):
        after = now - LONGEST
        while left > 0:
            rows = Booking.objects.live().filter(evse_id=evse_id, starts_at__gt=after)
            page = lowest(rows, by="starts_at", limit=min(AT_ONCE, left))
            yield from (booking for booking in page if booking.ends_at > now)
            left -= len(page)
            if len(page) < AT_ONCE:
                break
            after = page[-1].starts_at
