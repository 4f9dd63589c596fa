"""What a report is about: its kind, its days, of the network or one station, and what makes a row."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Self
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from adminpanel.days import candidate_days
from bookings.models import Station
from evbunker import clock

USAGE, MONEY, ENERGY, UPTIME = "usage", "financial", "energy", "uptime"
KINDS = {
    USAGE: gettext_lazy("Usage"),
    MONEY: gettext_lazy("Financial"),
    ENERGY: gettext_lazy("Energy and CO₂"),
    UPTIME: gettext_lazy("Uptime"),
}
DAY, MONTH, STATION = "day", "month", "station"
ROWS = {DAY: gettext_lazy("a day"), MONTH: gettext_lazy("a month"), STATION: gettext_lazy("a station")}
LONGEST = dt.timedelta(days=10 * 366)
A_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Terms:
    """`first` and `last` are local days of the stations, both included. `station` None: the network."""

    kind: str
    by: str
    first: dt.date
    last: dt.date
    station: UUID | None = None

    def as_json(self) -> dict[str, Any]:
        return {name: None if value is None else str(value) for name, value in asdict(self).items() if name != "kind"}

    @classmethod
    def from_json(cls, kind: str, kept: dict[str, Any]) -> Self:
        """What `as_json` gave."""
        days = {name: dt.date.fromisoformat(kept[name]) for name in ("first", "last")}
        return cls(kind, kept["by"], station=UUID(kept["station"]) if kept.get("station") else None, **days)

    @property
    def until(self) -> dt.date:
        """The last of its days that is over: what is not over is in no report."""
        return min(self.last, last_ended(self.station))

    def months(self) -> Iterator[tuple[dt.date, dt.date]]:
        """Its days that are over, in pieces of at most a month."""
        first = self.first
        while first <= self.until:
            last = min(self.until, following_month(first) - A_DAY)
            yield first, last
            first = last + A_DAY

    @property
    def place(self) -> str:
        """The station's name, or what stands for all of them."""
        if self.station is None:
            return _("All stations")
        return Station.objects.filter(pk=self.station).values_list("name", flat=True).first() or str(self.station)

    @property
    def title(self) -> str:
        names = {"kind": KINDS[self.kind], "place": self.place, "first": self.first, "last": self.last}
        return _("%(kind)s, %(place)s, %(first)s to %(last)s") % names

    @property
    def file_name(self) -> str:
        """Without what it ends in."""
        station = f"-{self.station.hex[-6:]}" if self.station else ""
        return f"{self.kind}{station}-{self.first}-{self.last}-by-{self.by}"

    @property
    def notes(self) -> list[str]:
        """What a reader must know of the days."""
        zone = _zone_of(self.station)
        notes = [
            _("Days are those of %(zone)s, where the station is.") % {"zone": zone}
            if zone
            else _("Every day is its station's own: midnight to midnight in the station's time zone.")
        ]
        if self.until < self.last:
            notes.append(_("Days after %(day)s are not over yet and not in it.") % {"day": self.until})
        return notes


def last_ended(station: UUID | None) -> dt.date:
    """The last day that is over: at the station, or everywhere."""
    zone = _zone_of(station)
    if zone:
        return clock.now().astimezone(ZoneInfo(zone)).date() - A_DAY
    return candidate_days(clock.now())[0] - A_DAY


def following_month(day: dt.date) -> dt.date:
    """The first day of the month after the one of `day`."""
    return (day.replace(day=1) + dt.timedelta(days=32)).replace(day=1)


def month_before(day: dt.date) -> tuple[dt.date, dt.date]:
    """The first and last day of the month before the one of `day`."""
    last = day.replace(day=1) - A_DAY
    return last.replace(day=1), last


def _zone_of(station: UUID | None) -> str:
    if station is None:
        return ""
    return Station.objects.filter(pk=station).values_list("time_zone", flat=True).first() or ""
