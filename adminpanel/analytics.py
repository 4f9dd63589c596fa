"""Figures of any range: what happened, by step, by place and by class, compared with the days before.

Days that are over come from what is kept of them; what is today somewhere is counted from its rows. Cached: a range
that is over for long, one that lasts until something changes.
"""

import datetime as dt
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from adminpanel.analytics_range import Bucket, Range, Scope
from adminpanel.days import candidate_days
from adminpanel.figures import Figures, days_between, totals_by_city, totals_by_station
from adminpanel.live_days import with_live
from bookings.models import Client
from evbunker import clock
from evbunker.live import cached
from evbunker.live.events import NAMES, OPERATORS

CHANGING = NAMES - {"station_update"}
LASTING_SECONDS, OVER_SECONDS = 300, 3600
TOP = 20
HOURS = 24


@dataclass
class Seen:
    """What a range came to: by day, and all of it beside as many days before. `running` are its days that are not over
    everywhere."""

    range: Range
    days: dict[dt.date, Figures]
    before: Figures
    running: list[dt.date]

    def total(self) -> Figures:
        return self.between(self.range.first, self.range.last)

    def between(self, first: dt.date, last: dt.date) -> Figures:
        total = Figures()
        for day, figures in self.days.items():
            if first <= day <= last:
                total.add(figures)
        return total

    def steps(self) -> list[tuple[Bucket, Figures]]:
        return [(bucket, self.between(bucket.first, bucket.last)) for bucket in self.range.buckets()]

    def week(self) -> list[list[float]]:
        """How many EVSEs were booked on average, by weekday (Monday first) and local hour, of days that are over."""
        minutes, days = [[0] * HOURS for _ in range(7)], Counter[int]()
        for day, figures in self.days.items():
            if figures.use:
                days[day.weekday()] += 1
                for hour, booked in enumerate(figures.by_hour()):
                    minutes[day.weekday()][hour] += booked
        return [[booked / 60 / max(1, days[number]) for booked in row] for number, row in enumerate(minutes)]


def kept(name: str, asked: Range, compute: Any) -> Any:
    """`compute()`, cached for as long as the range allows."""
    over = asked.last < candidate_days(clock.now())[0]
    key = f"analytics:{name}:{asked.first}:{asked.last}"
    stale_on, ttl = (frozenset[str](), OVER_SECONDS) if over else (CHANGING, LASTING_SECONDS)
    return cached(key, group=OPERATORS, stale_on=stale_on, ttl=ttl, compute=compute)


def seen(asked: Range, scope: Scope) -> Seen:
    """What is known of a range."""
    found: Seen = kept(f"days:{scope}", asked, lambda: _seen(asked, scope))
    return Seen(asked, found.days, found.before, found.running)  # as it is to be shown now


def _seen(asked: Range, scope: Scope) -> Seen:
    running = [day for day in candidate_days(clock.now()) if asked.first <= day <= asked.last]
    before = Figures()
    for figures in _days(asked.before, scope, clock.now()).values():
        before.add(figures)
    return Seen(asked, _days(asked, scope, clock.now()), before, running)


def _days(asked: Range, scope: Scope, now: dt.datetime) -> dict[dt.date, Figures]:
    stations = scope.stations()
    days = days_between(asked.first, asked.last, stations=stations)
    if scope.kind == "class":
        return {day: of_class(figures, scope.key) for day, figures in days.items()}
    running = [day for day in candidate_days(now) if asked.first <= day <= asked.last]
    return with_live(days, running, stations) if running else days


def of_class(figures: Figures, kind: str) -> Figures:
    """What is known of one class of EVSEs: how they were used."""
    only = Figures()
    if kind in figures.use:
        only.add_use(kind, figures.use[kind], figures.hours[kind])
    return only


@dataclass
class PlaceSums:
    """A station or a city with its sums; money by currency."""

    key: Any
    sums: Counter[str]
    revenue: Counter[str]


def by_station(asked: Range) -> tuple[list[PlaceSums], PlaceSums | None]:
    """The TOP stations by bookings in the days that are over, and the rest as one."""
    rows = kept("stations", asked, lambda: totals_by_station(asked.first, asked.last))
    return _ranked(rows, lambda row: row["station_id"])


def by_city(asked: Range) -> tuple[list[PlaceSums], PlaceSums | None]:
    """The same of cities."""
    rows = kept("cities", asked, lambda: totals_by_city(asked.first, asked.last))
    return _ranked(rows, lambda row: (row["station_city"], row["station_country"]))


def _ranked(rows: list[dict[str, Any]], key_of: Any) -> tuple[list[PlaceSums], PlaceSums | None]:
    places: dict[Any, PlaceSums] = {}
    for row in rows:
        place = places.setdefault(key_of(row), PlaceSums(key_of(row), Counter(), Counter()))
        _add(place, row)
    ordered = sorted(places.values(), key=lambda place: (-place.sums["bookings"], str(place.key)))
    if len(ordered) <= TOP:
        return ordered, None
    rest = PlaceSums(len(ordered) - TOP, Counter(), Counter())
    for place in ordered[TOP:]:
        rest.sums.update(place.sums)
        rest.revenue.update(place.revenue)
    return ordered[:TOP], rest


def _add(place: PlaceSums, row: dict[str, Any]) -> None:
    for name in ("bookings", "energy_wh", "co2_saved_g", "no_shows", "cancelled"):
        place.sums[name] += row[name]
    place.revenue[row["currency"]] += row["revenue_minor"]


def sign_ups(asked: Range, zone: ZoneInfo) -> Counter[dt.date]:
    """How many clients signed up on each day of `zone`, counted from the index on when they did."""
    found: Counter[dt.date] = kept(f"clients:{zone.key}", asked, lambda: _sign_ups(asked, zone))
    return found


def _sign_ups(asked: Range, zone: ZoneInfo) -> Counter[dt.date]:
    ends = (asked.first, asked.last + dt.timedelta(days=1))
    first, after = (dt.datetime.combine(day, dt.time(), zone) for day in ends)
    rows = Client.objects.filter(created_at__gte=first, created_at__lt=after)
    days: defaultdict[dt.date, int] = defaultdict(int)
    for at in rows.values_list("created_at", flat=True).iterator():
        days[at.astimezone(zone).date()] += 1
    return Counter(days)
