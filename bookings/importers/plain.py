"""A plain CSV of stations: the columns of `COLUMNS`, other names by `--map`."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from bookings.importers.connectors import connectors_called, current_of
from bookings.importers.files import CsvRecord, SourceFile, csv_columns, csv_records
from bookings.importers.places import Place, country_code, place_at
from bookings.importers.power import KILOWATTS, WATTS, power_of
from bookings.importers.reading import MOST_EVSES, TOO_MANY_EVSES, Options, Record, Row, each, station_row
from bookings.importers.rows import EvseRow, NotStations, StationRow, Unusable
from bookings.importers.values import count, number, text
from bookings.models import Connector, Evse, Station
from bookings.words import folded

COLUMNS = {
    "id": ("source_id", "station_id"),
    "name": ("title", "station", "station_name"),
    "latitude": ("lat", "lattitude"),
    "longitude": ("lon", "lng", "long"),
    "network": ("operator",),
    "address": ("street", "street_address"),
    "city": ("town",),
    "country": ("country_code",),
    "evses": ("evse_count",),
    "power_kw": ("max_power_kw",),
    "connectors": ("connector", "connector_types"),
    "current": (),
    "status": (),
}
"""Each documented column, and other names it is known by without `--map`. Names are compared without case."""
NEEDED = ("name", "latitude", "longitude")
STATUSES = {"": "active", "active": "active", "open": "active", "operational": "active", "closed": "closed"}
GONE = {"planned", "removed", "retired"}
POWER = re.compile(r"(.*?)\s*(kw|w)?", re.IGNORECASE)
LEAST_ROWS, MOST_OF_THEM = 10, 0.9
NO_POWER = "power that is not plausible left out, and its EVSEs with it"


@dataclass(frozen=True)
class Columns:
    """Where the file has what."""

    of: dict[str, str]

    def value(self, record: CsvRecord, name: str) -> str:
        return record.get(self.of[name], "") if name in self.of else ""


def read(file: SourceFile, options: Options) -> Iterator[Row]:
    """Rows of the file. Raises NotStations if a needed column, or one that is mapped, is missing."""
    columns = Columns(_find_columns(csv_columns(file), options))
    usual = options.country or _usual_country(file, columns)
    station_of = partial(_station, columns=columns, country=options.country, usual=usual)
    return each(csv_records(file), options, station_of=station_of)


def _find_columns(header: list[str], options: Options) -> dict[str, str]:
    by_folded = {folded(name): name for name in reversed(header)}
    found: dict[str, str] = {}
    for column, others in COLUMNS.items():
        wanted = options.columns.get(column)
        if wanted is not None and wanted not in header:
            raise NotStations(f"The file has no column {wanted!r}.")
        known = (by_folded[name] for name in (column, *others) if name in by_folded)
        if name := wanted or next(known, None):
            found[column] = name
    if missing := [column for column in NEEDED if column not in found]:
        raise NotStations(
            f"The file has no column for {' and '.join(missing)}; name one with --map {missing[0]}=COLUMN."
        )
    return found


def _usual_country(file: SourceFile, columns: Columns) -> str:
    """The country where nearly all rows lie that name none: it tells swapped coordinates. Empty if there is none."""
    seen: Counter[str] = Counter()
    for _line, record in csv_records(file):
        if isinstance(record, dict) and not columns.value(record, "country").strip():
            with suppress(Unusable):
                seen[place_at(columns.value(record, "latitude"), columns.value(record, "longitude")).country] += 1
    country, rows = seen.most_common(1)[0] if seen else ("", 0)
    return country if rows >= max(LEAST_ROWS, MOST_OF_THEM * seen.total()) else ""


def _station(line: int, record: Record, *, columns: Columns, country: str, usual: str) -> StationRow:
    cell = partial(columns.value, record)
    status = text(cell("status")).lower()
    source_id = text(cell("id"))
    if status in GONE:
        raise Unusable(status, withdrawn=source_id)
    if status not in STATUSES:
        raise Unusable("unknown status", status)
    said = country_code(cell("country"))
    place = place_at(cell("latitude"), cell("longitude"), said or country, usual="" if said else usual)
    name = text(cell("name"), 200)
    if not name:
        raise Unusable("no name")
    evses, notes = _evses(columns, record)
    return station_row(
        line, source_id or _content_id(name, place), place, name=name, network=cell("network"),
        address=cell("address"), city=cell("city"), status=Station.Status(STATUSES[status]), evses=evses, notes=notes,
    )  # fmt: skip


def _content_id(name: str, place: Place) -> str:
    """An id for a row that has none: the same for the same name at the same place (to 1 m)."""
    said = f"{' '.join(folded(name).split())}|{place.latitude:.5f}|{place.longitude:.5f}"
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def _evses(columns: Columns, record: CsvRecord) -> tuple[tuple[EvseRow, ...], list[str]]:
    """Equal EVSEs: none unless the row says their power."""
    cell = partial(columns.value, record)
    stated, unit = _power(cell("power_kw"))
    if not stated:
        return (), []
    connectors = connectors_called(text(cell("connectors")))
    current = current_of(connectors, text(cell("current")).lower())
    for possible in [current] if current else Evse.Current.values:
        power, notes = power_of(possible, stated=stated, unit=unit)
        if power is not None:
            return _equal(count(cell("evses")) or 1, possible, power, connectors), list(notes)
    return (), [NO_POWER]


def _power(said: str) -> tuple[float | None, int]:
    """A figure, and the unit it is written with, else kW."""
    found = POWER.fullmatch(text(said))
    assert found is not None, "everything matches"
    return number(found[1]), WATTS if (found[2] or "").lower() == "w" else KILOWATTS


def _equal(number_of: int, current: str, power_w: int, connectors: list[Connector]) -> tuple[EvseRow, ...]:
    if number_of > MOST_EVSES:
        raise Unusable(TOO_MANY_EVSES, number_of)
    types = tuple(sorted(connectors))
    return tuple(EvseRow(str(at), str(at), current, power_w, types) for at in range(1, number_of + 1))
