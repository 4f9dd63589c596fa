"""Do the totals of ended days fit their rows? Reads all rows, changes nothing."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator

from adminpanel.models import Beat, DailyTotal
from adminpanel.rollups import HISTORY, stations_with_days, sums_of
from bookings.models import StaleDay, Station
from bookings.stale_days import end_of_day
from evbunker import clock


def day_findings() -> Iterator[str]:
    """Every day that nothing marks as stale is what its rows come to; ended ones are there once history was closed."""
    walked = Beat.objects.filter(name=HISTORY).exists()
    for station in stations_with_days():
        yield from _findings_at(station, walked)


def _findings_at(station: Station, walked: bool) -> Iterator[str]:
    stale = set(StaleDay.objects.filter(station_id=station.pk).values_list("day", flat=True))
    kept = {(row.day, row.currency): row for row in DailyTotal.objects.filter(station_id=station.pk)}
    wanted = sums_of(station.pk, dt.date.min, dt.date.max)
    for day, currency in sorted({*kept, *wanted}):
        total = kept.get((day, currency))
        if day in stale or (total is None and not (walked and _is_over(day, station))):
            continue
        sums = wanted.get((day, currency), Counter())
        if total is None or any(getattr(total, name) != sums[name] for name in DailyTotal.SUMS):
            yield f"the total of station {station.pk} on {day} in {currency} is not the sum of its rows"


def _is_over(day: dt.date, station: Station) -> bool:
    return end_of_day(day, station.time_zone) <= clock.now() - dt.timedelta(days=1)
