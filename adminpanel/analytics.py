"""Figures of any range: what happened, by step, by place and by class, compared with the days before.

Days that are over come from what is kept of them, cached for some minutes, or an hour if all of them are; what is today
somewhere is counted from its rows, and again when something has changed.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from adminpanel.analytics_range import Bucket, Range, Scope
from adminpanel.days import candidate_days
from adminpanel.figures import Figures, days_between, totals_by_station
from adminpanel.live_days import Live, live_days, with_live
from bookings.models import Client
from evbunker import clock
from evbunker.live import cached
from evbunker.live.events import NAMES, OPERATORS

CHANGING = NAMES - {"station_update"}
LASTING_SECONDS, OVER_SECONDS = 300, 3600
TOP = 20
HOURS = 24
PLACED = ("bookings", "energy_wh", "co2_saved_g")
"""What is told of places, beside their revenue."""
T = TypeVar("T")


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


def _over(name: str, asked: Range, compute: Callable[[], T]) -> T:
    """`compute()` of days that are over, which change late and seldom: cached without looking at events."""
    lasts = asked.last >= candidate_days(clock.now())[0]
    ttl = LASTING_SECONDS if lasts else OVER_SECONDS
    key = f"analytics:{name}:{asked.first}:{asked.last}"
    return cached(key, group=OPERATORS, stale_on=(), ttl=ttl, compute=compute)


def _live(running: list[dt.date], scope: Scope) -> Live:
    """What happened on running days so far, no older than the last event."""
    key = f"analytics:live:{scope}:{running[0]}:{running[-1]}"
    return cached(
        key, group=OPERATORS, stale_on=CHANGING, ttl=LASTING_SECONDS,
        compute=lambda: live_days(running, scope.stations()),
    )  # fmt: skip


def seen(asked: Range, scope: Scope) -> Seen:
    """What is known of a range."""
    running = [day for day in candidate_days(clock.now()) if asked.first <= day <= asked.last]
    days, before = _days(asked, scope, running), Figures()
    for figures in _days(asked.before, scope, []).values():
        before.add(figures)
    return Seen(asked, days, before, running)


def _days(asked: Range, scope: Scope, running: list[dt.date]) -> dict[dt.date, Figures]:
    days = _over(
        f"days:{scope}", asked, lambda: days_between(asked.first, asked.last, stations=scope.stations())
    )  # fmt: skip
    if scope.kind == "class":
        return {day: of_class(figures, scope.key) for day, figures in days.items()}
    return with_live(days, _live(running, scope)) if running else days


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
    return _ranked(_places(asked), lambda row: row["station_id"])


def by_city(asked: Range) -> tuple[list[PlaceSums], PlaceSums | None]:
    """The same of cities."""
    return _ranked(_places(asked), lambda row: (row["station_city"], row["station_country"]))


def _places(asked: Range) -> list[dict[str, Any]]:
    return _over("places", asked, lambda: totals_by_station(asked.first, asked.last, (*PLACED, "revenue_minor")))


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
    for name in PLACED:
        place.sums[name] += row[name]
    place.revenue[row["currency"]] += row["revenue_minor"]


def sign_ups(asked: Range, zone: ZoneInfo) -> Counter[dt.date]:
    """How many clients signed up on each day of `zone`, counted from the index on when they did."""
    return _over(f"clients:{zone.key}", asked, lambda: _sign_ups(asked, zone))


def _sign_ups(asked: Range, zone: ZoneInfo) -> Counter[dt.date]:
    ends = (asked.first, asked.last + dt.timedelta(days=1))
    first, after = (dt.datetime.combine(day, dt.time(), zone) for day in ends)
    rows = Client.objects.filter(created_at__gte=first, created_at__lt=after)
    days: defaultdict[dt.date, int] = defaultdict(int)
    for at in rows.values_list("created_at", flat=True).iterator():
        days[at.astimezone(zone).date()] += 1
    return Counter(days)
