"""What is over comes back: the part of a quote that charging did not use up, and of a slot that nobody used."""

from django.db import IntegrityError

from bookings.merging import MERGED
from bookings.models import Booking, ChargingSession
from bookings.policy import no_show_refund_minor
from evbunker.db import atomic
from payments.family import left_of, paid_for, send_back
from payments.models import Payment, Refund

ONCE = "settle"
"""What the key of each payment's refund begins with."""


class NotOver(Exception):
    """The booking has not been closed yet; ask again later."""


def refund_unused(payment: Payment) -> None:
    """Send back what is over of all that was paid for the booking once it has ended. Safe to repeat.

    Raises NotOver before. What was paid to extend a booking counts for that one.
    """
    if payment.status != Payment.Status.CAPTURED:
        return
    booking = Booking.objects.get(pk=payment.booking_id)
    if booking.extends_id:
        if booking.ended_reason != MERGED:
            return
        booking = Booking.objects.get(pk=booking.extends_id)
    if booking.status in Booking.LIVE:
        raise NotOver(f"booking {booking.pk} is {booking.status}")
    try:
        _settle(booking)
    except IntegrityError:  # another worker did it at the same moment
        return


@atomic
def _settle(booking: Booking) -> None:
    payments = paid_for(booking)
    if Refund.objects.filter(once__in=[f"{ONCE}:{payment.pk}" for payment in payments]).exists():
        return
    reason, due_minor = _over(booking)
    send_back(payments, left_of(max(0, due_minor), payments), reason=reason, once=ONCE, actor="settling")


def _over(booking: Booking) -> tuple[str, int]:
    """Why, and how much; a cancelled booking was settled when it was cancelled."""
    if booking.status == Booking.Status.NO_SHOW:
        return Refund.Reason.NO_SHOW, no_show_refund_minor(booking, booking.quote_minor)
    if booking.status == Booking.Status.COMPLETED:
        session = ChargingSession.objects.get(booking=booking)
        return Refund.Reason.UNUSED, booking.quote_minor - session.cost_minor
    return Refund.Reason.CANCELLED, 0
