"""Which stations an operator looks for, in the order of `Station.sort_key`: bookable ones first, then by name.

Words are looked up as drivers' search does. One filter chooses the index, the others are compared row by row. A page
ends when it is full or when LOOKED_AT stations were looked through, and says how far that came.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from typing import NamedTuple
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from bookings.candidates import COMMON, Narrowed, in_order, narrow
from bookings.models import Evse, Station, Tariff
from bookings.words import folded
from evbunker.db import lowest
from evbunker.paging import PAGE

LOOKED_AT = 1000
AT_ONCE = 100
MOST_REFRESHED = 200
"""So many rows a page that somebody keeps open may grow to by itself."""
MOST_ON_MAP = 300
"""So many stations a map shows at once; it says so where there are more."""
BOOKABLE, NOT_BOOKABLE = "yes", "no"
FIRST_NOT_BOOKABLE = "1"
"""Sort keys of bookable stations begin with 0, those of others with 1."""
NO_TARIFF, OTHER_CURRENCY, NO_EVSES, ALL_DOWN = "no_tariff", "other_currency", "no_evses", "all_down"
RARE_STATUSES = (Station.Status.CLOSED, Station.Status.RETIRED)
BAR = 1000
"""The state bar's length, in its own units."""


@dataclass(frozen=True)
class Wanted:
    """What the stations of a list have in common. `evse`: one of its EVSEs is in that state; `bookable`: BOOKABLE,
    NOT_BOOKABLE or why not. Empty: any."""

    q: str = ""
    status: str = ""
    evse: str = ""
    bookable: str = ""
    network: str = ""
    country: str = ""

    @property
    def is_filtered(self) -> bool:
        return any(getattr(self, one.name) for one in fields(self))

    def fits(self, seen: "Seen") -> bool:
        """Has it all that is wanted, apart from the words of `q`, by which it was found?"""
        why_not = seen.why_not
        return all(
            (
                self.status in ("", seen.station.status),
                self.country in ("", seen.station.country),
                folded(self.network) in folded(seen.station.network),
                not self.evse or seen.states[self.evse] > 0,
                self.bookable in ("", why_not or BOOKABLE, NOT_BOOKABLE if why_not else BOOKABLE),
            )
        )


class Share(NamedTuple):
    """One part of the bar of a station's EVSEs."""

    state: str
    evses: int
    offset: int
    length: int


@dataclass(frozen=True)
class Seen:
    """A station of the list, how many of its EVSEs are in which state, and why it cannot be booked: "" if it can."""

    station: Station
    states: Counter[str]
    why_not: str

    @property
    def evses(self) -> int:
        return sum(self.states.values())

    @property
    def shares(self) -> list[Share]:
        """Its EVSEs' states side by side, each as long as its count; states that none is in are left out."""
        found, before = [], 0
        for state in Evse.Status.values:
            if count := self.states[state]:
                offset, end = BAR * before // self.evses, BAR * (before + count) // self.evses
                found.append(Share(state, count, offset, end - offset))
                before += count
        return found

    @property
    def available(self) -> int:
        return self.states[Evse.Status.AVAILABLE]

    @property
    def tone(self) -> str:
        """How its pin looks on a map."""
        if any(self.states[down] for down in (Evse.Status.FAULTED, Evse.Status.OUT_OF_SERVICE)):
            return "trouble"
        if self.why_not:
            return "calm"
        return "energy" if self.available else "wait"


@dataclass(frozen=True)
class Found:
    """One page. `next` is the cursor after it, empty at the end; `looked_on` says that it ends without being full."""

    rows: list[Seen] = field(default_factory=list)
    next: str = ""
    looked_on: bool = False
    gap: bool = False


def find(wanted: Wanted, *, cursor: str = "", down_to: str = "") -> Found:
    """The page of what is `wanted` behind `cursor`; with `down_to`, what stands down to that cursor now."""
    most = MOST_REFRESHED if down_to else PAGE
    rows: list[Seen] = []
    last, looked = cursor, 0
    for seen in _walk(wanted, cursor):
        key = seen.station.sort_key
        if down_to and key > down_to:
            return Found(rows, down_to)
        if wanted.fits(seen):
            if len(rows) == most:
                return Found(rows, last, gap=bool(down_to))
            rows.append(seen)
        last, looked = key, looked + 1
        if looked == LOOKED_AT:
            return Found(rows, last, looked_on=True)
    return Found(rows)


def _walk(wanted: Wanted, cursor: str) -> Iterator[Seen]:
    """Candidates behind `cursor`, in order."""
    narrowed = _with_state(narrow(f"{wanted.q} {wanted.network}", ""), wanted.evse)
    stations = Station.objects.filter(**_narrowest(wanted))
    if wanted.bookable == BOOKABLE:
        stations = stations.filter(sort_key__lt=FIRST_NOT_BOOKABLE)
    elif wanted.bookable:
        cursor = max(cursor, FIRST_NOT_BOOKABLE)
    after = (cursor,) if cursor else None
    for found in in_order(narrowed, near=None, radius_m=0, stations=stations, after=after):
        yield from look_at([one.station for one in found if narrowed.has_the_rest(one.station)])


