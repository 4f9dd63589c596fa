"""What happened to payments, told to whoever watches; and what happened to bookings, as far as it moves money."""

from typing import Any

from django.dispatch import receiver

from bookings.models import Booking
from bookings.signals import booking_changed
from evbunker.live import Event, publish
from evbunker.relay import relay
from payments import signals
from payments.expiring import ask_to_cancel
from payments.models import Payment

relay(Payment, "payment_update", payment="id", booking="booking", client="client", station="station")


@receiver([signals.payment_changed, signals.payment_confirmed])
def publish_payment(payment_id: Any, booking_id: Any, client_id: Any, station_id: Any, **_kwargs: Any) -> None:
    publish(Event("payment_update", client=client_id, station=station_id, booking=booking_id, payment=payment_id))


@receiver(booking_changed)
def cancel_attempt_without_hold(booking_id: Any, status: str, **_kwargs: Any) -> None:
    """The prompt half; the reconciler finds what this missed."""
    if status == Booking.Status.EXPIRED:
        ask_to_cancel(booking_id)
