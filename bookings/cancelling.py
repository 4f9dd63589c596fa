"""Giving up a booking that is paid; the money is the caller's."""

from bookings.announcing import announce_session
from bookings.claims import release
from bookings.holding import announce
from bookings.merging import give_up_extensions
from bookings.models import Booking, ChargingSession, Client
from bookings.refusals import NotCancellable
from bookings.totals import remove_eco_stat
from evbunker import clock
from evbunker.audit import record_change
from evbunker.db import atomic, claim


@atomic
def cancel_confirmed(*, booking: Booking, actor: Client, reason: str) -> None:
    """A paid booking will not be used: its time is free again, its session never takes place, its impact is gone.

    Raises NotCancellable if it is not (any more) a confirmed booking.
    """
    confirmed = Booking.objects.filter(pk=booking.pk, status=Booking.Status.CONFIRMED)
    if not claim(confirmed, status=Booking.Status.CANCELLED, ended_reason=reason):
        raise NotCancellable
    booking.refresh_from_db()
    session = ChargingSession.objects.get(booking=booking)
    scheduled = ChargingSession.objects.filter(pk=session.pk, status=ChargingSession.Status.SCHEDULED)
    claim(scheduled, status=ChargingSession.Status.ABORTED, ended_at=clock.now())
    session.refresh_from_db()
    release(booking)
    give_up_extensions(booking, actor=actor)
    remove_eco_stat(booking=booking)
    record_change(
        actor=actor, action="booking.cancelled", record=booking, reason=reason, before={"status": "confirmed"},
        after={"status": "cancelled"},
    )  # fmt: skip
    announce(booking)
    announce_session(session)
