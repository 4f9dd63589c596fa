"""Where a station is: coordinates that lie in its country, its time zone and currency."""

import csv
import functools
import math
import re
from collections import defaultdict
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import tzfpy

from bookings.importers.rows import Unusable
from bookings.importers.values import number, text
from bookings.words import folded

COUNTRIES = Path(__file__).parent / "countries.csv"
"""ISO 3166-1 and 4217, the number Open Charge Map has for a country, and the state a territory belongs to."""
OTHER_NAMES = {
    "uk": "GB", "united kingdom": "GB", "great britain": "GB", "england": "GB", "scotland": "GB", "wales": "GB",
    "u s a": "US", "united states of america": "US", "the netherlands": "NL", "holland": "NL",
    "czechia": "CZ", "south korea": "KR", "korea": "KR", "russian federation": "RU", "turkiye": "TR", "viet nam": "VN",
    "deutschland": "DE", "osterreich": "AT", "schweiz": "CH", "suisse": "CH", "espana": "ES", "italia": "IT",
    "kosovo": "XK", "ireland": "IE", "bharat": "IN",
}  # fmt: skip
ALSO_IN_ZONE = {"Europe/Belgrade": {"XK"}}
"""The time zone database gives Kosovo no zone of its own."""
NEARBY_DEGREES = 0.1
"""About 11 km: the outlines of time zones are simplified, and stations stand on coasts and borders."""
ORIGIN_DEGREES = 0.01

WITHOUT_STATIONS = {"AQ", "BV", "GS", "HM", "IO", "SJ", "TF", "UM"}
"""Believed only where the file says so: swapped coordinates of warm countries fall on Svalbard."""
SWAPPED = "latitude and longitude were swapped"


class Country(NamedTuple):
    """A row of countries.csv."""

    code: str
    alpha3: str
    currency: str
    part_of: str
    ocm_id: str


class Place(NamedTuple):
    """Degrees WGS84, ISO 3166-1 alpha-2, IANA zone, ISO 4217; `notes` name repairs."""

    latitude: float
    longitude: float
    country: str
    time_zone: str
    currency: str
    notes: tuple[str, ...] = ()


@functools.cache
def countries() -> dict[str, Country]:
    """By alpha-2 code."""
    with COUNTRIES.open(newline="") as source:
        return {row["code"]: Country(**row) for row in csv.DictReader(source)}


@functools.cache
def _codes() -> dict[str, str]:
    """Alpha-2 code by every code and name of a country."""
    names = {_bare(name): code for code, name in _table("iso3166.tab")} | OTHER_NAMES
    alpha3 = {country.alpha3.lower(): country.code for country in countries().values()}
    return names | alpha3 | {code.lower(): code for code in countries()}


def _bare(name: str) -> str:
    """A name without case, accents and punctuation."""
    return re.sub(r"[\W_]+", " ", folded(name)).strip()


@functools.cache
def _countries_of_zones() -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for code, _coordinates, zone, *_comment in _table("zone.tab"):
        found[zone].add(code)
    for zone, codes in ALSO_IN_ZONE.items():
        found[zone] |= codes
    return found


def _table(name: str) -> list[list[str]]:
    """The rows of a table of the time zone database."""
    lines = resources.files("tzdata.zoneinfo").joinpath(name).read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


def country_code(said: object) -> str:
    """Alpha-2 code of a country that is given by code or name; empty if nothing is said. Raises Unusable."""
    name = text(said)
    code = _codes().get(_bare(name), "")
    if name and not code:
        raise Unusable("unknown country", name)
    return code


def country_of_ocm(ocm_id: object) -> str:
    """Alpha-2 code of the country with this number at Open Charge Map; empty if it is not known."""
    return next((country.code for country in countries().values() if country.ocm_id == text(ocm_id)), "")


def place_at(latitude: object, longitude: object, country: str = "", *, usual: str = "") -> Place:
    """The place at these coordinates, in `country` if the file names one. Raises Unusable.

    Swapped coordinates are put right where they lie in `country`, or else in the `usual` country of the file, one way
    and not the other.
    """
    lat, lng = number(latitude), number(longitude)
    if lat is None or lng is None:
        raise Unusable("no coordinates", f"{text(latitude)} {text(longitude)}".strip())
    place = _place(lat, lng, country)
    expected = country or usual
    if expected and (place is None or place.country != expected) and (turned := _place(lng, lat, expected)):
        return turned._replace(notes=(SWAPPED,))
    if place is None:
        raise _why_not(lat, lng, country)
    return place


def _place(lat: float, lng: float, country: str) -> Place | None:
    if _nonsense(lat, lng):
        return None
    for zone in _zones_around(lat, lng):
        for found in sorted(_countries_of_zones().get(zone, ())):
            if _may_be(found, country):
                code = country or found
                return Place(round(lat, 7), round(lng, 7), code, zone, countries()[code].currency)
    return None


def _may_be(found: str, said: str) -> bool:
    """Whether coordinates in the country `found` can be meant by a file that `said` this one, or none."""
    if not said:
        return found not in WITHOUT_STATIONS
    return found == said or countries()[found].part_of == said


def _zones_around(lat: float, lng: float) -> list[str]:
    """The zones at a place, then those about 11 km around it."""
    zones = list(tzfpy.get_tzs(lng, lat))
    for bearing in range(0, 360, 45):
        north, east = math.cos(math.radians(bearing)), math.sin(math.radians(bearing))
        around_lat = max(-90.0, min(90.0, lat + NEARBY_DEGREES * north))
        stretch = max(0.05, math.cos(math.radians(around_lat)))
        around_lng = (lng + NEARBY_DEGREES * east / stretch + 180) % 360 - 180
        zones += tzfpy.get_tzs(around_lng, around_lat)
    return list(dict.fromkeys(zones))


def _nonsense(lat: float, lng: float) -> str:
    """What is wrong with coordinates wherever they should be; empty if nothing is."""
    if not (-90 <= lat <= 90 and -180 <= lng <= 180):
        return "coordinates out of range"
    if abs(lat) < ORIGIN_DEGREES and abs(lng) < ORIGIN_DEGREES:
        return "coordinates 0, 0"
    if not lat or not lng:
        return "latitude or longitude is 0"
    return "latitude and longitude are one number" if lat == lng else ""


def _why_not(lat: float, lng: float, country: str) -> Unusable:
    where = f"{lat:.10g}, {lng:.10g}"
    if reason := _nonsense(lat, lng):
        return Unusable(reason, where)
    others = {code for zone in _zones_around(lat, lng) for code in _countries_of_zones().get(zone, ())}
    if not others:
        return Unusable("coordinates at sea", where)
    found = ", ".join(sorted(others))
    if not country:
        return Unusable("coordinates where no stations are", f"{where} is in {found}")
    return Unusable("coordinates in another country", f"{where} is in {found}, not in {country}")
