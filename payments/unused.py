"""What is over comes back: the part of a quote that charging did not use up, and of a slot that nobody used."""

from django.db import IntegrityError

from bookings.models import Booking, ChargingSession
from bookings.policy import no_show_refund_minor
from payments.models import Payment, Refund
from payments.refunding import request_refund


class NotOver(Exception):
    """The booking has not been closed yet; ask again later."""


def refund_unused(payment: Payment) -> None:
    """Send back what is over once the booking has ended. Safe to repeat. Raises NotOver before."""
    if payment.status != Payment.Status.CAPTURED:
        return
    booking = Booking.objects.get(pk=payment.booking_id)
    if booking.status in Booking.LIVE:
        raise NotOver(f"booking {booking.pk} is {booking.status}")
    reason, amount_minor = _over(booking, payment)
    once = f"settle:{payment.pk}"
    if amount_minor <= 0 or Refund.objects.filter(once=once).exists():
        return
    try:
        request_refund(payment=payment, amount_minor=amount_minor, reason=reason, once=once, actor="settling")
    except IntegrityError:  # another worker did it at the same moment
        return


def _over(booking: Booking, payment: Payment) -> tuple[str, int]:
    """Why, and how much; a cancelled booking was settled when it was cancelled."""
    if booking.status == Booking.Status.NO_SHOW:
        return Refund.Reason.NO_SHOW, payment.left_of(no_show_refund_minor(booking, payment.captured_minor))
    if booking.status == Booking.Status.COMPLETED:
        session = ChargingSession.objects.get(booking=booking)
        return Refund.Reason.UNUSED, payment.left_of(payment.captured_minor - session.cost_minor)
    return Refund.Reason.CANCELLED, 0
