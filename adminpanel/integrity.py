"""Do the sums of ended days fit their rows? Reads all rows, changes nothing."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from typing import Any

from adminpanel.day_sums import sums_of
from adminpanel.day_use import Use, uses_of
from adminpanel.models import Beat, DailyTotal, DailyUse, NetworkDay, StaleNetworkDay
from adminpanel.network_days import network_figures
from adminpanel.rollups import HISTORY, first_figures, stations_with_days
from bookings.models import StaleDay, Station
from bookings.stale_days import end_of_day
from evbunker import clock

ONE_DAY = dt.timedelta(days=1)
SEEN = ("evses", "open_minutes")
"""Figures that no row backs: they say how the station was when the day was first summed up."""


def day_findings() -> Iterator[str]:
    """Every day that nothing marks as stale is what its rows come to; ended ones are there once history was closed."""
    walked = Beat.objects.filter(name=HISTORY).exists()
    for station in stations_with_days():
        first, last = first_figures(station.pk) - ONE_DAY, clock.now().astimezone(station.zone).date() + ONE_DAY
        if first <= last:
            yield from _totals_at(station, first, last, walked)
            yield from _uses_at(station, first, last, walked)
    yield from _network()


def _totals_at(station: Station, first: dt.date, last: dt.date, walked: bool) -> Iterator[str]:
    kept = {(row.day, row.currency): row for row in DailyTotal.objects.filter(station_id=station.pk)}
    wanted = sums_of(station.pk, first, last)
    for day, currency in _to_compare(station, {*kept}, {*wanted}, walked):
        sums = wanted.get((day, currency), Counter())
        if _differ(kept.get((day, currency)), DailyTotal.SUMS, sums):
            yield f"the total of station {station.pk} on {day} in {currency} is not the sum of its rows"


def _uses_at(station: Station, first: dt.date, last: dt.date, walked: bool) -> Iterator[str]:
    kept = {(row.day, row.evse_class): row for row in DailyUse.objects.filter(station_id=station.pk)}
    wanted = uses_of(station, first, last)
    names = [name for name in DailyUse.SUMS if name not in SEEN]
    for day, kind in _to_compare(station, {*kept}, {*wanted}, walked):
        row, use = kept.get((day, kind)), wanted.get((day, kind), Use())
        if _differ(row, names, use.sums) or (row is not None and row.hours != use.hours):
            yield f"the use of station {station.pk} on {day} by {kind} is not the sum of its rows"


def _to_compare(station: Station, kept: set[Any], wanted: set[Any], walked: bool) -> Iterator[tuple[dt.date, str]]:
    stale = set(StaleDay.objects.filter(station_id=station.pk).values_list("day", flat=True))
    for key in sorted(kept | wanted):
        if key[0] not in stale and (key in kept or (walked and _is_over(key[0], station))):
            yield key


def _differ(row: Any, names: Any, sums: Counter[str]) -> bool:
    return row is None or any(getattr(row, name) != sums[name] for name in names)


def _is_over(day: dt.date, station: Station) -> bool:
    return end_of_day(day, station.time_zone) <= clock.now() - ONE_DAY


def _network() -> Iterator[str]:
    """Every day of the network that nothing marks is what its stations' rows come to."""
    stale = set(StaleNetworkDay.objects.values_list("day", "time_zone"))
    kept = {(row.day, row.time_zone): row.figures for row in NetworkDay.objects.all()}
    days = {
        key
        for model in (DailyTotal, DailyUse)
        for key in model._default_manager.values_list("day", "station_time_zone").distinct()
    }
    for day, zone in sorted(days | {*kept}):
        if (day, zone) not in stale and kept.get((day, zone)) != network_figures(day, zone):
            yield f"the network's day {day} in {zone} is not the sum of its stations' rows"
