"""Open Charge Map POIs: verbose (with nested titles) or compact (numbers alone). A list, or one POI."""

from collections.abc import Iterator

from bookings.importers.connectors import connector_called, current_of
from bookings.importers.files import SourceFile, json_records
from bookings.importers.places import country_code, country_of_ocm, place_at
from bookings.importers.power import power_of, volts_times_amperes
from bookings.importers.reading import MOST_EVSES, TOO_MANY_EVSES, Options, Record, Row, each, station_row
from bookings.importers.rows import EvseRow, StationRow, Unusable, bounded_id
from bookings.importers.values import count, items, mapping, number, text
from bookings.models import Connector, Evse, Station

C = Connector
NOTHING = "The file holds no Open Charge Map locations."
CONNECTORS = {
    1: C.IEC_62196_T1, 2: C.CHADEMO, 3: C.DOMESTIC_G, 4: C.IEC_60309_2_SINGLE_16, 8: C.TESLA_R, 9: C.NEMA_5_20,
    10: C.NEMA_14_30, 11: C.NEMA_14_50, 13: C.DOMESTIC_C, 16: C.IEC_60309_2_SINGLE_16, 17: C.IEC_60309_2_THREE_16,
    22: C.DOMESTIC_B, 23: C.DOMESTIC_E, 25: C.IEC_62196_T2, 26: C.IEC_62196_T3C, 27: C.NACS, 28: C.DOMESTIC_F,
    29: C.DOMESTIC_I, 30: C.TESLA_S, 32: C.IEC_62196_T1_COMBO, 33: C.IEC_62196_T2_COMBO,
    34: C.IEC_60309_2_SINGLE_16, 35: C.IEC_60309_2_THREE_16, 36: C.IEC_62196_T3A, 1036: C.IEC_62196_T2,
    1037: C.DOMESTIC_J, 1038: C.GBT_AC, 1039: C.GBT_AC, 1040: C.GBT_DC, 1043: C.DOMESTIC_M, 1044: C.CHAOJI,
}  # fmt: skip
"""ConnectionTypeID. Those that are missing (0 is "unknown") have no name in OCPI's vocabulary."""
NACS_COUNTRIES = {"US", "CA", "MX"}
"""27 is "NACS / Tesla Supercharger": elsewhere it is Tesla's own use of a Type 2 plug."""
DC, THREE_PHASES = 30, 20
LEVEL_W = {1: 1_400, 2: 3_700, 3: 50_000}
"""Where power, volts and amperes are missing: the lowest usual power of the level."""
ESTIMATED = "power estimated from the level"
NO_POWER = "connection without a plausible power left out"
UNAVAILABLE, NOT_OPERATIONAL, PLANNED, REMOVED = 30, 100, 150, {200, 210}
DELISTED = 1000
RESTRICTED = 2
UNKNOWN_OPERATORS = {"(Unknown Operator)", "(Business Owner at Location)"}


def read(file: SourceFile, options: Options) -> Iterator[Row]:
    """Rows of the file's POIs. Raises NotStations."""
    return each(
        json_records(file), options, fits=lambda poi: "AddressInfo" in poi, station_of=_station, nothing=NOTHING
    )


def _station(line: int, poi: Record) -> StationRow:
    source_id = text(poi.get("ID")) or text(poi.get("UUID"))
    status = _type_of(poi, "StatusType")
    _refuse_what_is_gone(poi, source_id, status)
    address = mapping(poi.get("AddressInfo"))
    country = country_code(mapping(address.get("Country")).get("ISOCode")) or country_of_ocm(address.get("CountryID"))
    place = place_at(address.get("Latitude"), address.get("Longitude"), country)
    operator = text(mapping(poi.get("OperatorInfo")).get("Title"))
    evses, notes = _evses(items(poi.get("Connections")), place.country, works=status != UNAVAILABLE)
    return station_row(
        line, source_id, place, name=address.get("Title"), city=address.get("Town"),
        network="" if operator in UNKNOWN_OPERATORS else operator,
        address=", ".join(filter(None, (text(address.get(key)) for key in ("AddressLine1", "AddressLine2")))),
        status=Station.Status.CLOSED if status == NOT_OPERATIONAL else Station.Status.ACTIVE, evses=evses, notes=notes,
    )  # fmt: skip


def _type_of(record: Record, name: str) -> int | None:
    """The number of a lookup: beside the record, or inside it in verbose files."""
    said = number(record.get(f"{name}ID", mapping(record.get(name)).get("ID")))
    return None if said is None else int(said)


