"""Less time for a booking that is paid and has not begun; the money is the caller's."""

import datetime as dt
from dataclasses import dataclass

from bookings import refusals
from bookings.merging import give_up_extensions
from bookings.models import Booking, Client, ClientSlot, SlotClaim
from bookings.pricing import Price, TariffTerms, price
from bookings.rescheduling import reschedule
from bookings.rules import check_length
from bookings.slots import slot_of
from evbunker import clock
from evbunker.db import RunAgain, atomic


@dataclass(frozen=True)
class Shorter:
    """What would be left of a booking, and what that costs."""

    ends_at: dt.datetime
    energy_wh: int
    price: Price


def checked_shorter(*, booking: Booking, less_minutes: int) -> Shorter:
    """What taking `less_minutes` off the end leaves. Raises NotExtendable, OffGrid or TooShort."""
    if booking.extends_id or booking.status != Booking.Status.CONFIRMED or booking.starts_at <= clock.now():
        raise refusals.NotExtendable
    minutes = booking.minutes - less_minutes
    check_length(starts_at=booking.starts_at, minutes=minutes, had_minutes=booking.minutes)
    energy_wh = min(booking.energy_budget_wh, booking.evse_power_w * minutes // 60)
    cost = price(terms=TariffTerms.from_json(booking.tariff_terms), minutes=minutes, energy_wh=energy_wh)
    return Shorter(booking.starts_at + dt.timedelta(minutes=minutes), energy_wh, cost)


@atomic
def shorten(*, booking: Booking, less_minutes: int, actor: Client) -> Shorter:
    """Take `less_minutes` off the end; what was held to be added there is given up. Raises as above."""
    booking.refresh_from_db()
    shorter = checked_shorter(booking=booking, less_minutes=less_minutes)
    if not reschedule(
        booking, actor=actor, action="booking.shortened", ends_at=shorter.ends_at, energy_budget_wh=shorter.energy_wh,
        quote_minor=shorter.price.total_minor, price_lines=shorter.price.lines,
    ):  # fmt: skip
        raise RunAgain
    first_free = slot_of(shorter.ends_at)
    SlotClaim.objects.filter(booking=booking, slot__gte=first_free).delete()
    ClientSlot.objects.filter(booking=booking, slot__gte=first_free).delete()
    give_up_extensions(booking, actor=actor)
    return shorter
