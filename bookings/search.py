"""Finding stations: by the beginnings of words, near a place, by plug and power, free at a time."""

import base64
import datetime as dt
import json
from dataclasses import dataclass
from uuid import UUID

from bookings.availability import free_evse_counts, next_slot, taken_slots
from bookings.candidates import Candidate, Key, in_order, narrow
from bookings.geo import Point
from bookings.models import Client, Evse, Station, Tariff
from bookings.slots import period_of
from evbunker.paging import BadCursor

USUAL_RADIUS_KM = 50.0
MOST_EXAMINED = 2000
"""Stations looked at for one page; who filters harder gets fewer rows, even none, and a cursor to go on from."""


@dataclass(frozen=True)
class StationRow:
    """A station in a list. Prices are None where it has no tariff in its own currency, the distance without a place."""

    id: UUID
    name: str
    network: str
    address: str
    city: str
    country: str
    latitude: float
    longitude: float
    time_zone: str
    status: str
    bookable: bool
    evse_count: int
    free_evses: int
    max_power_w: int
    connector_types: list[str]
    currency: str
    per_kwh_minor: int | None
    per_hour_minor: int | None
    distance_m: int | None


@dataclass(frozen=True)
class StationPage:
    """Some stations, and the cursor of those after them (None at the end).

    A page may be short, even empty, although there are more: so many stations did not fit.
    """

    items: list[StationRow]
    next: str | None


FOUND_OUT = {"free_evses", "per_kwh_minor", "per_hour_minor", "distance_m"}
COPIED = [name for name in StationRow.__dataclass_fields__ if name not in FOUND_OUT]
"""The fields of a row that the station itself has."""


@dataclass(frozen=True)
class Wanted:
    """What a station must offer; see `find_stations`."""

    connector: str
    min_power_w: int
    free_from: dt.datetime | None
    minutes: int

    @property
    def narrows_evses(self) -> bool:
        """Whether not every EVSE will do."""
        return bool(self.connector or self.min_power_w)


@dataclass(frozen=True)
class Found:
    """A station that offers what is wanted."""

    candidate: Candidate
    free_evses: int


def find_stations(
    *, text: str = "", near: tuple[float, float] | None = None, radius_km: float | None = None, connector: str = "",
    min_power_w: int = 0, free_from: dt.datetime | None = None, minutes: int = 60, cursor: str = "", limit: int = 50,
    client: Client | None = None,
) -> StationPage:  # fmt: skip
    """Bookable stations first, then by distance from `near` or by name.

    Every word of `text` must begin a word of name, network or city. `connector` and `min_power_w` must be met by one
    EVSE, and with `free_from` such an EVSE must be free for `minutes` from then on. `free_evses` counts all that are
    free then, or from the next slot on. Raises BadCursor.
    """
    wanted = Wanted(connector, min_power_w, free_from, minutes)
    narrowed = narrow(text, connector)
    chunks = in_order(
        narrowed, near=Point(*near) if near else None, radius_m=(radius_km or USUAL_RADIUS_KM) * 1000,
        stations=Station.objects.visible_to(client), after=_decoded(cursor, near=near is not None),
    )  # fmt: skip
    rows: list[StationRow] = []
    examined = 0
    reached: Key = ()
    for chunk in chunks:
        found = _fitting([one for one in chunk if narrowed.has_the_rest(one.station)], wanted)
        room = limit - len(rows)
        rows += _rows(found[:room])
        if len(found) > room:
            reached = found[room - 1].candidate.key if room else reached
            return StationPage(rows, _encoded(reached))
        examined, reached = examined + len(chunk), chunk[-1].key
        if examined >= MOST_EXAMINED:
            return StationPage(rows, _encoded(reached))
    return StationPage(rows, None)


def _fitting(chunk: list[Candidate], wanted: Wanted) -> list[Found]:
    """Those that offer what is wanted, and how many of their EVSEs are free."""
    able = [one for one in chunk if _may_offer(one.station, wanted)]
    starts_at = wanted.free_from or next_slot()
    free = free_evse_counts([one.station for one in able], starts_at, wanted.minutes)
    if wanted.free_from:
        able = [one for one in able if free[one.station.pk]]
    offering = _with_one_evse([one.station.pk for one in able], wanted)
    return [Found(one, free[one.station.pk]) for one in able if offering is None or one.station.pk in offering]


def _may_offer(station: Station, wanted: Wanted) -> bool:
    """Whether its EVSEs together have the plug and the power."""
    plugs = not wanted.connector or wanted.connector in station.connector_types
    return plugs and station.max_power_w >= wanted.min_power_w


def _with_one_evse(station_ids: list[UUID], wanted: Wanted) -> set[UUID] | None:
    """Those of which one EVSE has plug and power, and is free if that is wanted; None if that needs no looking up."""
    if not (wanted.connector and wanted.min_power_w) and not (wanted.narrows_evses and wanted.free_from):
        return None
    strong = Evse.objects.filter(station_id__in=station_ids, max_power_w__gte=wanted.min_power_w)
    fitting = {
        pk: station_id
        for pk, station_id, plugs in (strong.bookable() if wanted.free_from else strong).values_list(
            "pk", "station_id", "connector_types"
        )
        if not wanted.connector or wanted.connector in plugs
    }
    taken = taken_slots(fitting, period_of(wanted.free_from, wanted.minutes).slots()) if wanted.free_from else {}
    return {station_id for pk, station_id in fitting.items() if not taken.get(pk)}


def _rows(found: list[Found]) -> list[StationRow]:
    tariffs = Tariff.objects.in_bulk({one.candidate.station.tariff_id for one in found} - {None})
    return [_row(one, tariffs.get(one.candidate.station.tariff_id)) for one in found]


def _row(found: Found, tariff: Tariff | None) -> StationRow:
    station = found.candidate.station
    priced = tariff is not None and tariff.currency == station.currency
    return StationRow(
        **{name: getattr(station, name) for name in COPIED},
        free_evses=found.free_evses,
        per_kwh_minor=tariff.per_kwh_minor if tariff and priced else None,
        per_hour_minor=tariff.per_hour_minor if tariff and priced else None,
        distance_m=found.candidate.distance_m,
    )


def _encoded(key: Key) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def _decoded(cursor: str, *, near: bool) -> Key | None:
    """The key a cursor stands for; it must be one of a search of the same kind."""
    if not cursor:
        return None
    try:
        key = tuple(json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))))
    except (ValueError, TypeError) as error:
        raise BadCursor from error
    kinds = (int, int, str) if near else (str,)
    if tuple(type(part) for part in key) != kinds:
        raise BadCursor
    return key
