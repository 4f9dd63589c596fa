"""Which bookings were their clients' first: for those from before it was noted as they were confirmed."""

import datetime as dt
from collections.abc import Iterator
from uuid import UUID

from bookings.models import Booking, ClientTotal
from bookings.stale_days import mark_booking
from evbunker.db import atomic, claim, lowest

CLIENTS_AT_A_TIME = 100


def mark_first_bookings() -> int:
    """Mark the earliest paid booking of each client of whom none is marked; how many. Safe to repeat and at once."""
    return sum(_mark(first) for clients in _clients() for first in _first_of(clients))


def _clients() -> Iterator[list[UUID]]:
    """Those who have paid bookings, by the sums of what they saved."""
    last = UUID(int=0)
    while rows := lowest(ClientTotal.objects.filter(client_id__gt=last), by="client_id", limit=CLIENTS_AT_A_TIME):
        last = rows[-1].client_id
        yield [row.client_id for row in rows]


def _first_of(clients: list[UUID]) -> Iterator[UUID]:
    paid: dict[UUID, list[tuple[dt.datetime, UUID]]] = {}
    known = set()
    rows = Booking.objects.filter(client_id__in=clients)
    for pk, client_id, status, at, is_first in rows.values_list(
        "pk", "client_id", "status", "confirmed_at", "is_first"
    ):
        if is_first:
            known.add(client_id)
        elif at is not None and status in Booking.PAID:
            paid.setdefault(client_id, []).append((at, pk))
    return (min(bookings)[1] for client, bookings in paid.items() if client not in known)


@atomic
def _mark(booking_id: UUID) -> bool:
    if not claim(Booking.objects.filter(pk=booking_id, is_first=False), is_first=True):
        return False
    mark_booking(Booking.objects.get(pk=booking_id))
    return True
