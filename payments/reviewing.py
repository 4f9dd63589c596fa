"""Money that came and is not what was asked for: a person accepts it, or sends it back, once."""

from collections.abc import Callable
from typing import Any

from django.db import IntegrityError
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from bookings.confirming import confirm_booking, local_day, reacquire_booking
from bookings.models import Booking, Client
from bookings.stale_days import mark_stale
from evbunker import clock
from evbunker.audit import record_change
from evbunker.db import atomic, claim
from evbunker.errors import DomainError
from payments.ledger import announce, announce_confirmed, enter
from payments.models import GatewayCommand, Payment, PaymentEvent, Refund
from payments.refunding import request_refund

AMOUNT = "amount"
"""The one reason for a review that can be accepted: in other currencies, accounts or modes it is other money."""


class NotInReview(DomainError):
    code = "not_in_review"
    message = _("Somebody has decided on this payment already.")


class CannotAccept(DomainError):
    code = "cannot_accept"
    message = _("The time of this booking is not to be had any more. Send the money back instead.")


class _NotHeld(Exception):
    """The booking cannot be confirmed in this way; the unit of work is undone."""


def why_not_acceptable(payment: Payment) -> str:
    """Why a payment in review cannot confirm its booking, in a sentence; empty if it can, as far as one sees now."""
    if payment.status != Payment.Status.REVIEW:
        return str(NotInReview.message)
    if payment.review_reason != AMOUNT:
        return str(_("What came is other money than was asked for, so it can only be sent back."))
    if payment.kept_minor < payment.amount_minor:
        return str(_("Less is there than the price, so it can only be sent back."))
    booking = Booking.objects.get(pk=payment.booking_id)
    ahead = booking.status == Booking.Status.EXPIRED and booking.starts_at > clock.now()
    if booking.extends_id or not (booking.is_held or ahead):
        return str(CannotAccept.message)
    return ""


def accept_review(*, payment: Payment, actor: Client, note: str) -> None:
    """Take the price out of what came, confirm the booking, and send the surplus back. Once.

    Raises NotInReview, or CannotAccept with the reason; then nothing was written.
    """
    payment.refresh_from_db()
    if payment.status != Payment.Status.REVIEW:
        raise NotInReview
    if reason := why_not_acceptable(payment):
        raise CannotAccept(reason)
    try:
        _accept(payment, actor=actor, note=note, confirm=confirm_booking)
    except _NotHeld:
        try:
            _accept(payment, actor=actor, note=note, confirm=reacquire_booking)
        except (_NotHeld, IntegrityError):
            raise CannotAccept from None


@atomic
def _accept(payment: Payment, *, actor: Client, note: str, confirm: Callable[..., bool]) -> None:
    booking = Booking.objects.get(pk=payment.booking_id)
    day = local_day(booking)
    enough = F("refund_reserved_minor") + F("amount_minor")
    _decide(payment, captured_day=day, only={"review_reason": AMOUNT, "captured_minor__gte": enough})
    if not confirm(booking=booking, actor=payment.gateway):
        raise _NotHeld
    mark_stale(station_id=payment.station_id, day=day, time_zone=payment.station_time_zone)
    ask = GatewayCommand.objects.ask
    ask(payment, GatewayCommand.Kind.CONFIRMATION_EMAIL, key=f"confirmation:{payment.pk}")
    ask(payment, GatewayCommand.Kind.SETTLE, key=f"settle:{payment.pk}", not_before=booking.ends_at)
    _note(payment, PaymentEvent.Kind.ACCEPTED, actor=actor, note=note, amount_minor=payment.amount_minor)
    if surplus_minor := payment.kept_minor - payment.amount_minor:
        _send_back(payment, surplus_minor, actor=actor, note=note)
    announce_confirmed(payment)


@atomic
def return_review(*, payment: Payment, actor: Client, note: str) -> Refund | None:
    """Send all of it back; None if nothing is left of it. Raises NotInReview."""
    _decide(payment, captured_day=None, only={})
    _note(payment, PaymentEvent.Kind.RETURNED, actor=actor, note=note, amount_minor=payment.kept_minor)
    if not payment.kept_minor:
        return None
    return _send_back(payment, payment.kept_minor, actor=actor, note=note)


def _decide(payment: Payment, *, captured_day: Any, only: dict[str, Any]) -> None:
    waiting = Payment.objects.filter(pk=payment.pk, status=Payment.Status.REVIEW, **only)
    if not claim(waiting, status=Payment.Status.CAPTURED, captured_day=captured_day):
        raise NotInReview
    payment.refresh_from_db()


def _note(payment: Payment, kind: PaymentEvent.Kind, *, actor: Client, note: str, amount_minor: int) -> None:
    enter(payment, kind, reference=f"review:{payment.pk}", amount_minor=amount_minor, note=note)
    record_change(
        actor=actor, action=f"payment.{kind.value}", record=payment, before={"status": "review"},
        after={"status": "captured"}, reason=note,
    )  # fmt: skip
    announce(payment)


def _send_back(payment: Payment, amount_minor: int, *, actor: Client, note: str) -> Refund:
    return request_refund(
        payment=payment, amount_minor=amount_minor, reason=Refund.Reason.OPERATOR, once=f"review:{payment.pk}",
        actor=actor, note=note,
    )  # fmt: skip
