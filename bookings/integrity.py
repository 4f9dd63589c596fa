"""Does everything fit? Reads all rows, changes nothing; `manage.py check_integrity` and every race test run it."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from bookings import outages
from bookings.claims import MOST_HOLDS
from bookings.merging import MERGED
from bookings.models import (
    Booking,
    ChargingSession,
    ClientSeat,
    ClientSlot,
    ClientTotal,
    EcoStat,
    Evse,
    SlotClaim,
    Station,
)
from bookings.slots import Period
from bookings.totals import SUMMED

AT_A_TIME = 2000


def findings() -> Iterator[str]:
    """One sentence for each thing that does not fit."""
    bookings = {row[0]: row for row in _rows(Booking.objects.all(), "id", *BOOKING_FIELDS)}
    yield from claim_findings(bookings)
    yield from seat_findings(bookings)
    yield from extension_findings(bookings)
    yield from session_findings(bookings)
    yield from eco_findings(bookings)
    yield from total_findings()
    yield from station_findings()
    yield from outages.findings()


BOOKING_FIELDS = (
    "status", "evse_id", "client_id", "starts_at", "ends_at", "energy_budget_wh", "extends_id", "ended_reason",
    "confirmed_at",
)  # fmt: skip


def _rows(queryset: QuerySet[Any], *fields: str) -> Iterator[tuple[Any, ...]]:
    return queryset.values_list(*fields).iterator(chunk_size=AT_A_TIME)


def claim_findings(bookings: dict[UUID, tuple[Any, ...]]) -> Iterator[str]:
    """Live bookings own exactly their slots, on the EVSE and in the client's time; nobody else owns any."""
    claims: dict[UUID, set[tuple[UUID, int]]] = defaultdict(set)
    seen: Counter[tuple[UUID, int]] = Counter()
    for evse_id, slot, booking_id in _rows(SlotClaim.objects.all(), "evse_id", "slot", "booking_id"):
        seen[evse_id, slot] += 1
        if booking_id is not None:
            claims[booking_id].add((evse_id, slot))
    times: dict[UUID, set[tuple[UUID, int]]] = defaultdict(set)
    for client_id, slot, booking_id in _rows(ClientSlot.objects.all(), "client_id", "slot", "booking_id"):
        times[booking_id].add((client_id, slot))
    yield from (f"EVSE {evse} has {n} claims on slot {slot}" for (evse, slot), n in seen.items() if n > 1)
    for booking_id, (_id, status, evse_id, client_id, starts_at, ends_at, *_rest) in bookings.items():
        slots = Period(starts_at, ends_at).slots() if status in Booking.LIVE else range(0)
        if claims.pop(booking_id, set()) != {(evse_id, slot) for slot in slots}:
            yield f"booking {booking_id} ({status}) does not own exactly its slots"
        if times.pop(booking_id, set()) != {(client_id, slot) for slot in slots}:
            yield f"booking {booking_id} ({status}) does not own exactly its client's time"
    yield from (f"claims of a booking {booking_id} that does not exist" for booking_id in {*claims, *times})


def seat_findings(bookings: dict[UUID, tuple[Any, ...]]) -> Iterator[str]:
    """Held bookings, and no others, sit on one seat each."""
    seats = Counter(row[0] for row in _rows(ClientSeat.objects.all(), "booking_id"))
    for booking_id, row in bookings.items():
        expected = int(row[1] == Booking.Status.HELD)
        if seats.pop(booking_id, 0) != expected:
            yield f"booking {booking_id} ({row[1]}) should have {expected} hold seats"
    yield from (f"hold seat of a booking {booking_id} that does not exist" for booking_id in seats)
    crowded = [row for row in _rows(ClientSeat.objects.all(), "client_id", "seat") if not 1 <= row[1] <= MOST_HOLDS]
    yield from (f"client {client_id} has a hold seat number {seat}" for client_id, seat in crowded)


def extension_findings(bookings: dict[UUID, tuple[Any, ...]]) -> Iterator[str]:
    """Time added to a booking is held, was given up, or became part of that one, which is or was sure."""
    for booking_id, row in bookings.items():
        status, extends_id, ended_reason = row[1], row[-3], row[-2]
        if (status == Booking.Status.COMPLETED and extends_id is not None) != (ended_reason == MERGED):
            yield f"booking {booking_id} is {status} ({ended_reason}), though it extends {extends_id}"
        if extends_id is None:
            continue
        if status not in EXTENSION:
            yield f"extension {booking_id} is {status}"
        root = bookings.get(extends_id)
        if root is None or root[-1] is None or root[-3] is not None:
            yield f"extension {booking_id} is not one of a booking that was sure"


