"""What each kind of command of the outbox does. Every one may be repeated."""

from collections.abc import Callable

from django.conf import settings

from evbunker import clock
from evbunker.db import atomic, claim
from payments.emails import (
    send_cancelled,
    send_changed,
    send_closed,
    send_confirmation,
    send_late,
    send_receipts,
    send_stopped,
)
from payments.expiring import cancel_attempt
from payments.gateways import gateway
from payments.gateways.base import PaymentRefused, PayRequest
from payments.ledger import announce, enter
from payments.lost import note_made
from payments.models import GatewayCommand, Payment, PaymentEvent
from payments.refunding import send_refund
from payments.settling import settle
from payments.stuck_keys import make_once
from payments.unused import refund_unused


def _create(command: GatewayCommand) -> None:
    payment = command.payment
    if payment.status != Payment.Status.CREATED or not payment.booking.is_held:
        return
    request = PayRequest(
        idempotency_key=payment.idempotency_key,
        payment_id=str(payment.pk),
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        description=f"{payment.station_name}, {payment.starts_at:%Y-%m-%d %H:%M} UTC",
        return_url=f"{settings.SITE_URL}/bookings/{payment.booking_id}/",
        pay_before=payment.booking.expires_at or clock.now(),
    )
    maker = gateway(payment.gateway)
    try:
        made = make_once(payment, ask=lambda: maker.create(request), find=lambda: maker.find(request.payment_id))
    except PaymentRefused as error:
        _note_refused(payment, note=str(error))
        return
    note_made(payment, made)


@atomic
def _note_refused(payment: Payment, *, note: str) -> None:
    """The gateway will never make it: the attempt is over, and the driver may begin another."""
    if claim(Payment.objects.pending().filter(pk=payment.pk), status=Payment.Status.FAILED, live_for=None):
        payment.refresh_from_db()
        enter(payment, PaymentEvent.Kind.FAILED, reference=f"refused:{payment.pk}", note=note[:300])
        announce(payment)


def _cancel(command: GatewayCommand) -> None:
    cancel_attempt(command.payment)


def _refund(command: GatewayCommand) -> None:
    assert command.refund is not None, "a command to refund names its refund"
    send_refund(command.refund)


ERRANDS: dict[GatewayCommand.Kind, Callable[[GatewayCommand], None]] = {
    GatewayCommand.Kind.CREATE: _create,
    GatewayCommand.Kind.CANCEL: _cancel,
    GatewayCommand.Kind.REFUND: _refund,
    GatewayCommand.Kind.SETTLE: lambda command: refund_unused(command.payment),
    GatewayCommand.Kind.LOOK_AGAIN: lambda command: settle(command.payment),
    GatewayCommand.Kind.CONFIRMATION_EMAIL: lambda command: send_confirmation(command.payment),
    GatewayCommand.Kind.CANCELLED_EMAIL: lambda command: send_cancelled(command.payment),
    GatewayCommand.Kind.CLOSED_EMAIL: lambda command: send_closed(command.payment),
    GatewayCommand.Kind.LATE_EMAIL: lambda command: send_late(command.payment),
    GatewayCommand.Kind.MOVED_EMAIL: lambda command: send_changed(command.payment),
    GatewayCommand.Kind.STOPPED_EMAIL: lambda command: send_stopped(command.payment),
    GatewayCommand.Kind.RECEIPT_EMAIL: lambda command: send_receipts(command.payment, command.refund),
}
