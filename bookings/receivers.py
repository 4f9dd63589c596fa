"""What happened to bookings, told to whoever watches. May fail without harm: pages are right again at the next load."""

from typing import Any

from django.dispatch import receiver

from bookings import signals
from evbunker.live import Event, publish


@receiver(signals.booking_changed)
def publish_booking(booking_id: Any, client_id: Any, station_id: Any, **_kwargs: Any) -> None:
    publish(Event("booking_update", client=client_id, station=station_id, booking=booking_id))


@receiver(signals.session_changed)
def publish_session(session_id: Any, booking_id: Any, client_id: Any, station_id: Any, **_kwargs: Any) -> None:
    publish(
        Event("charging_session_update", client=client_id, station=station_id, booking=booking_id, session=session_id)
    )


@receiver(signals.station_changed)
def publish_station(station_id: Any, **_kwargs: Any) -> None:
    publish(Event("station_update", station=station_id))


@receiver(signals.client_changed)
def publish_client(client_id: Any, **_kwargs: Any) -> None:
    publish(Event("client_update", client=client_id))


@receiver(signals.eco_stats_changed)
def publish_eco_stats(client_id: Any, station_id: Any, booking_id: Any, **_kwargs: Any) -> None:
    publish(Event("eco_stats_update", client=client_id, station=station_id, booking=booking_id))
