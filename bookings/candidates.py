"""Which stations a search has to look at, in the order of its list, a few at a time.

Words and plugs are read from `SearchWord`, places from a box of coordinates, everything else in the order of
`sort_key`: each by its index, and never more than a bounded number of rows.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import reduce
from itertools import islice
from operator import or_
from typing import TypeVar
from uuid import UUID

from django.db.models import Q, QuerySet

from bookings.geo import Point, box_around, distance_m
from bookings.models import SearchWord, Station
from bookings.words import MOST_WORDS, beginning_with, connector_word, words_of, words_to_find
from evbunker.db import lowest

T = TypeVar("T")
Key = tuple[int | str, ...]
"""Where a station stands in the order: its sort key, or bookable first (0), distance and id."""
CHUNK = 100
COMMON = 10_000
"""A word of more stations than this is no help to find them: each is asked for it instead."""
FEW = 500
"""So few stations are asked for the remaining words rather than looking those up."""
MOST_AROUND = 10_000
"""Of a place with more stations around it only the nearest are found."""
LEAST_RADIUS_M = 100


@dataclass(frozen=True)
class Candidate:
    """A station, where it stands in the order, and how far away it is if there is a place to be away from."""

    station: Station
    key: Key
    distance_m: int | None = None


@dataclass(frozen=True)
class Narrowed:
    """The stations that have the rare words (None: all), and words that each of them still has to be asked for."""

    ids: set[UUID] | None
    unasked: list[str]

    def has_the_rest(self, station: Station) -> bool:
        own = words_to_find(station.name, station.network, station.city) if self.unasked else set()
        return all(any(one.startswith(word) for one in own) for word in self.unasked)


def narrow(text: str, connector: str) -> Narrowed:
    """Look up the words of `text` and the plug: what is rare leads to stations, what is common to asking each."""
    ids: set[UUID] | None = None
    unasked: list[str] = []
    for word in sorted(words_of(text), key=len, reverse=True)[:MOST_WORDS]:
        found = _with_word(beginning_with(word)) if ids is None or len(ids) > FEW else None
        if found is None:
            unasked.append(word)
        else:
            ids = found if ids is None else ids & found
    if connector and (ids is None or len(ids) > FEW):
        found = _with_word({"word": connector_word(connector)})
        ids = ids if found is None else found if ids is None else ids & found
    return Narrowed(ids, unasked)


def in_order(
    narrowed: Narrowed, *, near: Point | None, radius_m: float, stations: QuerySet[Station], after: Key | None
) -> Iterator[list[Candidate]]:
    """Chunks of the stations behind `after`, around `near` if that is given; never empty ones."""
    if near is not None:
        return _by_distance(near, radius_m, stations, narrowed.ids, after)
    if narrowed.ids is not None:
        return _listed(stations, narrowed.ids, after)
    return _by_name(stations, after)


def _with_word(word: dict[str, str]) -> set[UUID] | None:
    """The stations with a word, or None if it is common."""
    rows = SearchWord.objects.filter(**word, station__isnull=False).values_list("station_id", flat=True)
    found = set(rows[: COMMON + 1])
    return found if len(found) <= COMMON else None


def _by_distance(
    near: Point, radius_m: float, stations: QuerySet[Station], ids: set[UUID] | None, after: Key | None
) -> Iterator[list[Candidate]]:
    around = _around(near, radius_m, stations) if ids is None else stations.filter(pk__in=ids)
    places: list[tuple[Key, UUID]] = []
    for pk, latitude, longitude, bookable in around.values_list("pk", "latitude", "longitude", "bookable"):
        away = distance_m(near, Point(latitude, longitude))
        if away <= radius_m:
            places.append(((0 if bookable else 1, away, pk.hex), pk))
    for chunk in _loaded(places, stations, after):
        yield [Candidate(one.station, one.key, int(one.key[1])) for one in chunk]


def _around(near: Point, radius_m: float, stations: QuerySet[Station]) -> QuerySet[Station]:
    """The stations in the box around the circle, or around a smaller one where they would be too many."""
    while True:
        box = box_around(near, radius_m)
        east_west = reduce(or_, (Q(longitude__gte=west, longitude__lte=east) for west, east in box.longitudes))
        inside = stations.filter(east_west, latitude__gte=box.south, latitude__lte=box.north)
        if radius_m < LEAST_RADIUS_M or not inside.values_list("pk")[MOST_AROUND : MOST_AROUND + 1]:
            return inside
        radius_m /= 2


def _listed(stations: QuerySet[Station], ids: set[UUID], after: Key | None) -> Iterator[list[Candidate]]:
    rows = stations.filter(pk__in=ids).values_list("sort_key", "pk")
    return _loaded([((sort_key,), pk) for sort_key, pk in rows], stations, after)


def _by_name(stations: QuerySet[Station], after: Key | None) -> Iterator[list[Candidate]]:
    reached = str(after[0]) if after else ""
    while chunk := lowest(stations.filter(sort_key__gt=reached), by="sort_key", limit=CHUNK):
        yield [Candidate(station, (station.sort_key,)) for station in chunk]
        reached = chunk[-1].sort_key


def _loaded(
    places: list[tuple[Key, UUID]], stations: QuerySet[Station], after: Key | None
) -> Iterator[list[Candidate]]:
    """The stations at these places of the order, behind `after`, sorted."""
    for chunk in _chunks(sorted(place for place in places if after is None or place[0] > after)):
        found = stations.in_bulk([pk for _key, pk in chunk])
        if there := [Candidate(found[pk], key) for key, pk in chunk if pk in found]:
            yield there


def _chunks(rows: Iterable[T]) -> Iterator[list[T]]:
    source = iter(rows)
    while chunk := list(islice(source, CHUNK)):
        yield chunk
