"""What changed. An event carries ids, never data: whoever may see the data fetches it."""

import uuid
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from evbunker import clock

NAMES = frozenset(
    {
        "booking_update",
        "payment_update",
        "charging_session_update",
        "station_update",
        "client_update",
        "eco_stats_update",
    }
)
OPERATORS = "operators"
EVERYBODY = "everybody"
"""The group of every hub, for what concerns whoever watches anything."""
ID_NAMES = ("client", "station", "booking", "payment", "session")


@dataclass(frozen=True)
class Event:
    """Something changed; the ids say what it concerns and who may hear of it."""

    name: str
    client: UUID | None = None
    station: UUID | None = None
    booking: UUID | None = None
    payment: UUID | None = None
    session: UUID | None = None

    def __post_init__(self) -> None:
        assert self.name in NAMES, f"unknown event {self.name}"

    def ids(self) -> dict[str, str]:
        """The ids that are known, as text."""
        return {name: str(known) for name in ID_NAMES if (known := getattr(self, name)) is not None}

    def messages(self) -> dict[str, dict[str, Any]]:
        """Group -> what is told there. A station's watchers may be anybody, so they hear of the station alone."""
        ids = self.ids()
        told = {OPERATORS: ids}
        if self.client:
            told[client_group(self.client)] = ids
        if self.station:
            told[station_group(self.station)] = {"station": ids["station"]}
        common = {
            "type": "live.event", "event": self.name, "at": clock.now().isoformat(), "id": uuid.uuid4().hex,
            "published": clock.instant(),
        }  # fmt: skip
        return {group: {**common, "group": group, "ids": ids} for group, ids in told.items()}


def client_group(client_id: UUID | str) -> str:
    """What concerns one client."""
    return f"client.{client_id}"


def station_group(station_id: UUID | str) -> str:
    """What concerns one station; public."""
    return f"station.{station_id}"