def _refuse_what_is_gone(poi: Record, source_id: str, status: int | None) -> None:
    """Raise Unusable for what drivers cannot or may not go to."""
    withdrawn = bounded_id(source_id)
    if (_type_of(poi, "SubmissionStatusType") or _type_of(poi, "SubmissionStatus") or 0) >= DELISTED:
        raise Unusable("delisted", withdrawn=withdrawn)
    if status in REMOVED:
        raise Unusable("removed", withdrawn=withdrawn)
    if status == PLANNED:
        raise Unusable("planned", withdrawn=withdrawn)
    if _type_of(poi, "UsageType") == RESTRICTED:
        raise Unusable("private, restricted access", withdrawn=withdrawn)


def _evses(connections: list[Record], country: str, *, works: bool) -> tuple[tuple[EvseRow, ...], list[str]]:
    """EVSEs of connections, each of which stands for `Quantity` equal ones; and notes.

    DC plugs of different kinds in equal quantity belong to the same EVSEs, those nearest in power together: dispensers
    have two cables and serve one car. Everything AC is an EVSE of its own.
    """
    groups: list[tuple[EvseRow, int]] = []
    notes: list[str] = []
    read = [_group(connection, country, works, notes) for connection in connections]
    for row, quantity in sorted(filter(None, read), key=lambda group: group[0].max_power_w):
        partner = _partner(groups, row, quantity)
        if partner is None:
            groups.append((row, quantity))
        else:
            groups[partner] = (_joined(groups[partner][0], row), quantity)
    if sum(quantity for _row, quantity in groups) > MOST_EVSES:
        raise Unusable(TOO_MANY_EVSES, sum(quantity for _row, quantity in groups))
    return _numbered(groups), notes


def _group(connection: Record, country: str, works: bool, notes: list[str]) -> tuple[EvseRow, int] | None:
    """One connection as an EVSE row without a number, and its quantity; None if it cannot be used."""
    status = _type_of(connection, "StatusType")
    if status in REMOVED or status == PLANNED:
        return None
    connector = _connector(connection, country)
    current_type = _type_of(connection, "CurrentType")
    power, current, remarks = _power(connection, connector, current_type)
    notes.extend(remarks)
    if power is None:
        notes.append(NO_POWER)
        return None
    broken = status in (UNAVAILABLE, NOT_OPERATIONAL) or not works
    row = EvseRow(
        text(connection.get("ID")) or f"{connector}-{power}", "", current, power, (connector,) if connector else (),
        Evse.Status.OUT_OF_SERVICE if broken else Evse.Status.AVAILABLE,
    )  # fmt: skip
    return row, count(connection.get("Quantity")) or 1


def _connector(connection: Record, country: str) -> Connector | None:
    number_ = _type_of(connection, "ConnectionType")
    title = text(mapping(connection.get("ConnectionType")).get("Title"))
    connector = CONNECTORS.get(number_ or 0) or connector_called(title)
    return C.TESLA_S if connector == C.NACS and country not in NACS_COUNTRIES else connector


def _power(
    connection: Record, connector: Connector | None, current_type: int | None
) -> tuple[int | None, Evse.Current, tuple[str, ...]]:
    """Power in W, the current that goes with it, and notes."""
    level = LEVEL_W.get(_type_of(connection, "Level") or 0)
    said = Evse.Current.DC if current_type == DC or (current_type is None and level == LEVEL_W[3]) else Evse.Current.AC
    current = Evse.Current(current_of([connector] if connector else [], said) or said)
    phases = 0 if current == Evse.Current.DC else 3 if current_type == THREE_PHASES else 1
    computed_w = volts_times_amperes(number(connection.get("Voltage")), number(connection.get("Amps")), phases)
    stated_kw = number(connection.get("PowerKW"))
    power, notes = power_of(current, stated=stated_kw, computed_w=computed_w)
    if power is None and not stated_kw and level:
        return level, current, (ESTIMATED,)
    return power, current, notes


def _partner(groups: list[tuple[EvseRow, int]], row: EvseRow, quantity: int) -> int | None:
    """Which group `row` shares its dispensers with."""
    fitting = [
        at
        for at, (other, others) in enumerate(groups)
        if row.current == other.current == Evse.Current.DC
        and others == quantity
        and other.status == row.status
        and not set(row.connector_types) & set(other.connector_types)
    ]
    return fitting[-1] if fitting else None


def _joined(one: EvseRow, other: EvseRow) -> EvseRow:
    first_id = min(one.source_id, other.source_id)
    types = tuple(sorted({*one.connector_types, *other.connector_types}))
    power = max(one.max_power_w, other.max_power_w)
    return EvseRow(first_id, "", one.current, power, types, one.status)


def _numbered(groups: list[tuple[EvseRow, int]]) -> tuple[EvseRow, ...]:
    """Every EVSE of every group, labelled from 1."""
    single = [
        (row, f"{row.source_id}-{number_}") for row, quantity in groups for number_ in range(1, quantity + 1)
    ]  # fmt: skip
    return tuple(
        EvseRow(source_id, str(label), row.current, row.max_power_w, row.connector_types, row.status)
        for label, (row, source_id) in enumerate(single, 1)
    )
