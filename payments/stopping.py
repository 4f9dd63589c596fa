"""Operators stop a session that charges: what was not used comes back as ever, and the driver is told why."""

from bookings.charging import stop_session
from bookings.models import Booking, ChargingSession, Client
from bookings.refusals import NotCharging
from evbunker.db import atomic, newest
from payments.closing import LONGEST_NOTE, SHORTEST_NOTE, ReasonMissing
from payments.family import confirming
from payments.models import GatewayCommand, Payment


@atomic
def stop_by_operator(*, booking: Booking, actor: Client, note: str) -> ChargingSession:
    """End the running session of `booking` in the books and tell its driver by e-mail.

    Raises ReasonMissing, or NotCharging if it does not charge (any more): whoever stopped it first has done it.
    """
    if not SHORTEST_NOTE <= len(note := note.strip()) <= LONGEST_NOTE:
        raise ReasonMissing
    booking.refresh_from_db()
    session = ChargingSession.objects.filter(booking=booking).first()
    if session is None or session.status != ChargingSession.Status.ACTIVE:
        raise NotCharging
    session = stop_session(booking=booking, actor=actor, why=note)
    attempts = newest(Payment.objects.filter(booking=booking), by="created_at", limit=20)
    for payment in confirming(attempts)[:1]:
        GatewayCommand.objects.ask(payment, GatewayCommand.Kind.STOPPED_EMAIL, key=f"stopped:{session.pk}")
    return session
