"""Sums of ended days: what reports, stations' pages and analytics read. Nothing here looks at bookings or payments.

The network is read from `NetworkDay`, a row a day and time zone; some stations from their own `DailyTotal` and
`DailyUse`, some rows a day each. Every day is its station's own, so one date is another stretch of time in every zone.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Sum

from adminpanel.models import DailyTotal, DailyUse, NetworkDay
from adminpanel.network_days import add_hours


@dataclass
class Figures:
    """Sums of some days: `money` by currency under the names of `DailyTotal.SUMS` (bookings, energy and the like too:
    each belongs to one currency), `use` by class of EVSE under those of `DailyUse.SUMS`, `hours` booked by class."""

    money: dict[str, Counter[str]] = field(default_factory=dict)
    use: dict[str, Counter[str]] = field(default_factory=dict)
    hours: dict[str, list[int]] = field(default_factory=dict)

    def of(self, name: str) -> int:
        """One figure of `DailyTotal.SUMS` over all currencies: never one of money."""
        return sum(sums[name] for sums in self.money.values())

    def used(self, name: str, kind: str = "") -> int:
        """One figure of `DailyUse.SUMS`, of one class or of all."""
        return sum(sums[name] for one, sums in self.use.items() if not kind or one == kind)

    def by_hour(self, kind: str = "") -> list[int]:
        """Booked minutes by local hour, 24 of them, of one class or of all."""
        total = [0] * 24
        for one, hours in self.hours.items():
            total = add_hours(total, hours) if not kind or one == kind else total
        return total

    def minor(self, name: str) -> dict[str, int]:
        """A figure of money by currency, without those that are nothing."""
        return {currency: sums[name] for currency, sums in sorted(self.money.items()) if sums[name]}

    def add_money(self, currency: str, sums: dict[str, int]) -> None:
        self.money.setdefault(currency, Counter()).update(sums)

    def add_use(self, kind: str, sums: dict[str, int], hours: list[int]) -> None:
        self.use.setdefault(kind, Counter()).update(sums)
        self.hours[kind] = add_hours(self.hours.get(kind, []), hours)

    def add(self, other: "Figures") -> None:
        for currency, sums in other.money.items():
            self.add_money(currency, sums)
        for kind, sums in other.use.items():
            self.add_use(kind, sums, other.hours.get(kind, []))


def figures_between(
    first: dt.date, last: dt.date, *, station: UUID | None = None, stations: Iterable[UUID] | None = None
) -> Figures:
    """What the ended days from `first` to `last`, both included, came to: of the network, one station or several."""
    total = Figures()
    for figures in days_between(first, last, station=station, stations=stations).values():
        total.add(figures)
    return total


def days_between(
    first: dt.date, last: dt.date, *, station: UUID | None = None, stations: Iterable[UUID] | None = None
) -> dict[dt.date, Figures]:
    """The same day by day, oldest first; days that nothing is known of are missing."""
    some = [station] if station is not None else stations
    parts = _network(first, last) if some is None else _stations(list(some), first, last)
    days: dict[dt.date, Figures] = {}
    for day, kind, key, sums, hours in parts:
        figures = days.setdefault(day, Figures())
        if kind == "money":
            figures.add_money(key, sums)
        else:
            figures.add_use(key, sums, hours)
    return dict(sorted(days.items()))


Part = tuple[dt.date, str, str, dict[str, int], list[int]]


def _network(first: dt.date, last: dt.date) -> Iterator[Part]:
    rows = NetworkDay.objects.filter(day__gte=first, day__lte=last)
    for day, figures in rows.values_list("day", "figures"):
        for currency, sums in figures["money"].items():
            yield day, "money", currency, sums, []
        for kind, sums in figures["use"].items():
            yield day, "use", kind, {name: sums[name] for name in DailyUse.SUMS}, sums["hours"]


def _stations(stations: list[UUID], first: dt.date, last: dt.date) -> Iterator[Part]:
    """By the indexes on station and day. Sums by hour are lists, which no engine adds up: those rows are read."""
    span: dict[str, Any] = {"station_id__in": stations, "day__gte": first, "day__lte": last}
    totals = DailyTotal.objects.filter(**span).values_list("day", "currency", *DailyTotal.SUMS)
    for day, currency, *values in totals:
        yield day, "money", currency, dict(zip(DailyTotal.SUMS, values, strict=True)), []
    uses = DailyUse.objects.filter(**span).values_list("day", "evse_class", "hours", *DailyUse.SUMS)
    for day, kind, hours, *values in uses:
        yield day, "use", kind, dict(zip(DailyUse.SUMS, values, strict=True)), hours


def totals_by_station(
    first: dt.date, last: dt.date, names: Sequence[str] = DailyTotal.SUMS
) -> list[dict[str, Any]]:  # fmt: skip
    """A row a station and currency with sums of `DailyTotal` between these days, both included, and `station_id`,
    `station_name`, `station_city` and `station_country`; summed up in the database. In no order; a station that was
    renamed meanwhile has a row for each name."""
    where = ("station_id", "station_name", "station_city", "station_country", "currency")
    rows = DailyTotal.objects.filter(day__gte=first, day__lte=last).values(*where)
    found = rows.annotate(**{f"sum_{name}": Sum(name) for name in names})
    return [{key.removeprefix("sum_"): value for key, value in row.items()} for row in found]
