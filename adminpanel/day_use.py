"""How a station's EVSEs were used on its days: the figures of `DailyUse`, by day and class of EVSE.

A booking counts on each day that it touches, in the local hours that it touches: a quarter of an hour belongs to the
hour in which it begins. An hour that a clock goes back over counts twice, so it may hold two hours of an EVSE; one that
is left out holds nothing. A session counts with all its energy on the local day on which it ended.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID
from zoneinfo import ZoneInfo

from adminpanel.day_sums import instants_of
from adminpanel.evse_classes import evse_class
from bookings.eco import estimated_energy_wh
from bookings.models import Booking, ChargingSession, Evse, Station
from bookings.models.session import EnergySource
from bookings.opening import open_intervals
from bookings.slots import MOST_SLOTS, SLOT_MINUTES, SLOT_SECONDS, Period, start_of

HOURS = 24
LONGEST = dt.timedelta(seconds=MOST_SLOTS * SLOT_SECONDS)
FACTS = (
    "pk", "status", "starts_at", "ends_at", "station_time_zone", "evse_current", "evse_power_w", "energy_budget_wh",
    "extends_id",
)  # fmt: skip
Key = tuple[dt.date, str]
"""A day and a class."""


@dataclass
class Use:
    """One day of the EVSEs of one class: `sums` by their names in `DailyUse`, booked minutes by local hour."""

    sums: Counter[str] = field(default_factory=Counter)
    hours: list[int] = field(default_factory=lambda: [0] * HOURS)


Uses = dict[Key, Use]


def uses_of(station: Station, first: dt.date, last: dt.date) -> Uses:
    """What was booked and charged at the station on these days; without what EVSEs were there, which `capacity_of`
    says."""
    uses: Uses = defaultdict(Use)
    bookings = _bookings(station.pk, first, last)
    for booking in bookings.values():
        _add_booking(uses, booking, first, last)
    _add_sessions(uses, station.pk, bookings, first, last)
    return dict(uses)


def _bookings(station_id: UUID, first: dt.date, last: dt.date) -> dict[UUID, Booking]:
    """Every booking that touches these days, of any status: by their EVSEs and starts, for which there is an index."""
    begin, end = instants_of(first, last)
    evses = list(Evse.objects.filter(station_id=station_id).values_list("pk", flat=True))
    rows = Booking.objects.filter(evse_id__in=evses, starts_at__gt=begin - LONGEST, starts_at__lt=end)
    return {booking.pk: booking for booking in rows.only(*FACTS)}


def _add_booking(uses: Uses, booking: Booking, first: dt.date, last: dt.date) -> None:
    if booking.status not in Booking.PAID or booking.extends_id:  # time that was added is part of what it extends
        return
    kind = evse_class(booking.evse_current, booking.evse_power_w)
    for day, hour in _quarters(booking):
        if first <= day <= last:
            use = uses[day, kind]
            use.hours[hour] += SLOT_MINUTES
            use.sums["booked_minutes"] += SLOT_MINUTES


def _quarters(booking: Booking) -> Iterator[tuple[dt.date, int]]:
    """The local day and hour of each slot."""
    zone = booking.zone
    for slot in Period(booking.starts_at, booking.ends_at).slots():
        at = start_of(slot).astimezone(zone)
        yield at.date(), at.hour


def _add_sessions(
    uses: Uses, station_id: UUID, bookings: dict[UUID, Booking], first: dt.date, last: dt.date
) -> None:  # fmt: skip
    begin, end = instants_of(first, last)
    rows = ChargingSession.objects.filter(
        station_id=station_id, scheduled_end__gte=begin - LONGEST, scheduled_end__lt=end + LONGEST
    )
    ended = [one for one in rows if one.status == ChargingSession.Status.COMPLETED and one.ended_at is not None]
    for session in ended:
        assert session.ended_at is not None, "chosen for it"
        day = session.ended_at.astimezone(ZoneInfo(session.station_time_zone)).date()
        if first <= day <= last:
            booking = bookings.get(session.booking_id) or Booking.objects.only(*FACTS).get(pk=session.booking_id)
            use = uses[day, evse_class(booking.evse_current, booking.evse_power_w)]
            use.sums.update(_session_figures(session, booking))


def _session_figures(session: ChargingSession, booking: Booking) -> dict[str, int]:
    part = {"sessions": 1, "energy_wh": session.energy_wh}
    if session.energy_source == EnergySource.METERED:
        foreseen = estimated_energy_wh(booking.energy_budget_wh, booking.evse_power_w, booking.minutes)
        part |= {"metered": 1, "metered_wh": session.energy_wh, "foreseen_wh": foreseen}
    return part


def capacity_of(station: Station, days: list[dt.date]) -> Uses:
    """The EVSEs of a bookable station by class, and for how many minutes of each day they are open: as they are now."""
    if not station.bookable or not days:
        return {}
    evses = Counter(
        evse_class(current, power_w)
        for current, power_w in Evse.objects.filter(station_id=station.pk).values_list("current", "max_power_w")
    )
    uses: Uses = {}
    for day in days:
        minutes = _open_minutes(station, day)
        for kind, count in evses.items():
            uses[day, kind] = Use(Counter(evses=count, open_minutes=count * minutes))
    return uses


def _open_minutes(station: Station, day: dt.date) -> int:
    intervals = open_intervals(station.opening_hours, station.zone, day)
    return sum(int((end - begin).total_seconds()) // 60 for begin, end in intervals)
