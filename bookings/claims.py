"""The rows that make scarcity: who owns which slot, seat and hour. Everything here runs inside a unit of work."""

import datetime as dt
from collections.abc import Iterable
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from bookings.models import Booking, Client, ClientSeat, ClientSlot, Evse, SlotClaim
from bookings.slots import Period
from evbunker import clock

MOST_HOLDS = 2
"""Unpaid holds a client may have at once: the numbers of its seats."""


def claim_slots(*, booking: Booking, evse: Evse, period: Period) -> None:
    """Take every slot of `period` for `booking`; the unique index refuses a taken one with IntegrityError."""
    SlotClaim.objects.bulk_create([SlotClaim(evse=evse, slot=slot, booking=booking) for slot in period.slots()])
    ClientSlot.objects.bulk_create(
        [ClientSlot(client_id=booking.client_id, slot=slot, booking=booking) for slot in period.slots()]
    )


def take_seat(*, booking: Booking, client: Client) -> bool:
    """Take one of the client's seats for unpaid holds; False if all are taken."""
    taken = set(ClientSeat.objects.filter(client=client).values_list("seat", flat=True))
    free = next((seat for seat in range(1, MOST_HOLDS + 1) if seat not in taken), None)
    if free is None:
        return False
    ClientSeat.objects.create(client=client, seat=free, booking=booking)
    return True


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
