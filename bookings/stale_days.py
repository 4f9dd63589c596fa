"""Which local days are to be summed up (again): the half that is certain.

Totals of days are kept above (`adminpanel/rollups.py`), where nothing here may look. So every unit of work that changes
what a day comes to inserts marks, which are there exactly if the change is: `bookings/totals.py` for all that writes or
removes an eco stat (a confirmation, a session's end, a no-show, another time), `bookings/holding.py` for the end of a
hold, `payments/settling.py` for a capture. Whoever changes a confirmed booking's status or a captured payment in
another way marks its days as well. To hold writes no mark: a hold counts when it is over.
"""

import datetime as dt
from collections.abc import Iterable
from uuid import UUID
from zoneinfo import ZoneInfo

from bookings.models import Booking, StaleDay

SECOND = dt.timedelta(seconds=1)


def mark_stale(*, station_id: UUID, day: dt.date, time_zone: str) -> None:
    """Say, inside the unit of work that does it, that figures of the station's local `day` change."""
    mark_days([day], station_id=station_id, time_zone=time_zone)


def mark_days(days: Iterable[dt.date], *, station_id: UUID, time_zone: str) -> None:
    """The same of several days, in one insert."""
    marks = [StaleDay(station_id=station_id, day=day, ends_at=end_of_day(day, time_zone)) for day in sorted(days)]
    StaleDay.objects.bulk_create(marks)


def mark_booking(booking: Booking) -> None:
    """A paid booking changed: mark the days on which it was begun and confirmed and those on which it is used, which
    are mostly one."""
    days = {begun_day(booking), *days_of_use(booking)}
    if booking.confirmed_day is not None:
        days.add(booking.confirmed_day)
    mark_days(days, station_id=booking.station_id, time_zone=booking.station_time_zone)


def mark_begun(booking: Booking) -> None:
    """A hold is over: mark the day on which it was begun. Time added to a booking counts with that one."""
    if not booking.extends_id:
        mark_stale(station_id=booking.station_id, day=begun_day(booking), time_zone=booking.station_time_zone)


def begun_day(booking: Booking) -> dt.date:
    """The local day on which the booking was begun."""
    return booking.created_at.astimezone(booking.zone).date()


def days_of_use(booking: Booking) -> set[dt.date]:
    """The local days that the booked time touches: one, or two around midnight."""
    return {at.astimezone(booking.zone).date() for at in (booking.starts_at, booking.ends_at - SECOND)}


def end_of_day(day: dt.date, time_zone: str) -> dt.datetime:
    """When `day` is over in that zone, as an aware instant in UTC."""
    midnight = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), tzinfo=ZoneInfo(time_zone))
    return midnight.astimezone(dt.UTC)
