"""The UK's National Chargepoint Registry: a CSV of devices with up to eight connectors each."""

from collections.abc import Iterator

from bookings.importers import hours
from bookings.importers.connectors import connector_called, current_of
from bookings.importers.files import CsvRecord, SourceFile, csv_columns, csv_records
from bookings.importers.places import country_code, place_at
from bookings.importers.power import power_of, volts_times_amperes
from bookings.importers.reading import Options, Record, Row, each, station_row
from bookings.importers.rows import EvseRow, NotStations, StationRow, Unusable
from bookings.importers.values import number, text
from bookings.models import Connector, Evse, Station

NEEDED = {"chargeDeviceID", "name", "latitude", "longitude", "connector1Type", "connector1RatedOutputKW"}
NOTHING = "The file holds no stations of the National Chargepoint Registry: its columns are others."
MOST_CONNECTORS = 8
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ADDRESS = ("buildingName", "buildingNumber", "thoroughfare", "street")
NO_POWER = "connector without a plausible power left out"
OUT_OF_SERVICE = "out of service"


def read(file: SourceFile, options: Options) -> Iterator[Row]:
    """Rows of the file's devices. Raises NotStations."""
    if not set(csv_columns(file)) >= NEEDED:
        raise NotStations(NOTHING)
    return each(csv_records(file), options, station_of=_station)


def _station(line: int, record: Record) -> StationRow:
    source_id = text(record["chargeDeviceID"])
    _refuse_what_is_gone(record, source_id)
    place = place_at(record["latitude"], record["longitude"], country_code(record.get("countryCode")) or "GB")
    network = text(record.get("deviceNetworks", "")).split(",")[-1]
    evses, notes = _evses(record)
    return station_row(
        line, source_id, place, name=record["name"], network=network.removeprefix("*No Network"),
        address=_address(record), city=record.get("town"), status=Station.Status.ACTIVE, opening_hours=_hours(record),
        evses=evses, notes=notes,
    )  # fmt: skip


def _refuse_what_is_gone(record: CsvRecord, source_id: str) -> None:
    """Raise Unusable for what is not there, or not any more."""
    if text(record.get("dateDeleted", "")) not in {"", "n/a", "0000-00-00 00:00:00"}:
        raise Unusable("removed", withdrawn=source_id)
    if text(record.get("publishStatus", "Published")) != "Published":
        raise Unusable("not to be published", withdrawn=source_id)
    if text(record.get("chargeDeviceStatus", "")).lower() == "planned":
        raise Unusable("planned", withdrawn=source_id)


def _address(record: CsvRecord) -> str:
    """House and street, each once, without what only repeats the name or the town."""
    said = [text(record.get(name, "")) for name in ADDRESS]
    number_and_street = " ".join(filter(None, said[1:3]))
    parts = dict.fromkeys(filter(None, (said[0], number_and_street, said[3])))
    return ", ".join(part for part in parts if part != text(record.get("town", "")))


def _hours(record: CsvRecord) -> hours.Hours:
    """Access times; always open where none are given."""
    if text(record.get("access24Hours", "")) == "1":
        return {}
    regular = hours.weekly(
        (number_, record.get(f"access{day}From"), record.get(f"access{day}To")) for number_, day in enumerate(DAYS, 1)
    )
    return {"regular_hours": regular} if regular else {}


def _evses(record: CsvRecord) -> tuple[tuple[EvseRow, ...], list[str]]:
    """One EVSE for every AC connector; all DC connectors of a device are one EVSE, for they share its electronics."""
    notes: list[str] = []
    plugs = [_plug(record, n, notes) for n in range(1, MOST_CONNECTORS + 1) if text(record.get(f"connector{n}Type"))]
    usable = [plug for plug in plugs if plug is not None]
    dc = [plug for plug in usable if plug.current == Evse.Current.DC]
    rows = [plug for plug in usable if plug.current == Evse.Current.AC]
    if dc:
        types = {connector for plug in dc for connector in plug.connector_types}
        broken = all(plug.status == Evse.Status.OUT_OF_SERVICE for plug in dc)
        status = Evse.Status.OUT_OF_SERVICE if broken else Evse.Status.AVAILABLE
        power = max(plug.max_power_w for plug in dc)
        rows.append(EvseRow(dc[0].source_id, dc[0].label, Evse.Current.DC, power, tuple(sorted(types)), status))
    if not rows:
        raise Unusable("no EVSE with a plausible power")
    return tuple(sorted(rows, key=lambda row: row.label)), notes


def _plug(record: CsvRecord, at: int, notes: list[str]) -> EvseRow | None:
    """Connector number `at` as an EVSE of its own; None if it is planned or nothing plausible is known of it."""

    def said(name: str) -> str:
        return text(record.get(f"connector{at}{name}", ""))

    if said("Status").lower() == "planned":
        return None
    connector = connector_called(said("Type"))
    method = said("ChargeMethod").upper()
    stated = Evse.Current.DC if method == "DC" else Evse.Current.AC
    current = Evse.Current(current_of([connector] if connector else [], stated) or stated)
    phases = 0 if current == Evse.Current.DC else 3 if method.startswith("THREE") else 1
    computed_w = volts_times_amperes(number(said("RatedVoltage")), number(said("OutputCurrent")), phases)
    power, remarks = power_of(current, stated=number(said("RatedOutputKW")), computed_w=computed_w)
    notes.extend(remarks)
    if power is None:
        notes.append(NO_POWER)
        return None
    broken = OUT_OF_SERVICE in {said("Status").lower(), text(record.get("chargeDeviceStatus", "")).lower()}
    return EvseRow(
        said("ID") or str(at), str(at), current, power, (Connector(connector),) if connector else (),
        Evse.Status.OUT_OF_SERVICE if broken else Evse.Status.AVAILABLE,
    )  # fmt: skip
