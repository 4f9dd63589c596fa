"""What happened to bookings, told to whoever watches. May fail without harm: pages are right again at the next load."""

from typing import Any

from django.dispatch import receiver

from bookings import signals
from bookings.models import Booking, ChargingSession, Client, EcoStat, Evse, Station
from evbunker.live import Event, publish
from evbunker.relay import relay

relay(Booking, "booking_update", booking="id", client="client", station="station")
relay(ChargingSession, "charging_session_update", session="id", booking="booking", client="client", station="station")
relay(Station, "station_update", station="id")
relay(Evse, "station_update", station="station")
relay(Client, "client_update", client="id", quiet=("last_seen_at", "last_login"))
relay(Client.groups.through, "client_update", client="client")
relay(EcoStat, "eco_stats_update", client="client", station="station", booking="booking")


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
