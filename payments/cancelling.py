"""Giving up a booking, and what becomes of the money."""

from django.utils.translation import gettext_lazy as _

from bookings.cancelling import cancel_confirmed
from bookings.holding import cancel_hold
from bookings.models import Booking, Client
from bookings.policy import cancel_refund_minor
from bookings.refusals import NotCancellable
from evbunker import clock
from evbunker.db import atomic, claim
from evbunker.errors import DomainError
from evbunker.money import format_money
from payments.family import left_of, paid_for, send_back
from payments.ledger import announce, enter
from payments.models import GatewayCommand, Payment, PaymentEvent, Refund


class RefundChanged(DomainError):
    """The time for a free cancellation ended while the driver read the page."""

    code = "refund_changed"
    message = _("Meanwhile what comes back to you has become %(amount)s. Please look at it again.")

    def __init__(self, amount: str) -> None:
        super().__init__(self.message % {"amount": amount})


@atomic
def cancel_booking(*, booking: Booking, actor: Client, shown_minor: int | None = None) -> bool:
    """Give up a booking that has not begun; False if it was cancelled before. Raises NotCancellable.

    Of a paid one comes back what its policy says; raises RefundChanged if that is not `shown_minor`, what the driver
    was shown. Money that is captured while an unpaid one is given up goes back whole.
    """
    booking.refresh_from_db()
    if booking.status == Booking.Status.CONFIRMED:
        return _cancel_paid(booking, actor, shown_minor)
    if not cancel_hold(booking=booking, actor=actor):
        return False
    for payment in Payment.objects.filter(live_for=booking.pk):
        cancel_payment(payment)
    return True


def comes_back_minor(booking: Booking, payments: list[Payment]) -> int:
    """What a driver who gives up the booking that `payments` paid gets back now, in minor units."""
    return left_of(cancel_refund_minor(booking, booking.quote_minor), payments)


def _cancel_paid(booking: Booking, actor: Client, shown_minor: int | None) -> bool:
    if booking.starts_at <= clock.now():
        raise NotCancellable
    payments = paid_for(booking)
    amount_minor = comes_back_minor(booking, payments)
    if shown_minor is not None and shown_minor != amount_minor:
        raise RefundChanged(format_money(amount_minor, booking.currency))
    cancel_confirmed(booking=booking, actor=actor, reason="client")
    send_back(payments, amount_minor, reason=Refund.Reason.CANCELLED, once="cancelled", actor=actor)
    cancel_attempts(booking)
    GatewayCommand.objects.ask(payments[-1], GatewayCommand.Kind.CANCELLED_EMAIL, key=f"cancelled:{booking.pk}")
    return True


def cancel_attempts(booking: Booking) -> None:
    """Let nobody pay any more for what was held to be added to `booking` and was given up."""
    given_up = Booking.objects.filter(extends=booking, status=Booking.Status.CANCELLED)
    for payment in Payment.objects.filter(live_for__in=list(given_up.values_list("pk", flat=True))):
        cancel_payment(payment)


def cancel_payment(payment: Payment) -> None:
    """The booking is given up: nobody shall pay it any more. Inside its unit of work; the outbox tells the gateway."""
    live = Payment.objects.pending().filter(pk=payment.pk)
    if claim(live, status=Payment.Status.CANCELLED, live_for=None):
        payment.refresh_from_db()
        enter(payment, PaymentEvent.Kind.CANCELLED, reference=f"cancel:{payment.pk}")
        GatewayCommand.objects.look_again(payment)
        GatewayCommand.objects.ask(payment, GatewayCommand.Kind.CANCEL, key=f"cancel:{payment.pk}:1")
        announce(payment)
