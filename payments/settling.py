"""The one way a payment moves forward: webhook, browser return and poller all end here, in any order.

The gateway is asked for the truth outside any unit of work; then one unit applies it. Never back from captured.
Money that can confirm nothing is taken into the books all the same, and sent back whole.
"""

import datetime as dt

from django.db import IntegrityError

from bookings.confirming import confirm_booking, local_day, reacquire_booking
from bookings.models import Booking
from bookings.refusals import NotPayable
from bookings.stale_days import mark_stale
from evbunker import clock
from evbunker.audit import record_change
from evbunker.db import atomic, claim
from payments.disputing import note_dispute
from payments.family import follow_extension
from payments.gateways import KNOWN
from payments.gateways.base import GatewayPayment, Truth
from payments.ledger import announce, announce_confirmed, enter
from payments.models import GatewayCommand, Payment, PaymentEvent, Refund
from payments.receipts import issue_receipt, prepare_receipts
from payments.refunding import request_refund

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
    note_dispute(payment, seen)


def _settle_captured(payment: Payment, seen: GatewayPayment) -> None:
    """Confirm the booking; if that cannot be, send the money back; if it is not what we asked for, ask a person."""
    prepare_receipts(payment)
    if reason := mismatch(payment, seen):
        _review(payment, seen, reason=reason)
        return
    try:
        _capture(payment, seen)
    except _NotHeld:
        try:
            _capture_late(payment, seen)
        except (_NotHeld, IntegrityError):
            _return(payment, seen)


def mismatch(payment: Payment, seen: GatewayPayment) -> str:
    """In what the gateway's payment differs from ours, or nothing."""
    if seen.amount_minor != payment.amount_minor:
        return "amount"
    if seen.currency != payment.currency:
        return "currency"
    expected = KNOWN[payment.gateway]()
    if seen.account and expected.account and seen.account != expected.account:
        return "account"
    return "" if seen.live == expected.live else "live_mode"


@atomic
def settle_free(payment: Payment) -> None:
    """Confirm the booking of a payment of nothing: there is no gateway to ask. Raises NotPayable if it is not held."""
    assert not payment.amount_minor, "what costs something is paid at a gateway"
    nothing = GatewayPayment(
        payment.idempotency_key, Truth.CAPTURED, amount_minor=0, currency=payment.currency, live=True
    )
    try:
        _capture(payment, nothing)
    except _NotHeld:
        raise NotPayable from None


@atomic
def _capture(payment: Payment, seen: GatewayPayment) -> bool:
    """The money came and the booking still holds its slots; False if that was known."""
    if not _mark_confirming(payment, seen):
        return False
    booking = Booking.objects.get(pk=payment.booking_id)
    if not confirm_booking(booking=booking, actor=payment.gateway):
        raise _NotHeld
    follow_extension(booking)
    if payment.captured_minor:  # nothing needs no receipt
        issue_receipt(payment)
    return True


@atomic
def _capture_late(payment: Payment, seen: GatewayPayment) -> bool:
    """The money came after the hold expired, but all its slots are still free; False if that was known."""
    if not _mark_confirming(payment, seen):
        return False
    booking = Booking.objects.get(pk=payment.booking_id)
    if not reacquire_booking(booking=booking, actor=payment.gateway):
        raise _NotHeld
    follow_extension(booking)
    issue_receipt(payment)
    return True


def _mark_confirming(payment: Payment, seen: GatewayPayment) -> bool:
    booking = Booking.objects.get(pk=payment.booking_id)
    day = local_day(booking)
    if not _mark_captured(payment, seen, day=day):
        return False
    mark_stale(station_id=payment.station_id, day=day, time_zone=payment.station_time_zone)
    ask = GatewayCommand.objects.ask
    ask(payment, GatewayCommand.Kind.CONFIRMATION_EMAIL, key=f"confirmation:{payment.pk}")
    ask(payment, GatewayCommand.Kind.SETTLE, key=f"settle:{payment.pk}", not_before=booking.ends_at)
    announce_confirmed(payment)
    return True


@atomic
def _return(payment: Payment, seen: GatewayPayment) -> bool:
    """The money came when the time was gone: all of it goes back. False if that was known."""
    if not _mark_captured(payment, seen, day=None):
        return False
    once = f"late:{payment.pk}"
    request_refund(
        payment=payment, amount_minor=seen.amount_minor, reason=Refund.Reason.LATE, once=once, actor=payment.gateway
    )
    GatewayCommand.objects.ask(payment, GatewayCommand.Kind.LATE_EMAIL, key=once)
    issue_receipt(payment)
    return True


def _mark_captured(payment: Payment, seen: GatewayPayment, *, day: dt.date | None) -> bool:
    """Take the money into the books, as of the local `day` if it confirms something; False if that was known."""
    waiting = Payment.objects.not_captured().filter(pk=payment.pk)
    facts = {"captured_minor": seen.amount_minor, "captured_at": clock.now(), "captured_day": day}
    if not claim(waiting, status=Status.CAPTURED, live_for=None, **facts):
        return False
    payment.refresh_from_db()
    enter(payment, PaymentEvent.Kind.CAPTURED, reference=seen.ref, amount_minor=seen.amount_minor)
    return True


@atomic
def _review(payment: Payment, seen: GatewayPayment, *, reason: str) -> bool:
    """Money came that is not what we asked for; staff decide what becomes of it. False if that was known."""
    waiting = Payment.objects.not_captured().filter(pk=payment.pk)
    facts = {"captured_minor": seen.amount_minor, "captured_at": clock.now(), "review_reason": reason}
    if not claim(waiting, status=Status.REVIEW, live_for=None, **facts):
        return False
    payment.refresh_from_db()
    enter(payment, PaymentEvent.Kind.REVIEW, reference=seen.ref, amount_minor=seen.amount_minor, note=reason)
    came = {"amount_minor": seen.amount_minor, "currency": seen.currency, "account": seen.account, "live": seen.live}
    record_change(
        actor=payment.gateway, action="payment.review", record=payment, after={"reason": reason, "came": came}
    )
    GatewayCommand.objects.ask(payment, GatewayCommand.Kind.RECEIPT_EMAIL, key=f"receipt:{payment.pk}")
    announce(payment)
    issue_receipt(payment)
    return True


@atomic
def _close(payment: Payment, seen: GatewayPayment, *, status: str, kind: str) -> bool:
    """The attempt failed or was cancelled; the driver may begin another. False if that was known."""
    if not claim(Payment.objects.pending().filter(pk=payment.pk), status=status, live_for=None):
        return False
    payment.refresh_from_db()
    enter(payment, kind, reference=seen.ref)
    GatewayCommand.objects.look_again(payment)
    announce(payment)
    return True
