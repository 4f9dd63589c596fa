"""The board: one local day of a station, EVSE by EVSE, as its claims make it."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from uuid import UUID
from zoneinfo import ZoneInfo

from adminpanel.addresses import address_of
from bookings.claims import claims_on
from bookings.models import Booking, Evse, Station
from bookings.opening import open_intervals
from bookings.slots import MOST_SLOTS, SLOT_SECONDS, Period, day_period, slot_of, start_of
from evbunker import clock
from evbunker.moments import format_period, format_time, in_zone, zone_name

BOOKED, BLOCKED, CLOSED, FREE = "booked", "blocked", "closed", "free"
AN_HOUR = 4
"""Slots of a column's heading."""
SHOWN_AFTERWARDS = (Booking.Status.COMPLETED, Booking.Status.NO_SHOW)
"""Bookings that own no slots any more but were paid for, and stay on the board."""
SHOWN = ("evse_id", "client_name", "status", "starts_at", "ends_at", "expires_at", "station_time_zone")
"""Of a booking, without its terms: a day of a large station has hundreds."""
LONGEST = dt.timedelta(seconds=MOST_SLOTS * SLOT_SECONDS)
Owner = tuple[str, UUID | None]
"""What a slot is, and whose."""


@dataclass(frozen=True)
class Piece:
    """Slots of one EVSE in a row that are the same; `booking` is whose they are, if they are booked."""

    kind: str
    first: int
    length: int
    booking: Booking | None = None

    @property
    def starts_at(self) -> dt.datetime:
        return start_of(self.first)

    @property
    def ends_at(self) -> dt.datetime:
        return start_of(self.first + self.length)

    @cached_property
    def when(self) -> str:
        """When the booking is, which may have begun on the day before; written once for table and list."""
        return format_period(self.booking.starts_at, self.booking.ends_at, self.booking.zone) if self.booking else ""

    @cached_property
    def address(self) -> str:
        """Where operators read about the booking."""
        return address_of(self.booking) if self.booking else ""


@dataclass(frozen=True)
class Row:
    """One EVSE on that day, from midnight to midnight."""

    evse: Evse
    pieces: list[Piece]

    @property
    def busy(self) -> list[Piece]:
        """What a list tells of the day."""
        return [piece for piece in self.pieces if piece.kind in (BOOKED, BLOCKED)]


@dataclass(frozen=True)
class Column:
    """The heading of up to four slots: the hour they begin with, by the station's clock."""

    label: str
    length: int


@dataclass(frozen=True)
class Board:
    """A station's local day. `now` is how many slots of it are over, with a fraction; None on other days."""

    station: Station
    day: dt.date
    slots: range
    rows: list[Row]
    columns: list[Column]
    now: float | None

    @property
    def closed(self) -> bool:
        """Is it closed all day?"""
        return all(piece.kind == CLOSED for row in self.rows for piece in row.pieces)


def board_of(station: Station, day: dt.date) -> Board:
    """What is on `station` on its local `day`: reads that day's claims and bookings by index, nothing before it."""
    whole = day_period(day, station.zone)
    slots = range(slot_of(whole.starts_at), -(-int(whole.ends_at.timestamp()) // SLOT_SECONDS))
    evses = list(Evse.objects.filter(station=station).order_by("label"))
    owners, bookings = owners_of(evses, whole, slots)
    opened = open_slots(station, day)
    rows = [Row(evse, list(_pieces(owners[evse.pk], bookings, slots, opened))) for evse in evses]
    return Board(station, day, slots, rows, _columns(slots, station.zone), _now(slots))


def owners_of(
    evses: list[Evse], whole: Period, slots: range
) -> tuple[dict[UUID, dict[int, Owner]], dict[UUID, Booking]]:
    """EVSE -> slot -> whose it is, and the bookings named there."""
    owners: dict[UUID, dict[int, Owner]] = defaultdict(dict)
    ids = [evse.pk for evse in evses]
    over = {one.pk: one for one in _over(ids, whole)}
    for booking in over.values():
        theirs = Period(booking.starts_at, booking.ends_at).slots()
        owners[booking.evse_id] |= dict.fromkeys(theirs, (BOOKED, booking.pk))
    live: set[UUID] = set()
    for evse_id, slot, booking_id in claims_on(ids, slots).values_list("evse_id", "slot", "booking_id"):
        owners[evse_id][slot] = (BLOCKED if booking_id is None else BOOKED, booking_id)
        live.add(booking_id)
    return owners, over | Booking.objects.only(*SHOWN).in_bulk(live - {None})


def _over(evse_ids: list[UUID], whole: Period) -> Iterable[Booking]:
    begun = Booking.objects.filter(
        evse_id__in=evse_ids, starts_at__gt=whole.starts_at - LONGEST, starts_at__lt=whole.ends_at
    )
    return (one for one in begun.only(*SHOWN) if one.status in SHOWN_AFTERWARDS and one.ends_at > whole.starts_at)


def open_slots(station: Station, day: dt.date) -> set[int]:
    """Slots of the local `day` that lie wholly within opening hours."""
    intervals = open_intervals(station.opening_hours, station.zone, day)
    return {
        slot
        for starts_at, ends_at in intervals
        for slot in range(-(-int(starts_at.timestamp()) // SLOT_SECONDS), slot_of(ends_at))
    }


def _pieces(owners: dict[int, Owner], bookings: dict[UUID, Booking], slots: range, opened: set[int]) -> Iterable[Piece]:
    def owner_of(slot: int) -> Owner:
        return owners.get(slot, (FREE if slot in opened else CLOSED, None))

    for (kind, booking_id), run in groupby(slots, key=owner_of):
        first, *rest = run
        yield Piece(kind, first, 1 + len(rest), bookings.get(booking_id) if booking_id else None)


def _columns(slots: range, zone: ZoneInfo) -> list[Column]:
    """An hour that comes twice, when the clocks go back, is told apart by its zone."""
    parts = [slots[n : n + AN_HOUR] for n in range(0, len(slots), AN_HOUR)]
    labels = [format_time(start_of(part[0]), zone).removesuffix(":00") for part in parts]
    zones = [zone_name(in_zone(start_of(part[0]), zone)) for part in parts]
    return [
        Column(f"{label} {name}" if labels.count(label) > 1 else label, len(part))
        for label, name, part in zip(labels, zones, parts, strict=True)
    ]


def _now(slots: range) -> float | None:
    passed = clock.now().timestamp() / SLOT_SECONDS - slots.start
    return round(passed, 2) if 0 <= passed < len(slots) else None
