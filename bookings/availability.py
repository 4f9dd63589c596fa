"""What is free when. Reads only; a hold that may be taken over counts as free."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from bookings import opening
from bookings.claims import claims_on, lapsed
from bookings.limits import limits
from bookings.models import Evse, SlotClaim, Station
from bookings.slots import SLOT_SECONDS, Period, day_period, period_of, runs, slot_of, start_of
from evbunker import clock

FREE, TAKEN, BLOCKED, CLOSED, PAST = "free", "taken", "blocked", "closed", "past"


@dataclass(frozen=True)
class Slot:
    """One quarter of an hour of one EVSE, as a driver sees it."""

    starts_at: dt.datetime
    state: str


@dataclass(frozen=True)
class EvseDay:
    """One EVSE on one local day: every slot, and the free ones joined into periods."""

    evse: Evse
    slots: list[Slot]

    @property
    def free(self) -> list[Period]:
        free = [slot_of(slot.starts_at) for slot in self.slots if slot.state == FREE]
        return [Period(start_of(run.start), start_of(run.stop)) for run in runs(free)]


def availability_of(station: Station, day: dt.date) -> list[EvseDay]:
    """Every EVSE of `station` on the station's local `day`."""
    evses = list(Evse.objects.filter(station=station).order_by("label"))
    whole_day = day_period(day, station.zone)
    slots = range(slot_of(whole_day.starts_at), -(-int(whole_day.ends_at.timestamp()) // SLOT_SECONDS))
    taken = taken_slots([evse.pk for evse in evses], slots)
    open_slots = _open_slots(station, day)
    last = clock.now() + dt.timedelta(days=limits().days_ahead)
    bookable = {slot for slot in open_slots if start_of(slot) <= last}
    return [EvseDay(evse, [_slot(slot, evse, station, taken[evse.pk], bookable) for slot in slots]) for evse in evses]


def _slot(slot: int, evse: Evse, station: Station, taken: dict[int, str], bookable: set[int]) -> Slot:
    now = clock.now()
    starts_at = start_of(slot)
    if starts_at < now:
        state = PAST
    elif slot not in bookable:
        state = CLOSED
    elif not (station.bookable and evse.is_bookable):
        state = BLOCKED
    else:
        state = taken.get(slot, FREE)
    return Slot(starts_at, state)


def _open_slots(station: Station, day: dt.date) -> set[int]:
    """Slots of the local `day` that lie wholly within opening hours."""
    return {
        slot
        for starts_at, ends_at in opening.open_intervals(station.opening_hours, station.zone, day)
        for slot in range(-(-int(starts_at.timestamp()) // SLOT_SECONDS), slot_of(ends_at))
    }


def taken_slots(evse_ids: Iterable[UUID], slots: range) -> dict[UUID, dict[int, str]]:
    """EVSE -> slot -> TAKEN or BLOCKED, without the holds that may be taken over."""
    rows = list(claims_on(evse_ids, slots).values_list("evse_id", "slot", "booking_id", "kind"))
    gone = set(lapsed({row[2] for row in rows} - {None}).values_list("pk", flat=True))
    taken: dict[UUID, dict[int, str]] = defaultdict(dict)
    for evse_id, slot, booking_id, kind in rows:
        if booking_id not in gone:
            taken[evse_id][slot] = TAKEN if kind == SlotClaim.Kind.BOOKING else BLOCKED
    return taken


def free_evse_counts(stations: Iterable[Station], starts_at: dt.datetime, minutes: int) -> dict[UUID, int]:
    """Station id -> how many of its EVSEs can be booked from `starts_at` for `minutes`; two queries for all."""
    period = period_of(starts_at, minutes)
    open_stations = {
        station.pk
        for station in stations
        if station.bookable and opening.is_open(station.opening_hours, station.zone, period.starts_at, period.ends_at)
    }
    evses = list(Evse.objects.bookable().filter(station_id__in=open_stations).values_list("pk", "station_id"))
    taken = taken_slots([pk for pk, _station in evses], period.slots())
    counts: dict[UUID, int] = defaultdict(int)
    for pk, station_id in evses:
        counts[station_id] += not taken.get(pk)
    return counts


def next_slot() -> dt.datetime:
    """When the next slot begins: the earliest that can be booked."""
    return start_of(slot_of(clock.now() - dt.timedelta(seconds=1)) + 1)
