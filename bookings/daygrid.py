"""A station's day as its page draws it: one row an EVSE, one cell an hour, four quarters in a cell. No queries."""

import datetime as dt
from dataclasses import dataclass
from itertools import groupby
from zoneinfo import ZoneInfo

from bookings.availability import FREE, PAST, EvseDay, Slot
from bookings.models import Evse
from bookings.slots import slot_of
from evbunker.moments import format_time, in_zone, zone_name

QUARTERS = 4


@dataclass(frozen=True)
class Hour:
    """Up to four slots of one EVSE that begin within one hour of the wall clock."""

    slots: list[Slot]
    zone: ZoneInfo

    @property
    def first_slot(self) -> int:
        return slot_of(self.slots[0].starts_at)

    @property
    def label(self) -> str:
        """`14`, or `14:30` where the clocks change by half an hour."""
        time = format_time(self.slots[0].starts_at, self.zone)
        return time.removesuffix(":00")

    @property
    def first_free(self) -> dt.datetime | None:
        """When one could start, in the station's own time."""
        free = next((slot.starts_at for slot in self.slots if slot.state == FREE), None)
        return free and in_zone(free, self.zone)

    @property
    def free_quarters(self) -> str:
        """`1101`: which quarters are free."""
        return "".join("1" if slot.state == FREE else "0" for slot in self.slots)

    @property
    def runs(self) -> list[tuple[str, int]]:
        """(state, how many quarters in a row)."""
        return [(state, len(list(run))) for state, run in groupby(slot.state for slot in self.slots)]

    @property
    def is_over(self) -> bool:
        return all(slot.state == PAST for slot in self.slots)


@dataclass(frozen=True)
class Row:
    """One EVSE on that day."""

    evse: Evse
    hours: list[Hour]


def rows_of(days: list[EvseDay], zone: ZoneInfo) -> list[Row]:
    """Every EVSE with the hours of the day that are not over."""
    rows = [Row(day.evse, _hours(day.slots, zone)) for day in days]
    over = next((sum(hour.is_over for hour in row.hours) for row in rows), 0)
    return [Row(row.evse, row.hours[over:]) for row in rows]


def _hours(slots: list[Slot], zone: ZoneInfo) -> list[Hour]:
    return [Hour(slots[n : n + QUARTERS], zone) for n in range(0, len(slots), QUARTERS)]


@dataclass(frozen=True)
class Start:
    """A time at which some EVSE could be started; `local` is in the station's zone."""

    local: dt.datetime
    label: str

    @property
    def slot(self) -> int:
        return slot_of(self.local)


def starts_of(rows: list[Row], zone: ZoneInfo, also: dt.datetime | None = None) -> list[Start]:
    """When one may start at any of the EVSEs, and `also` (what was chosen, though it may be taken since).

    On the night the clocks change, an hour that comes twice is told apart by its zone.
    """
    free = {slot.starts_at for row in rows for hour in row.hours for slot in hour.slots if slot.state == FREE}
    local = [in_zone(moment, zone) for moment in sorted(free | ({also} if also else set()))]
    several = len({moment.utcoffset() for moment in local}) > 1
    return [Start(moment, f"{moment:%H:%M} {zone_name(moment)}" if several else f"{moment:%H:%M}") for moment in local]
