"""What importers make of a file: stations in the project's own vocabulary, and rows that were skipped."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any

from bookings.models import Evse, Station

LONGEST_ID = 120


@dataclass(frozen=True)
class EvseRow:
    """One EVSE. `source_id` is its id within the station, the same at every import."""

    source_id: str
    label: str
    current: str
    max_power_w: int
    connector_types: tuple[str, ...] = ()
    status: str = Evse.Status.AVAILABLE


@dataclass(frozen=True)
class StationRow:
    """One station. `line` is where the file has it; `notes` name what was repaired or left out."""

    line: int
    source_id: str
    name: str
    latitude: float
    longitude: float
    country: str
    time_zone: str
    currency: str
    network: str = ""
    address: str = ""
    city: str = ""
    status: str = Station.Status.ACTIVE
    opening_hours: dict[str, Any] = field(default_factory=dict)
    evses: tuple[EvseRow, ...] = ()
    notes: tuple[str, ...] = ()

    def fingerprint(self) -> str:
        """Equal for rows that say the same; 64 characters."""
        said = {name: value for name, value in asdict(self).items() if name not in {"line", "notes"}}
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Skipped:
    """A row that makes no station. `reason` groups, `detail` is this row's own.

    `withdrawn` is the id of a station that the source has taken back: it is closed if it was imported before.
    """

    line: int
    reason: str
    detail: str = ""
    withdrawn: str = ""


class Unusable(Exception):
    """This row makes no station: a `reason` that groups, and this row's own `detail`."""

    def __init__(self, reason: str, detail: object = "", *, withdrawn: str = "") -> None:
        super().__init__(reason)
        self.reason, self.detail, self.withdrawn = reason, str(detail)[:80], withdrawn


class NotStations(Exception):
    """The file holds no stations of this format; the message is a sentence that says why."""


def bounded_id(text: str) -> str:
    """`text`, or a digest of it where it is longer than an id may be."""
    return text if len(text) <= LONGEST_ID else f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
