"""Giving up a booking that is not paid, and the attempt to pay it."""

from bookings.holding import cancel_hold
from bookings.models import Booking, Client
from evbunker.db import atomic, claim
from payments import outbox
from payments.ledger import announce, enter
from payments.models import GatewayCommand, Payment, PaymentEvent


@atomic
def cancel_booking(*, booking: Booking, actor: Client) -> bool:
    """Cancel an unpaid booking; False if it was cancelled before. Raises Paid or NotCancellable.

    Money that is captured all the same, because both happened at once, goes to review.
    """
    if not cancel_hold(booking=booking, actor=actor):
        return False
    for payment in Payment.objects.filter(live_for=booking.pk):
        _cancel_payment(payment)
    return True


def _cancel_payment(payment: Payment) -> None:
    live = Payment.objects.pending().filter(pk=payment.pk)
    if claim(live, status=Payment.Status.CANCELLED, live_for=None):
        payment.refresh_from_db()
        enter(payment, PaymentEvent.Kind.CANCELLED, reference=f"cancel:{payment.pk}")
        outbox.add(payment, GatewayCommand.Kind.CANCEL, key=f"cancel:{payment.pk}:1")
        announce(payment)
