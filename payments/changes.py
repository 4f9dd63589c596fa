"""What a driver may make of a booking's time, and what each choice costs or brings back: read only."""

import datetime as dt
from dataclasses import dataclass

from bookings import opening
from bookings.availability import taken_slots
from bookings.extending import checked_extension
from bookings.limits import limits
from bookings.models import Booking, ClientSlot, Evse, Station
from bookings.policy import free_until
from bookings.pricing import TariffTerms, price_added
from bookings.slots import SLOT_MINUTES, Period, day_period, period_of, slot_of, start_of
from evbunker import clock
from evbunker.errors import DomainError
from payments.moving import shortening_refund_minor

MORE_MINUTES = (15, 30, 60)
LESS_MINUTES = (15, 30, 60, 120, 240)


@dataclass(frozen=True)
class Length:
    """`minutes` more, or less if negative: when it then ends, and what is to be paid or comes back for it."""

    minutes: int
    ends_at: dt.datetime
    amount_minor: int

    @property
    def is_more(self) -> bool:
        return self.minutes > 0

    @property
    def size(self) -> int:
        return abs(self.minutes)


def longer(booking: Booking, evse: Evse, station: Station, minutes: int, energy_wh: int = 0) -> Length:
    """What adding time would mean; raises the refusal of the rules, but does not look whether the time is free."""
    added = checked_extension(booking=booking, evse=evse, station=station, minutes=minutes, energy_wh=energy_wh)
    cost = price_added(
        terms=TariffTerms.from_json(booking.tariff_terms), minutes=booking.minutes,
        energy_wh=booking.energy_budget_wh, more_minutes=minutes, more_energy_wh=energy_wh,
    )  # fmt: skip
    return Length(minutes, added.ends_at, cost.total_minor)


def shorter(booking: Booking, less_minutes: int) -> Length:
    """What taking time off would mean; raises its refusal."""
    back_minor = shortening_refund_minor(booking, less_minutes)
    return Length(-less_minutes, booking.ends_at - dt.timedelta(minutes=less_minutes), back_minor)


def lengths_of(booking: Booking, evse: Evse, station: Station) -> list[Length]:
    """Every length that could be chosen now, the shortest first."""
    less = [-minutes for minutes in reversed(LESS_MINUTES) if minutes < booking.minutes]
    free = _free_minutes(booking, evse)
    more = [minutes for minutes in MORE_MINUTES if minutes <= free]
    possible = (_length_or_none(booking, evse, station, minutes) for minutes in (*less, *more))
    return [length for length in possible if length is not None]


def length_of(booking: Booking, evse: Evse, station: Station, minutes: int, energy_wh: int = 0) -> Length:
    """What `minutes` more, or less if negative, would mean; raises as `longer` and `shorter` do."""
    if minutes < 0:
        return shorter(booking, -minutes)
    return longer(booking, evse, station, minutes, energy_wh)


def _length_or_none(booking: Booking, evse: Evse, station: Station, minutes: int) -> Length | None:
    try:
        return length_of(booking, evse, station, minutes)
    except DomainError:
        return None


def _free_minutes(booking: Booking, evse: Evse) -> int:
    """For how long nobody else has the EVSE after the booking, and its client is nowhere else."""
    first = slot_of(booking.ends_at)
    slots = range(first, first + max(MORE_MINUTES) // SLOT_MINUTES)
    taken = set(taken_slots([evse.pk], slots)[evse.pk]) | _busy(booking, slots)
    return next((n for n, slot in enumerate(slots) if slot in taken), len(slots)) * SLOT_MINUTES


def _busy(booking: Booking, slots: range) -> set[int]:
    """When the client has another booking."""
    times = ClientSlot.objects.filter(client_id=booking.client_id, slot__gte=slots.start, slot__lt=slots.stop)
    return set(times.exclude(booking=booking).values_list("slot", flat=True))


def starts_on(booking: Booking, evse: Evse, station: Station, day: dt.date) -> list[dt.datetime]:
    """When the booking could begin on the station's local `day`; its own time is free for it."""
    whole_day, length = day_period(day, station.zone), booking.minutes // SLOT_MINUTES
    first = -(-int(whole_day.starts_at.timestamp()) // (SLOT_MINUTES * 60))
    slots = range(first, slot_of(whole_day.ends_at) + length)
    own = set(Period(booking.starts_at, booking.ends_at).slots())
    taken = (set(taken_slots([evse.pk], slots)[evse.pk]) - own) | _busy(booking, slots)
    starts = [slot for slot in slots[: len(slots) - length] if not taken.intersection(range(slot, slot + length))]
    last = clock.now() + dt.timedelta(days=limits().days_ahead)
    moments = [start_of(slot) for slot in starts]
    return [moment for moment in moments if moment <= last and _may_begin(booking, station, moment)]


def _may_begin(booking: Booking, station: Station, starts_at: dt.datetime) -> bool:
    period = period_of(starts_at, booking.minutes)
    if starts_at < clock.now() or starts_at == booking.starts_at:
        return False
    return opening.is_open(station.opening_hours, station.zone, period.starts_at, period.ends_at)


def free_until_if_moved(booking: Booking, starts_at: dt.datetime) -> dt.datetime:
    """Until when the booking could be given up for nothing if it began at `starts_at`."""
    new = starts_at - dt.timedelta(hours=booking.policy_terms["free_cancel_hours"])
    return min(new, free_until(booking)) if booking.is_paid else new