def _narrowest(wanted: Wanted) -> dict[str, str]:
    """The one filter that chooses the index."""
    if wanted.status in RARE_STATUSES:
        return {"status": wanted.status}
    return {"country": wanted.country} if wanted.country else {}


def _with_state(narrowed: Narrowed, state: str) -> Narrowed:
    """Only stations with an EVSE in `state`, if those are few enough to help."""
    if not state:
        return narrowed
    found = set(Evse.objects.filter(status=state).values_list("station_id", flat=True)[: COMMON + 1])
    if len(found) > COMMON:
        return narrowed
    return Narrowed(found if narrowed.ids is None else found & narrowed.ids, narrowed.unasked)


def look_at(stations: Iterable[Station]) -> list[Seen]:
    """These stations with the states of their EVSEs; two queries for all."""
    shown = list(stations)
    states = states_of([station.pk for station in shown])
    tariffs = Tariff.objects.in_bulk({station.tariff_id for station in shown} - {None})
    return [
        Seen(station, states[station.pk], why_not_bookable(station, states[station.pk], tariffs.get(station.tariff_id)))
        for station in shown
    ]


def states_of(station_ids: list[UUID]) -> dict[UUID, Counter[str]]:
    """Station -> how many of its EVSEs are in which state."""
    states: dict[UUID, Counter[str]] = defaultdict(Counter)
    evses = Evse.objects.filter(station_id__in=station_ids)
    for row in evses.values("station_id", "status").annotate(n=Count("pk")):
        states[row["station_id"]][row["status"]] = row["n"]
    return states


def why_not_bookable(station: Station, states: Counter[str], tariff: Tariff | None) -> str:
    """The first reason there is, as `Wanted.bookable` names it; "" if drivers can book it."""
    if station.status != Station.Status.ACTIVE:
        return station.status
    if tariff is None:
        return NO_TARIFF
    if tariff.currency != station.currency:
        return OTHER_CURRENCY
    if not sum(states.values()):
        return NO_EVSES
    down = states[Evse.Status.FAULTED] + states[Evse.Status.OUT_OF_SERVICE]
    return ALL_DOWN if down == sum(states.values()) else ""


class Box(NamedTuple):
    """A part of the map, in degrees. One that crosses the date line has its west east of its east."""

    south: float
    west: float
    north: float
    east: float

    @classmethod
    def parse(cls, text: str) -> "Box | None":
        """`south,west,north,east`; None for anything else."""
        try:
            south, west, north, east = (float(part) for part in text.split(","))
        except ValueError:
            return None
        if not (-90 <= south <= north <= 90 and abs(west) <= 540 and west <= east <= 540):
            return None
        return cls(south, -180, north, 180) if east - west >= 360 else cls(south, _turned(west), north, _turned(east))


def _turned(longitude: float) -> float:
    return (longitude + 180) % 360 - 180


def within(box: Box | None) -> tuple[list[Seen], bool]:
    """The stations on a map, MOST_ON_MAP at most, in the order of their names, and whether there are more."""
    stations, more = (_first(), False) if box is None else _inside(box)
    shown = sorted(stations[:MOST_ON_MAP], key=lambda station: station.sort_key)
    rows = [seen for n in range(0, len(shown), AT_ONCE) for seen in look_at(shown[n : n + AT_ONCE])]
    return rows, more or len(stations) > MOST_ON_MAP


def _first() -> list[Station]:
    found: list[Station] = []
    reached = ""
    while len(found) <= MOST_ON_MAP:
        batch = lowest(Station.objects.filter(sort_key__gt=reached), by="sort_key", limit=AT_ONCE)
        found += batch
        if len(batch) < AT_ONCE:
            break
        reached = batch[-1].sort_key
    return found


def _inside(box: Box) -> tuple[list[Station], bool]:
    """From the south on, and whether some were passed over: more than AT_ONCE that stand on one very latitude."""
    found: dict[UUID, Station] = {}
    reached = box.south
    while len(found) <= MOST_ON_MAP:
        batch = lowest(_between(box, reached), by="latitude", limit=AT_ONCE)
        new = {station.pk: station for station in batch if station.pk not in found}
        found |= new
        if len(batch) < AT_ONCE or not new:
            return list(found.values()), len(batch) == AT_ONCE
        reached = batch[-1].latitude
    return list(found.values()), True


def _between(box: Box, south: float) -> QuerySet[Station]:
    across = Q(longitude__gte=box.west, longitude__lte=box.east)
    if box.west > box.east:
        across = Q(longitude__gte=box.west) | Q(longitude__lte=box.east)
    return Station.objects.filter(across, latitude__gte=south, latitude__lte=box.north)
