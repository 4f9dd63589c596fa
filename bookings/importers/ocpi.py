"""OCPI Locations, 2.1.1 and 2.2.x: a list, a list in an envelope, or one location.

Some operators write keys in camelCase, coordinates as numbers, statuses with spaces at their end: all are read.
"""

import re
from collections.abc import Iterator
from itertools import chain
from typing import Any

from bookings.geo import Point, distance_m
from bookings.importers import hours
from bookings.importers.connectors import connector_called, current_of
from bookings.importers.files import SourceFile, json_records
from bookings.importers.places import Place, country_code, place_at
from bookings.importers.power import LINE_TO_LINE_VOLTS, MOST_AC_VOLTS, WATTS, power_of, volts_times_amperes
from bookings.importers.reading import Options, Record, Row, each, station_row
from bookings.importers.rows import EvseRow, NotStations, StationRow, Unusable, bounded_id
from bookings.importers.values import items, mapping, number, text
from bookings.models import Connector, Evse, Station

NOTHING = "The file holds no OCPI locations."
OTHER_VERSION = "These OCPI locations are of a version that is not read: only 2.1.1 and 2.2 are."
GONE = {"REMOVED", "PLANNED"}
STATUSES = {"INOPERATIVE": Evse.Status.OUT_OF_SERVICE, "OUTOFORDER": Evse.Status.FAULTED}
"""A car that is charging now is gone when somebody books: every other status means available."""
TYPE_2_AMPERES = 63
SAME_PLACE_M = 1500
SAME_LATITUDE = 0.001
FROM_EVSES = "coordinates taken from the EVSEs"
NO_POWER = "EVSE without a plausible power left out"


def read(file: SourceFile, options: Options) -> Iterator[Row]:
    """Rows of the file's locations. Raises NotStations."""
    records = ((line, _snake_case(record)) for line, record in json_records(file))
    return each(_of_known_version(records), options, fits=_is_location, station_of=_station, nothing=NOTHING)


def _snake_case(value: object) -> Any:
    if isinstance(value, dict):
        return {re.sub(r"(?<=[a-z])([A-Z])", r"_\1", key).lower(): _snake_case(item) for key, item in value.items()}
    return [_snake_case(item) for item in value] if isinstance(value, list) else value


def _is_location(record: Record) -> bool:
    return bool({"id", "coordinates"} <= record.keys() and {"evses", "address", "city"} & record.keys())


