"""The rows that make scarcity: who owns which slot, seat and hour. Everything here runs inside a unit of work."""

import datetime as dt
from collections.abc import Iterable
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from bookings.models import Booking, Client, ClientSeat, ClientSlot, SlotClaim
from bookings.slots import Period
from evbunker import clock
from evbunker.db import Repeated, insert, prepare

MOST_HOLDS = 2
"""Unpaid holds a client may have at once."""
SEATS = range(1, MOST_HOLDS + 1)


def claims_of(booking: Booking, period: Period) -> list[Repeated]:
    """What makes every slot of `period` the booking's and its client's; unique indexes refuse what is taken."""
    slots, who = period.slots(), {"booking_id": booking.pk}
    return [
        Repeated(SlotClaim(evse_id=booking.evse_id, slot=slots.start, **who), "slot", slots),
        Repeated(ClientSlot(client_id=booking.client_id, slot=slots.start, **who), "slot", slots),
    ]


def claim_slots(*, booking: Booking, period: Period) -> None:
    """Take every slot of `period` for `booking`; the unique index refuses a taken one with IntegrityError."""
    insert(prepare(claims_of(booking, period)))


def free_seat(client: Client) -> int | None:
    """The first of the client's seats for unpaid holds that nobody sits on; None if all are taken."""
    taken = set(ClientSeat.objects.filter(client=client).values_list("seat", flat=True))
    return next((seat for seat in SEATS if seat not in taken), None)


def seat_of(booking: Booking, seat: int) -> ClientSeat:
    """What makes this seat the booking's."""
    return ClientSeat(client_id=booking.client_id, seat=seat, booking_id=booking.pk)


def leave_seat(booking: Booking) -> None:
    """The booking is no longer an unpaid hold."""
    ClientSeat.objects.filter(booking=booking).delete()


def release(booking: Booking) -> None:
    """Give back all that the booking owned. Safe to repeat."""
    SlotClaim.objects.filter(booking=booking).delete()
    ClientSlot.objects.filter(booking=booking).delete()
    leave_seat(booking)


def claims_on(evse_ids: Iterable[UUID], slots: range) -> QuerySet[SlotClaim]:
    """Claims of these EVSEs within `slots`."""
    return SlotClaim.objects.filter(evse_id__in=list(evse_ids), slot__gte=slots.start, slot__lt=slots.stop)


def takeover_cutoff() -> dt.datetime:
    """Holds with a deadline at or before this may be taken over: the grace covers clocks that disagree."""
    return clock.now() - dt.timedelta(seconds=settings.BOOKING_TAKEOVER_GRACE_SECONDS)


def lapsed(booking_ids: Iterable[UUID]) -> QuerySet[Booking]:
    """Those of these bookings whose hold may be taken over."""
    return Booking.objects.held().filter(pk__in=list(booking_ids), expires_at__lte=takeover_cutoff())
