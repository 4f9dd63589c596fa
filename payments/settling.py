"""The one way a payment moves forward: webhook, browser return and poller all end here, in any order.

The gateway is asked for the truth outside any unit of work; then one unit applies it. Never back from captured.
"""

from django.db import IntegrityError

from bookings.confirming import confirm_booking, local_day, reacquire_booking
from bookings.models import Booking
from bookings.stale_days import mark_stale
from evbunker import clock
from evbunker.audit import record_change
from evbunker.db import atomic, claim
from payments import outbox
from payments.gateways import KNOWN
from payments.gateways.base import GatewayPayment, Truth
from payments.ledger import announce, announce_confirmed, enter
from payments.models import GatewayCommand, Payment, PaymentEvent

Status = Payment.Status


class _NotHeld(Exception):
    """The booking is not ours to confirm in this way; the unit of work is undone."""


def settle(payment: Payment) -> None:
    """Bring `payment` to where its gateway says it stands. Raises GatewayDown; then nothing changed."""
    if payment.gateway_ref:
        apply(payment, ask(payment))


def ask(payment: Payment) -> GatewayPayment:
    """What the gateway says of a payment that was made there. Raises GatewayDown."""
    assert payment.gateway_ref, "only a payment that was made at the gateway can be asked for"
    return KNOWN[payment.gateway]().look_up(payment.gateway_ref)


def apply(payment: Payment, seen: GatewayPayment) -> None:
    """Take the gateway's answer into our books. Safe to repeat."""
    if seen.truth == Truth.CAPTURED:
        _settle_captured(payment, seen)
    elif seen.truth == Truth.FAILED:
        _close(payment, seen, status=Status.FAILED, kind=PaymentEvent.Kind.FAILED)
    elif seen.truth == Truth.CANCELLED:
        _close(payment, seen, status=Status.CANCELLED, kind=PaymentEvent.Kind.CANCELLED)
    payment.refresh_from_db()


def _settle_captured(payment: Payment, seen: GatewayPayment) -> None:
    """Confirm the booking; if that cannot be, the money is put in front of a person."""
    if reason := mismatch(payment, seen):
        _review(payment, seen, reason=reason)
        return
    try:
        _capture(payment, seen)
    except _NotHeld:
        try:
            _capture_late(payment, seen)
        except (_NotHeld, IntegrityError):
            _review(payment, seen, reason="hold_lost")


def mismatch(payment: Payment, seen: GatewayPayment) -> str:
    """In what the gateway's payment differs from ours, or nothing."""
    if seen.amount_minor != payment.amount_minor:
        return "amount"
    if seen.currency != payment.currency:
        return "currency"
    return "" if seen.live == KNOWN[payment.gateway]().live else "live_mode"


@atomic
def _capture(payment: Payment, seen: GatewayPayment) -> bool:
    """The money came and the booking still holds its slots; False if that was known."""
    if not _mark_captured(payment, seen):
        return False
    if not confirm_booking(booking=Booking.objects.get(pk=payment.booking_id), actor=payment.gateway):
        raise _NotHeld
    return True


@atomic
def _capture_late(payment: Payment, seen: GatewayPayment) -> bool:
    """The money came after the hold expired, but all its slots are still free; False if that was known."""
    if not _mark_captured(payment, seen):
        return False
    if not reacquire_booking(booking=Booking.objects.get(pk=payment.booking_id), actor=payment.gateway):
        raise _NotHeld
    return True


def _mark_captured(payment: Payment, seen: GatewayPayment) -> bool:
    waiting = Payment.objects.not_captured().filter(pk=payment.pk)
    day = local_day(Booking.objects.get(pk=payment.booking_id))
    facts = {"captured_minor": seen.amount_minor, "captured_at": clock.now(), "captured_day": day}
    if not claim(waiting, status=Status.CAPTURED, live_for=None, **facts):
        return False
    payment.refresh_from_db()
    mark_stale(station_id=payment.station_id, day=day, time_zone=payment.station_time_zone)
    enter(payment, PaymentEvent.Kind.CAPTURED, reference=seen.ref, amount_minor=seen.amount_minor)
    outbox.add(payment, GatewayCommand.Kind.CONFIRMATION_EMAIL, key=f"confirmation:{payment.pk}")
    announce_confirmed(payment)
    return True


@atomic
def _review(payment: Payment, seen: GatewayPayment, *, reason: str) -> bool:
    """Money came that confirms nothing: `hold_lost`, or the mismatch. Left only by staff. False if that was known."""
    waiting = Payment.objects.not_captured().filter(pk=payment.pk)
    facts = {"captured_minor": seen.amount_minor, "captured_at": clock.now(), "review_reason": reason}
    if not claim(waiting, status=Status.REVIEW, live_for=None, **facts):
        return False
    payment.refresh_from_db()
    enter(payment, PaymentEvent.Kind.REVIEW, reference=seen.ref, amount_minor=seen.amount_minor, note=reason)
    record_change(actor=payment.gateway, action="payment.review", record=payment, after={"reason": reason})
    announce(payment)
    return True


@atomic
def _close(payment: Payment, seen: GatewayPayment, *, status: str, kind: str) -> bool:
    """The attempt failed or was cancelled; the driver may begin another. False if that was known."""
    if not claim(Payment.objects.pending().filter(pk=payment.pk), status=status, live_for=None):
        return False
    payment.refresh_from_db()
    enter(payment, kind, reference=seen.ref)
    announce(payment)
    return True
