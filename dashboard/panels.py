"""The live pieces of a driver's dashboard. Nothing in them moves by itself: they change when something has changed."""

import datetime as dt
from uuid import UUID

from django.conf import settings

from bookings.charging import energy_so_far_wh
from bookings.models import Booking, ChargingSession
from bookings.slots import MOST_SLOTS, SLOT_MINUTES
from dashboard.highlights import highlights_of
from dashboard.impact import impact_of
from dashboard.wording import money_words, next_words, reached_words
from evbunker import clock
from evbunker.db import newest
from evbunker.live import panel
from payments.models import Payment
from payments.standing import standing_of
from payments.wording import words_of

A_MINUTE = 60
PAYMENTS_SHOWN = 5
LONGEST = dt.timedelta(minutes=MOST_SLOTS * SLOT_MINUTES)


@panel("impact", audience="client", stale_on={"eco_stats_update"}, ttl=A_MINUTE, template="dashboard/_impact.html")
def impact(client_id: UUID) -> dict[str, object]:
    """What the client's charging saved so far."""
    seen = impact_of(client_id)
    return {"impact": seen, "money": money_words(seen.money_saved)}


@panel(
    "highlights", audience="client", stale_on={"eco_stats_update"}, ttl=A_MINUTE, template="dashboard/_highlights.html"
)
def highlights(client_id: UUID) -> dict[str, object]:
    """Milestones, the best month, the streak, and the share of the community."""
    seen = highlights_of(client_id)
    return {
        "highlights": seen,
        "reached": [reached_words(milestone) for milestone in seen.reached],
        "following": [next_words(milestone) for milestone in seen.following],
        "impact": impact_of(client_id),
    }


@panel(
    "next-booking", audience="client", stale_on={"booking_update", "payment_update"}, ttl=A_MINUTE,
    template="dashboard/_next_booking.html", by_time=True,
)  # fmt: skip
def next_booking(client_id: UUID) -> dict[str, object]:
    """The booking that comes next and what it waits for; `booking` is None if there is none."""
    booking = next_booking_of(client_id)
    if booking is None:
        return {"booking": None}
    standing = standing_of(booking)
    return {
        "booking": booking,
        "standing": standing,
        "words": words_of(standing),
        "hold_seconds": settings.BOOKING_HOLD_SECONDS,
    }


def next_booking_of(client_id: UUID) -> Booking | None:
    """The first booking that is not over and does not charge yet; a hold whose time to pay is over is none."""
    now = clock.now()
    ahead = Booking.objects.filter(client_id=client_id, starts_at__gt=now - LONGEST, ends_at__gt=now)
    waiting = ahead.filter(status__in=[Booking.Status.HELD, Booking.Status.CONFIRMED])
    own = [row for row in waiting if row.extends_id is None]
    current = [row for row in own if not (row.is_held and row.expires_at and row.expires_at <= now)]
    return min(current, key=lambda row: row.starts_at, default=None)


@panel(
    "active-session", audience="client", stale_on={"booking_update", "charging_session_update"}, ttl=A_MINUTE,
    template="dashboard/_active_session.html", by_time=True,
)  # fmt: skip
def active_session(client_id: UUID) -> dict[str, object]:
    """What charges now, with the energy so far as estimated at `as_of`; `session` is None if nothing does."""
    session = ChargingSession.objects.active().filter(client_id=client_id).first()
    if session is None:
        return {"session": None}
    booking = Booking.objects.get(pk=session.booking_id)
    return {
        "session": session,
        "booking": booking,
        "energy_wh": energy_so_far_wh(booking, session),
        "as_of": clock.now(),
    }


@panel(
    "recent-payments", audience="client", stale_on={"payment_update"}, ttl=A_MINUTE,
    template="dashboard/_recent_payments.html",
)  # fmt: skip
def recent_payments(client_id: UUID) -> dict[str, object]:
    """The latest attempts to pay, newest first."""
    return {"payments": newest(Payment.objects.filter(client_id=client_id), by="created_at", limit=PAYMENTS_SHOWN)}
