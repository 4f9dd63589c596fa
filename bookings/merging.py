"""Time that was added to a booking becomes part of it, once it is paid; or is given up with it."""

from bookings.claims import claim_slots, leave_seat, release
from bookings.holding import announce
from bookings.models import Booking, Client, ClientSlot, SlotClaim
from bookings.pricing import TariffTerms, price
from bookings.rescheduling import reschedule
from bookings.slots import Period
from evbunker.audit import record_change
from evbunker.db import RunAgain, by_id, claim

MERGED = "merged"
"""Why an extension ended well."""
WITH_ITS_BOOKING = "booking_changed"
"""Why it ended when the booking that it extends did, or moved away."""
EXTENDABLE = (Booking.Status.CONFIRMED, Booking.Status.IN_USE)


def fits(extension: Booking, booking: Booking) -> bool:
    """Can `booking` still be extended by `extension`?"""
    return booking.status in EXTENDABLE and booking.ends_at == extension.starts_at


def merge(extension: Booking, *, since: str, actor: Client | str) -> bool:
    """Make the extension's slots, time and price its booking's; False if that cannot be (any more).

    `since` is the state it must be in: held, or expired when its slots must be had again, which raises IntegrityError
    if somebody else owns one. Inside a unit of work.
    """
    booking = by_id(Booking, extension.extends_id)
    if not fits(extension, booking):
        return False
    waiting = Booking.objects.filter(pk=extension.pk, status=since)
    if not claim(waiting, status=Booking.Status.COMPLETED, ended_reason=MERGED, expires_at=None):
        return False
    _hand_over(extension, booking, owned=since == Booking.Status.HELD)
    energy_wh = booking.energy_budget_wh + extension.energy_budget_wh
    terms = TariffTerms.from_json(booking.tariff_terms)
    cost = price(terms=terms, minutes=booking.minutes + extension.minutes, energy_wh=energy_wh)
    if not reschedule(
        booking, actor=actor, action="booking.extended", ends_at=extension.ends_at, energy_budget_wh=energy_wh,
        quote_minor=cost.total_minor, price_lines=cost.lines,
    ):  # fmt: skip
        raise RunAgain
    extension.refresh_from_db()
    announce(extension)
    return True


def _hand_over(extension: Booking, booking: Booking, *, owned: bool) -> None:
    if owned:
        SlotClaim.objects.filter(booking=extension).update(booking=booking)
        ClientSlot.objects.filter(booking=extension).update(booking=booking)
        leave_seat(extension)
    else:
        claim_slots(booking=booking, period=Period(extension.starts_at, extension.ends_at))


def give_up_extensions(booking: Booking, *, actor: Client | str) -> list[Booking]:
    """What was held to be added to `booking` will not be: its slots are free again. Those that were given up."""
    held = list(Booking.objects.held().filter(extends=booking))
    return [extension for extension in held if _give_up(extension, actor=actor)]


def _give_up(extension: Booking, *, actor: Client | str) -> bool:
    waiting = Booking.objects.held().filter(pk=extension.pk)
    if not claim(waiting, status=Booking.Status.CANCELLED, ended_reason=WITH_ITS_BOOKING):
        return False
    extension.refresh_from_db()
    release(extension)
    record_change(
        actor=actor, action="booking.cancelled", record=extension, reason=WITH_ITS_BOOKING,
        before={"status": "held"}, after={"status": "cancelled"},
    )  # fmt: skip
    announce(extension)
    return True
