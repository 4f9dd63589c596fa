"""Stations of the US Alternative Fuels Data Center: CSV with a count of EVSEs a level, and no power."""

from collections.abc import Iterator

from bookings.importers.connectors import connectors_called, current_of
from bookings.importers.files import CsvRecord, SourceFile, csv_columns, csv_records
from bookings.importers.places import country_code, place_at
from bookings.importers.reading import Options, Record, Row, each, station_row
from bookings.importers.rows import EvseRow, NotStations, StationRow, Unusable
from bookings.importers.values import count, text
from bookings.models import Connector, Evse, Station

C = Connector
NEEDED = {"Fuel Type Code", "Station Name", "Latitude", "Longitude", "ID", "EV Level2 EVSE Num", "EV DC Fast Count"}
NOTHING = "The file holds no AFDC stations: its columns are not those of an AFDC export."
LEVELS = (
    # column, id, current, estimated W, plugs
    ("EV Level1 EVSE Num", "l1", Evse.Current.AC, 1_400, {C.DOMESTIC_B, C.NEMA_5_20}),
    ("EV Level2 EVSE Num", "l2", Evse.Current.AC, 7_200, {C.IEC_62196_T1, C.TESLA_S, C.NACS, C.NEMA_14_50}),
    ("EV DC Fast Count", "dc", Evse.Current.DC, 50_000, {C.CHADEMO, C.IEC_62196_T1_COMBO}),
)
"""120 V x 12 A, 240 V x 30 A, and the first generation of fast chargers: AFDC states no power."""
SUPERCHARGER_W = 120_000
"""Of a DC EVSE whose only plug is Tesla's."""
TESLA = {C.TESLA_S, C.NACS}
UNKNOWN_NETWORKS = {"Unknown", "Non-Networked"}
PLANNED, UNAVAILABLE = "P", "T"


def read(file: SourceFile, options: Options) -> Iterator[Row]:
    """Rows of the file's stations. Raises NotStations."""
    if not set(csv_columns(file)) >= NEEDED:
        raise NotStations(NOTHING)
    return each(csv_records(file), options, station_of=_station)


def _station(line: int, record: Record) -> StationRow:
    if record["Fuel Type Code"].strip() != "ELEC":
        raise Unusable("another fuel", record["Fuel Type Code"])
    source_id, status = text(record["ID"]), text(record.get("Status Code", "")).upper()
    if status == PLANNED:
        raise Unusable("planned", withdrawn=source_id)
    if text(record.get("Access Code", "")).lower() == "private":
        raise Unusable("private, restricted access", withdrawn=source_id)
    place = place_at(record["Latitude"], record["Longitude"], country_code(record.get("Country")) or "US")
    network = text(record.get("EV Network", ""))
    evses = _evses(record, works=status != UNAVAILABLE)
    if not evses:
        raise Unusable("no EVSEs", withdrawn=source_id)
    return station_row(
        line, source_id, place, name=record["Station Name"], address=record.get("Street Address"),
        network="" if network in UNKNOWN_NETWORKS else network, city=record.get("City"),
        status=Station.Status.ACTIVE, evses=evses,
    )  # fmt: skip


def _evses(record: CsvRecord, *, works: bool) -> tuple[EvseRow, ...]:
    """As many EVSEs a level as it counts, with the plugs of the station that belong to the level.

    Tesla's plug is DC where the station counts no Level 2, or no plug that only carries DC.
    """
    plugs = set(connectors_called(record.get("EV Connector Types", ""), separators=" "))
    status = Evse.Status.AVAILABLE if works else Evse.Status.OUT_OF_SERVICE
    counts = {column: count(record.get(column)) for column, *_rest in LEVELS}
    rows: list[EvseRow] = []
    for column, level, current, power_w, usual in LEVELS:
        tesla_too = level == "dc" and (not counts["EV Level2 EVSE Num"] or not plugs & usual)
        types = _plugs_of(current, plugs, usual | TESLA if tesla_too else usual)
        power = SUPERCHARGER_W if level == "dc" and types and types <= TESLA else power_w
        rows += (
            EvseRow(f"{level}-{number}", f"{level.upper()}-{number}", current, power, tuple(sorted(types)), status)
            for number in range(1, counts[column] + 1)
        )
    return tuple(rows)


def _plugs_of(current: Evse.Current, plugs: set[Connector], usual: set[Connector]) -> set[Connector]:
    """The station's plugs for one level: those usual there, else all that can carry its current."""
    return plugs & usual or {plug for plug in plugs if current_of([plug], current) == current}