def _of_known_version(records: Iterator[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
    """The records, if the first location is of a version that is known.

    2.1.1 has a `type` and no `party_id`; 2.2 has `party_id` and requires `publish`.
    """
    before = []
    for line, record in records:
        before.append((line, record))
        if isinstance(record, dict) and _is_location(record):
            if {"party_id", "type"} <= record.keys() and "publish" not in record:
                raise NotStations(OTHER_VERSION)
            break
    return chain(before, records)


def _station(line: int, record: Record) -> StationRow:
    source_id = "*".join(filter(None, (text(record.get(key)) for key in ("country_code", "party_id", "id"))))
    if record.get("publish") is False:
        raise Unusable("not to be published", withdrawn=bounded_id(source_id))
    listed = items(record.get("evses"))
    present = [evse for evse in listed if _status(evse) not in GONE]
    if not present:
        reason = "all EVSEs removed or planned" if listed else "no EVSEs"
        raise Unusable(reason, withdrawn=bounded_id(source_id))
    evses, notes = _evses(present)
    opening_hours, not_understood = hours.of_ocpi(record.get("opening_times"))
    return station_row(
        line, source_id if text(record.get("id")) else "", _place(record, present), name=record.get("name"),
        network=mapping(record.get("operator")).get("name"), address=record.get("address"), city=record.get("city"),
        status=Station.Status.ACTIVE, opening_hours=opening_hours, evses=evses, notes=(*notes, *not_understood),
    )  # fmt: skip


def _place(record: Record, evses: list[Record]) -> Place:
    """The location's coordinates; where they are wrong, those its EVSEs agree on, if the latitude confirms them."""
    country = country_code(record.get("country"))
    own = mapping(record.get("coordinates"))
    try:
        return place_at(own.get("latitude"), own.get("longitude"), country)
    except Unusable as error:
        found = _place_of_evses(evses, country)
        latitude = number(own.get("latitude"))
        if found is None or latitude is None or abs(found.latitude - latitude) > SAME_LATITUDE:
            raise error from None
        return found._replace(notes=(FROM_EVSES,))


def _place_of_evses(evses: list[Record], country: str) -> Place | None:
    """The one place in `country` where all EVSEs with coordinates stand, or None."""
    said = [mapping(evse.get("coordinates")) for evse in evses if mapping(evse.get("coordinates"))]
    try:
        places = [place_at(one.get("latitude"), one.get("longitude"), country) for one in said]
    except Unusable:
        return None
    if not places or not country or any(place.notes for place in places):
        return None
    first = Point(places[0].latitude, places[0].longitude)
    together = all(distance_m(first, Point(place.latitude, place.longitude)) <= SAME_PLACE_M for place in places)
    return places[0] if together else None


def _evses(present: list[Record]) -> tuple[tuple[EvseRow, ...], list[str]]:
    """The EVSEs whose power is known, and notes. Raises Unusable if there are none."""
    rows: list[EvseRow] = []
    notes: list[str] = []
    labels = _labels(present)
    for number_, evse in enumerate(present):
        row, remarks = _evse(evse, labels[number_], number_ + 1)
        notes += remarks
        if row is not None:
            rows.append(row)
    if not rows:
        raise Unusable("no EVSE with a plausible power")
    return tuple(rows), notes


def _labels(evses: list[Record]) -> list[str]:
    """What is written on the EVSEs, if that tells them apart, else their ids, else numbers."""
    for key in ("physical_reference", "evse_id"):
        labels = [text(evse.get(key), 60) for evse in evses]
        if all(labels) and len(set(labels)) == len(labels):
            return labels
    return [str(number_) for number_ in range(1, len(evses) + 1)]


def _evse(evse: Record, label: str, position: int) -> tuple[EvseRow | None, list[str]]:
    """The EVSE can do what the best of its connectors of its current can."""
    plugs = [_plug(connector) for connector in items(evse.get("connectors"))]
    notes = [note for _plug_, _current, _power, remarks in plugs for note in remarks]
    current = Evse.Current.DC if any(current == Evse.Current.DC for _c, current, _p, _n in plugs) else Evse.Current.AC
    powers = [power for _c, plug_current, power, _n in plugs if plug_current == current and power]
    if not powers:
        return None, [*notes, NO_POWER]
    types = {connector for connector, *_rest in plugs if connector}
    source_id = bounded_id(text(evse.get("uid")) or text(evse.get("evse_id")) or str(position))
    status = STATUSES.get(_status(evse), Evse.Status.AVAILABLE)
    return EvseRow(source_id, label, current, max(powers), tuple(sorted(types)), status), notes


def _status(evse: Record) -> str:
    return text(evse.get("status")).upper()


def _plug(said: Record) -> tuple[Connector | None, str, int | None, tuple[str, ...]]:
    """Connector, current, power and notes of one connector. 2.1.1 calls volts and amperes by other names."""
    connector = connector_called(text(said.get("standard")))
    volts = number(said.get("max_voltage", said.get("voltage")))
    amperes = number(said.get("max_amperage", said.get("amperage")))
    phases = _phases(text(said.get("power_type")), connector, volts, amperes)
    current = Evse.Current.AC if phases else Evse.Current.DC
    stated_w = number(said.get("max_electric_power"))
    computed_w = volts_times_amperes(volts, amperes, phases)
    power, notes = power_of(current, stated=stated_w, unit=WATTS, computed_w=computed_w)
    return connector, current, power, notes


def _phases(power_type: str, connector: Connector | None, volts: float | None, amperes: float | None) -> int:
    """Phases of alternating current, 0 for direct current; one where nothing says more."""
    kind = power_type.upper()
    if _is_dc(kind, connector, volts, amperes):
        return 0
    if kind.startswith("AC"):
        return 3 if "3" in kind else 2 if "2" in kind else 1
    return 3 if (volts or 0) >= LINE_TO_LINE_VOLTS else 1


def _is_dc(kind: str, connector: Connector | None, volts: float | None, amperes: float | None) -> bool:
    """The plug decides where it can carry one kind only.

    A Type 2 plug with no more amperes than its AC pins can carry is AC even if the file says DC; nothing AC has more
    than 450 V.
    """
    if current := current_of([connector] if connector else []):
        return current == Evse.Current.DC
    if connector == Connector.IEC_62196_T2 and amperes is not None and amperes <= TYPE_2_AMPERES:
        return False
    return kind.startswith("DC") or (volts or 0) > MOST_AC_VOLTS
