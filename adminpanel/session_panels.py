"""Live pieces of the pages about charging sessions."""

from uuid import UUID

from adminpanel.booking_story import booking_lines
from adminpanel.session_lines import curve_of, line_of, lines_of
from bookings.charging import cost_so_far_minor
from bookings.models import Booking, ChargingSession, Client
from bookings.stuck import stuck_sessions
from evbunker.db import lowest
from evbunker.live import panel
from payments.family import paid_for

SHOWN = 20
"""So many that charge now, and so many stuck ones, stand above the list."""
A_MINUTE = 60
"""Energy grows, and sessions get stuck, by time alone."""
CHANGES = {"charging_session_update", "booking_update"}


def session_of(key: str) -> ChargingSession:
    """The session with the id `key`; raises LookupError."""
    try:
        found = ChargingSession.objects.filter(pk=UUID(key)).first()
    except ValueError as error:
        raise LookupError(key) from error
    if found is None:
        raise LookupError(key)
    return found


@panel(
    "sessions-now", audience="operators", stale_on=CHANGES, ttl=A_MINUTE, by_time=True,
    template="adminpanel/sessions/_now.html",
)  # fmt: skip
def sessions_now() -> dict[str, object]:
    """What should have ended, first; then what charges, the next to end first."""
    stuck = stuck_sessions()
    over = {session.pk for session in stuck}
    active = lowest(ChargingSession.objects.active(), by="scheduled_end", limit=SHOWN + len(stuck) + 1)
    charging = [session for session in active if session.pk not in over]
    return {
        "stuck": lines_of(stuck[:SHOWN]),
        "more_stuck": max(0, len(stuck) - SHOWN),
        "charging": lines_of(charging[:SHOWN]),
        "more": len(charging) > SHOWN,
    }


@panel(
    "sessions", audience="operators", stale_on=CHANGES, ttl=A_MINUTE, template="adminpanel/sessions/_row.html",
    rows="session",
)  # fmt: skip
def sessions(key: str) -> dict[str, object]:
    """One row of the list."""
    return {"line": line_of(session_of(key))}


@panel(
    "operations-session", audience="operators", ttl=A_MINUTE, by_time=True, keyed=True,
    stale_on=CHANGES | {"payment_update"}, template="adminpanel/sessions/_session.html",
)  # fmt: skip
def operations_session(key: str) -> dict[str, object]:
    """One session: what flows, what it costs, what happened."""
    session = session_of(key)
    booking = Booking.objects.get(pk=session.booking_id)
    line = line_of(session)
    so_far = cost_so_far_minor(booking, line.energy_wh or 0) if line.is_active else None
    return {
        "line": line,
        "session": session,
        "booking": booking,
        "client": Client.objects.get(pk=session.client_id),
        "curve": curve_of(session),
        "cost_minor": session.cost_minor if so_far is None and session.ended_at and session.started_at else so_far,
        "payments": paid_for(booking),
        "lines": booking_lines(booking, session.pk),
        "zone": session.station_time_zone,
    }
