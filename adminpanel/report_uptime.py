"""Uptime of any days, station by station, by the formula of `bookings/uptime.py`."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator
from uuid import UUID

from adminpanel.report_terms import A_DAY, DAY, STATION, Terms
from bookings.models import Evse, Station
from bookings.slots import Period, day_period
from bookings.uptime import lifetime_of, together, uptimes_of
from evbunker.db import lowest

AT_ONCE = 50
Line = tuple[str, str, Counter[str]]
"""Key, label and sums of a row."""


def up_share(sums: Counter[str]) -> int | None:
    """Hundredths of a percent, rounded down as the rule's own figure is; None of no time at all."""
    total = sums["total_seconds"]
    return (total - (sums["outage_seconds"] - sums["excluded_seconds"])) * 10_000 // total if total else None


def uptime_rows(terms: Terms, told: Callable[[int, int], object]) -> list[Line]:
    """A row a day or month, with all EVSEs together, or a row a station; without stations that have no EVSE."""
    spans = list(_spans(terms))
    found: dict[str, Line] = {}
    for number, station in enumerate(_stations(terms) if spans else ()):
        told(number, number + AT_ONCE)  # how many there are is not counted
        for key, label, sums in _of_station(station, terms, spans):
            found.setdefault(key, (key, label, Counter()))[2].update(sums)
    rows = list(found.values())
    return (
        sorted(rows, key=lambda row: (row[1].casefold(), row[0]))
        if terms.by == STATION
        else sorted(rows, key=lambda row: row[0])
    )


def _of_station(station: Station, terms: Terms, spans: list[tuple[str, dt.date, dt.date]]) -> Iterator[Line]:
    evses = list(Evse.objects.filter(station=station))
    periods = [_period(station, first, last) for _key, first, last in spans]
    uptimes = uptimes_of(station, evses, periods) if evses else {}
    for index, (key, _first, _last) in enumerate(spans):
        there = [evse for evse in evses if not _is_empty(lifetime_of(evse, periods[index]))]
        one = together(uptimes[evse.pk][index] for evse in there)
        names = ("total_seconds", "outage_seconds", "excluded_seconds")
        sums = Counter({name: getattr(one, name) for name in names} | {"evses": len(there)})
        if there:
            yield (str(station.pk), station.name, sums) if terms.by == STATION else (key, key, sums)


def _is_empty(period: Period) -> bool:
    return period.starts_at >= period.ends_at


def _period(station: Station, first: dt.date, last: dt.date) -> Period:
    return Period(day_period(first, station.zone).starts_at, day_period(last, station.zone).ends_at)


def _spans(terms: Terms) -> Iterator[tuple[str, dt.date, dt.date]]:
    """Key, first and last day of every row, or of all days where rows are stations."""
    if terms.by == STATION:
        if terms.first <= terms.until:
            yield "", terms.first, terms.until
        return
    for first, last in terms.months():
        if terms.by == DAY:
            days = [first + n * A_DAY for n in range((last - first).days + 1)]
            yield from ((day.isoformat(), day, day) for day in days)
        else:
            yield f"{first:%Y-%m}", first, last


def _stations(terms: Terms) -> Iterator[Station]:
    if terms.station is not None:
        yield from Station.objects.filter(pk=terms.station)
        return
    last = UUID(int=0)
    while batch := lowest(Station.objects.filter(pk__gt=last), by="id", limit=AT_ONCE):
        last = batch[-1].pk
        yield from (station for station in batch if station.status != Station.Status.RETIRED)
