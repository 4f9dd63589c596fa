"""Telling, after commit, that a charging session changed."""

from bookings.models import ChargingSession
from bookings.signals import session_changed
from evbunker.db import on_commit


def announce_session(session: ChargingSession) -> None:
    """Tell, after commit, that the session changed."""
    facts = {
        "session_id": session.pk,
        "booking_id": session.booking_id,
        "client_id": session.client_id,
        "station_id": session.station_id,
        "status": str(session.status),
    }
    on_commit(lambda: session_changed.send_robust(ChargingSession, **facts))
