"""Reading a fixture as the command does."""

from pathlib import Path

from bookings.importers.files import SourceFile
from bookings.importers.reading import Options, Row
from bookings.importers.rows import Skipped, StationRow
from bookings.management.commands.import_stations import READERS

FIXTURES = Path(__file__).parent / "fixtures"


def read(form: str, name: str | Path, **options: object) -> list[Row]:
    """All rows of a fixture, or of the file at a path."""
    return list(READERS[form](SourceFile(FIXTURES / name), Options(**options)))


def stations(rows: list[Row]) -> dict[str, StationRow]:
    """Rows that make stations, by name."""
    return {row.name: row for row in rows if isinstance(row, StationRow)}


def skipped(rows: list[Row]) -> dict[int, str]:
    """Line and reason of the others."""
    return {row.line: row.reason for row in rows if isinstance(row, Skipped)}


def plugs(row: StationRow) -> list[tuple[str, int, tuple[str, ...]]]:
    """What each EVSE of a station offers."""
    return [(evse.current, evse.max_power_w, evse.connector_types) for evse in row.evses]