EXTENSION = (Booking.Status.HELD, Booking.Status.EXPIRED, Booking.Status.CANCELLED, Booking.Status.COMPLETED)
SESSION_OF = {
    Booking.Status.CONFIRMED: ChargingSession.Status.SCHEDULED,
    Booking.Status.IN_USE: ChargingSession.Status.ACTIVE,
    Booking.Status.COMPLETED: ChargingSession.Status.COMPLETED,
    Booking.Status.NO_SHOW: ChargingSession.Status.ABORTED,
}


def session_findings(bookings: dict[UUID, tuple[Any, ...]]) -> Iterator[str]:
    """Every booking that is or was paid has one charging session in the state that fits; no other has any."""
    sessions: dict[UUID, list[str]] = defaultdict(list)
    for booking_id, status in _rows(ChargingSession.objects.all(), "booking_id", "status"):
        sessions[booking_id].append(status)
    for booking_id, row in bookings.items():
        found, expected = sessions.pop(booking_id, []), SESSION_OF.get(row[1])
        if row[1] == Booking.Status.CANCELLED and row[-1] is not None:
            expected = ChargingSession.Status.ABORTED  # it was paid before it was given up
        if row[-3] is not None:
            expected = None  # time that was added to a booking has that one's session
        if found != ([expected] if expected else []):
            yield f"booking {booking_id} ({row[1]}) has charging sessions {found}"
    yield from (f"charging session of a booking {booking_id} that does not exist" for booking_id in sessions)


def eco_findings(bookings: dict[UUID, tuple[Any, ...]]) -> Iterator[str]:
    """Bookings that are paid and used, or may still be, have one eco stat; no other has any."""
    stats = Counter(row[0] for row in _rows(EcoStat.objects.all(), "booking_id"))
    for booking_id, row in bookings.items():
        counts = row[1] in (Booking.Status.CONFIRMED, Booking.Status.IN_USE, Booking.Status.COMPLETED)
        expected = int(counts and row[-3] is None)
        if (found := stats.pop(booking_id, 0)) != expected:
            yield f"booking {booking_id} ({row[1]}) has {found} eco stats instead of {expected}"
    yield from (f"eco stat of a booking {booking_id} that does not exist" for booking_id in stats)


def total_findings() -> Iterator[str]:
    """Every client's total is the sum of its eco stats."""
    sums: dict[UUID, Counter[str]] = defaultdict(Counter)
    for client_id, currency, saved, source, *values in _rows(
        EcoStat.objects.all(), "client_id", "currency", "money_saved_minor", "source", *SUMMED
    ):
        total = sums[client_id]
        total["sessions"] += 1
        total[currency] += saved or 0
        for name, value in zip(SUMMED, values, strict=True):
            total[name] += value or 0
        if source == "estimated":
            total["estimated_energy_wh"] += values[SUMMED.index("energy_wh")]
    names = ("sessions", "estimated_energy_wh", *SUMMED)
    for client_id, money, *values in _rows(ClientTotal.objects.all(), "client_id", "money_saved", *names):
        kept = Counter({**dict(zip(names, values, strict=True)), **money})
        if _nonzero(kept) != _nonzero(sums.pop(client_id, Counter())):
            yield f"the total of client {client_id} is not the sum of its eco stats"
    yield from (f"client {client_id} has eco stats but no total" for client_id in sums)


def _nonzero(sums: Counter[str]) -> dict[str, int]:
    return {name: value for name, value in sums.items() if value}


def station_findings() -> Iterator[str]:
    """What a station says of its EVSEs is what they are."""
    counts = Counter(row[0] for row in _rows(Evse.objects.all(), "station_id"))
    for station_id, count in _rows(Station.objects.all(), "id", "evse_count"):
        if counts.pop(station_id, 0) != count:
            yield f"station {station_id} says it has {count} EVSEs"
    yield from (f"EVSE of a station {station_id} that does not exist" for station_id in counts)
