"""Clearing an EVSE for maintenance: whoever booked it gets everything back, and nobody books it meanwhile."""

from uuid import UUID

from django.db import IntegrityError

from bookings.blocking import block, in_the_way, take_over_claims
from bookings.models import Booking, Client, Evse
from bookings.slots import Period
from evbunker.db import atomic
from evbunker.errors import Busy
from payments.closing import close_booking, may_close

TRIES = 20
"""How often somebody may hold a slot between our look and our block before we call the database busy."""


def close_bookings_on(*, evse: Evse, period: Period, actor: Client, note: str) -> list[UUID]:
    """Close the bookings that touch `period`, and block it; which ones were closed. Safe to repeat.

    Each is closed, and its slots within `period` blocked, in one unit of work; then what nobody owns is blocked. A hold
    that comes between is closed in the next round. Raises ReasonMissing, or Busy: then some of it may be done.
    """
    closed: list[UUID] = []
    for _round in range(TRIES):
        found = sorted(in_the_way(evse, period))
        closed += [pk for pk in found if _close_and_block(pk, period=period, actor=actor, note=note)]
        try:
            block(evse=evse, period=period, actor=actor, note=note)
        except IntegrityError:  # somebody was quicker
            continue
        if not in_the_way(evse, period):
            return closed
    raise Busy


@atomic
def _close_and_block(booking_id: UUID, *, period: Period, actor: Client, note: str) -> bool:
    booking = Booking.objects.get(pk=booking_id)
    if not may_close(booking):  # it ended meanwhile, and its slots are free
        return False
    take_over_claims(booking, period)
    return close_booking(booking=booking, actor=actor, note=note)
