"""Charging sessions that did not end when their time did, and ending them by hand.

`complete_sessions` closes what time has closed within seconds. What is left after GRACE will not end by itself: no
scheduler runs, its job fails at them, or their bookings say something else.
"""

import datetime as dt

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.announcing import announce_session
from bookings.charging import STOPPED, close_unused, known_so_far, stop_session
from bookings.models import Booking, ChargingSession, Client
from evbunker import clock
from evbunker.audit import record_change
from evbunker.db import atomic, claim, lowest
from evbunker.errors import DomainError

GRACE = dt.timedelta(minutes=5)
"""The job runs every 20 seconds; so late is no mere delay."""
MOST = 100
"""So many of each kind are looked for at once."""
Status = ChargingSession.Status
STATES = {Status.ACTIVE: Booking.Status.IN_USE, Status.SCHEDULED: Booking.Status.CONFIRMED}
"""A session that has not ended, and how its booking stands then."""


class NotStuck(DomainError):
    code = "not_stuck"
    message = gettext_lazy("This session has ended meanwhile, or its time is not over.")


def stuck_sessions() -> list[ChargingSession]:
    """Those whose booked end is longer ago than GRACE, the earliest end first; at most MOST of each kind."""
    return sorted(
        (session for state in STATES for session in lowest(_over(state), by="scheduled_end", limit=MOST)),
        key=lambda session: (session.scheduled_end, session.pk),
    )


def is_stuck(session: ChargingSession) -> bool:
    return session.status in STATES and session.scheduled_end < clock.now() - GRACE


def why_stuck(session: ChargingSession, booking: Booking) -> str:
    """A sentence; `session` is stuck."""
    if STATES[Status(session.status)] != booking.status:
        return _("Its booking is %(status)s, so nothing ends it by itself.") % {"status": booking.get_status_display()}
    if session.status == Status.ACTIVE:
        return _("It still charges although its booked time is over: the job that ends sessions has not ended it.")
    return _("Nobody came and its time is over: the job that closes such bookings has not closed it.")


@atomic
def end_stuck(*, session: ChargingSession, actor: Client, why: str) -> ChargingSession:
    """End it with the energy that is known, and its booking with it. Raises NotStuck, also if somebody was quicker.

    A session whose booking has ended otherwise is ended alone, and its booking left as it is.
    """
    session.refresh_from_db()
    if not is_stuck(session):
        raise NotStuck
    booking = Booking.objects.get(pk=session.booking_id)
    if STATES[Status(session.status)] != booking.status:
        return _end_alone(session, booking, actor=actor, why=why)
    if session.status == Status.ACTIVE:
        return stop_session(booking=booking, actor=actor, why=why)
    if not close_unused(booking=booking, actor=actor, why=why):
        raise NotStuck
    session.refresh_from_db()
    return session


def _end_alone(session: ChargingSession, booking: Booking, *, actor: Client, why: str) -> ChargingSession:
    """Completed beside a completed booking, else aborted: the states that belong together."""
    facts = {"status": Status.ABORTED, "ended_at": session.scheduled_end}
    if booking.status == Booking.Status.COMPLETED:
        facts["status"] = Status.COMPLETED
    if session.status == Status.ACTIVE:
        known = known_so_far(booking, session)
        facts |= {"energy_wh": known.energy_wh, "energy_source": known.source}
    before = session.status
    if not claim(ChargingSession.objects.filter(pk=session.pk, status=before), **facts):
        raise NotStuck
    session.refresh_from_db()
    record_change(
        actor=actor, action=STOPPED, record=session, before={"status": before}, after={"status": session.status},
        reason=why,
    )  # fmt: skip
    announce_session(session)
    return session


def _over(state: str) -> QuerySet[ChargingSession]:
    return ChargingSession.objects.filter(status=state, scheduled_end__lt=clock.now() - GRACE)
