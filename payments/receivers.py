"""What happened to payments, told to whoever watches."""

from typing import Any

from django.dispatch import receiver

from evbunker.live import Event, publish
from evbunker.relay import relay
from payments import signals
from payments.models import Payment

relay(Payment, "payment_update", payment="id", booking="booking", client="client", station="station")


@receiver([signals.payment_changed, signals.payment_confirmed])
def publish_payment(payment_id: Any, booking_id: Any, client_id: Any, station_id: Any, **_kwargs: Any) -> None:
    publish(Event("payment_update", client=client_id, station=station_id, booking=booking_id, payment=payment_id))
