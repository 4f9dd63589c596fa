"""Finding stations: by the beginnings of words, near a place, by plug and power, free at a time.

Words and plugs are read from `SearchWord`, places from a box of coordinates, everything else in the order of
`sort_key`: each by its index, a bounded number of rows at a time.
"""

import base64
import datetime as dt
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import reduce
from operator import or_
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from bookings.availability import free_evse_counts, next_slot
from bookings.geo import Point, box_around, distance_m
from bookings.models import Client, Evse, SearchWord, Station, Tariff
from bookings.words import MOST_WORDS, beginning_with, connector_word, words_of
from evbunker.db import lowest
from evbunker.errors import DomainError

USUAL_RADIUS_KM = 50.0
CHUNK = 100
MOST_EXAMINED = 2000
"""Stations looked at for one page; who filters harder gets fewer rows and a cursor to go on from."""

Key = tuple[int | str, ...]


class BadCursor(DomainError):
    code, status = "invalid", 422
    field = "cursor"
    message = _("This is not a cursor of this search. Start again without one.")


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
    """Some stations, and the cursor of those after them (None at the end)."""

    items: list[StationRow]
    next: str | None


@dataclass(frozen=True)
class Wanted:
    """What is looked for; see `find_stations`."""

    text: str
    near: Point | None
    radius_km: float
    connector: str
    min_power_w: int
    free_from: dt.datetime | None
    minutes: int


@dataclass(frozen=True)
class Found:
    """A station, where it stands in the order, and how far away it is."""

    station: Station
    key: Key
    distance_m: int | None


def find_stations(
    *, text: str = "", near: tuple[float, float] | None = None, radius_km: float | None = None, connector: str = "",
    min_power_w: int = 0, free_from: dt.datetime | None = None, minutes: int = 60, cursor: str = "", limit: int = 50,
    client: Client | None = None,
) -> StationPage:  # fmt: skip
    """Bookable stations first, then by distance from `near` or by name.

    Every word of `text` must begin a word of name, network or city. `connector` and `min_power_w` must be met by one
    EVSE. With `free_from` only stations with an EVSE free for `minutes` from then on. Raises BadCursor.
    """
    point = Point(*near) if near else None
    wanted = Wanted(text, point, radius_km or USUAL_RADIUS_KM, connector, min_power_w, free_from, minutes)
    after = _decoded(cursor, near=point is not None)
    rows: list[StationRow] = []
    examined: list[Key] = []
    for chunk in _chunks(_in_order(wanted, Station.objects.visible_to(client), after)):
        for found, row in _rows(chunk, wanted):
            if len(rows) == limit or len(examined) == MOST_EXAMINED:
                return StationPage(rows, _encoded(examined[-1]))
            examined.append(found.key)
            if row is not None:
                rows.append(row)
    return StationPage(rows, None)


def _in_order(wanted: Wanted, stations: QuerySet[Station], after: Key | None) -> Iterator[Found]:
    """Candidates after the cursor, in order."""
    ids = _ids_by_words(wanted)
    if wanted.near is not None:
        yield from _by_distance(wanted.near, wanted.radius_km, stations, ids, after)
    elif ids is not None:
        found = [Found(station, (station.sort_key,), None) for station in stations.filter(pk__in=ids)]
        yield from sorted((one for one in found if after is None or one.key > after), key=lambda one: one.key)
    else:
        yield from _by_name(stations, after)


def _ids_by_words(wanted: Wanted) -> set[UUID] | None:
    """Stations that have every word that was asked for; None if none was."""
    asked = [beginning_with(word) for word in sorted(words_of(wanted.text), key=len, reverse=True)[:MOST_WORDS]]
    if wanted.connector:
        asked.append({"word": connector_word(wanted.connector)})
    ids: set[UUID] | None = None
    for filters in asked:
        found = set(SearchWord.objects.filter(**filters, station__isnull=False).values_list("station_id", flat=True))
        ids = found if ids is None else ids & found
        if not ids:
            break
    return ids


def _by_distance(
    near: Point, radius_km: float, stations: QuerySet[Station], ids: set[UUID] | None, after: Key | None
) -> Iterator[Found]:  # fmt: skip
    box = box_around(near, radius_km * 1000)
    east_west = reduce(or_, (Q(longitude__gte=west, longitude__lte=east) for west, east in box.longitudes))
    found = []
    for station in stations.filter(east_west, latitude__gte=box.south, latitude__lte=box.north):
        away = distance_m(near, Point(station.latitude, station.longitude))
        if away <= radius_km * 1000 and (ids is None or station.pk in ids):
            found.append(Found(station, (0 if station.bookable else 1, away, station.pk.hex), away))
    yield from sorted((one for one in found if after is None or one.key > after), key=lambda one: one.key)


def _by_name(stations: QuerySet[Station], after: Key | None) -> Iterator[Found]:
    reached = str(after[0]) if after else ""
    while True:
        chunk = lowest(stations.filter(sort_key__gt=reached), by="sort_key", limit=CHUNK)
        yield from (Found(station, (station.sort_key,), None) for station in chunk)
        if len(chunk) < CHUNK:
            return
        reached = chunk[-1].sort_key


def _chunks(found: Iterator[Found]) -> Iterator[list[Found]]:
    chunk: list[Found] = []
    for one in found:
        chunk.append(one)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _rows(chunk: list[Found], wanted: Wanted) -> Iterator[tuple[Found, StationRow | None]]:
    """Each candidate with its row, or None if it does not fit."""
    stations = [found.station for found in chunk]
    fitting = _with_evse(stations, wanted)
    free = free_evse_counts(stations, wanted.free_from or next_slot(), wanted.minutes)
    tariffs = Tariff.objects.in_bulk({station.tariff_id for station in stations if station.tariff_id})
    for found in chunk:
        station = found.station
        fits = station.pk in fitting and not (wanted.free_from and not free[station.pk])
        tariff = tariffs.get(station.tariff_id) if station.tariff_id else None
        yield found, _row(found, free[station.pk], tariff) if fits else None


def _with_evse(stations: Iterable[Station], wanted: Wanted) -> set[UUID]:
    """Those that have one EVSE with both the plug and the power."""
    ids = {station.pk for station in stations if station.max_power_w >= wanted.min_power_w}
    if not (wanted.connector and wanted.min_power_w):
        return ids
    strong = Evse.objects.filter(station_id__in=ids, max_power_w__gte=wanted.min_power_w)
    return {
        station_id
        for station_id, connectors in strong.values_list("station_id", "connector_types")
        if wanted.connector in connectors
    }


def _row(found: Found, free: int, tariff: Tariff | None) -> StationRow:
    station = found.station
    priced = tariff is not None and tariff.currency == station.currency
    copied = {
        name: getattr(station, name)
        for name in StationRow.__dataclass_fields__
        if name not in {"free_evses", "per_kwh_minor", "per_hour_minor", "distance_m"}
    }
    return StationRow(
        **copied,
        free_evses=free,
        per_kwh_minor=tariff.per_kwh_minor if priced and tariff else None,
        per_hour_minor=tariff.per_hour_minor if priced and tariff else None,
        distance_m=found.distance_m,
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
