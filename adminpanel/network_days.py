"""Days of the whole network: one row a day and time zone, made of the rows of its stations.

Kept in step as those are: the unit of work that changes a row of a station's day inserts a mark, and whoever makes the
network's day anew deletes the marks that it sees in the unit that reads the rows.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.db import IntegrityError
from django.db.models import Sum

from adminpanel.models import DailyTotal, DailyUse, NetworkDay, StaleNetworkDay
from evbunker.db import RunAgain, atomic, lowest

MARKS_AT_A_TIME = 100
Figures = dict[str, dict[str, Any]]


def mark_network(days: Iterable[tuple[dt.date, str]]) -> None:
    """Say, inside the unit of work that does it, that rows of these days and time zones change."""
    StaleNetworkDay.objects.bulk_create(StaleNetworkDay(day=day, time_zone=zone) for day, zone in sorted(set(days)))


def make_network_days() -> int:
    """Make every network's day anew that has marks; how many changed. Safe to repeat and to run at once."""
    changed = 0
    while marks := lowest(StaleNetworkDay.objects.all(), by="day", limit=MARKS_AT_A_TIME):
        for day, zone in dict.fromkeys((mark.day, mark.time_zone) for mark in marks):
            changed += _make(day, zone)
    return changed


@atomic
def _make(day: dt.date, time_zone: str) -> bool:
    """False if nobody marked it any more, or it was right."""
    deleted, _models = StaleNetworkDay.objects.filter(day=day, time_zone=time_zone).delete()
    if not deleted:
        return False
    row = NetworkDay.objects.filter(day=day, time_zone=time_zone).first()
    figures = network_figures(day, time_zone)
    if row is None and any(figures.values()):
        return _create(day, time_zone, figures)
    if row is None or row.figures == figures:
        return False
    if any(figures.values()):
        row.figures = figures
        row.save(force_update=True)
    else:
        row.delete()
    return True


def _create(day: dt.date, time_zone: str, figures: Figures) -> bool:
    try:
        NetworkDay.objects.create(day=day, time_zone=time_zone, figures=figures)
    except IntegrityError as error:  # another process has just made it
        raise RunAgain from error
    return True


def network_figures(day: dt.date, time_zone: str) -> Figures:
    """What the stations' rows of that day and zone come to, in the shape of `NetworkDay.figures`."""
    where = {"day": day, "station_time_zone": time_zone}
    groups = DailyTotal.objects.filter(**where).values("currency")
    rows = groups.annotate(**{f"sum_{name}": Sum(name) for name in DailyTotal.SUMS})
    money = {row["currency"]: {name: row[f"sum_{name}"] for name in DailyTotal.SUMS} for row in rows}
    return {"money": dict(sorted(money.items())), "use": _use(where)}


def _use(where: dict[str, Any]) -> dict[str, Any]:
    sums: dict[str, Counter[str]] = {}
    hours: dict[str, list[int]] = {}
    for kind, booked, *values in DailyUse.objects.filter(**where).values_list("evse_class", "hours", *DailyUse.SUMS):
        sums.setdefault(kind, Counter()).update(dict(zip(DailyUse.SUMS, values, strict=True)))
        hours[kind] = add_hours(hours.get(kind, []), booked)
    return {kind: {name: sums[kind][name] for name in DailyUse.SUMS} | {"hours": hours[kind]} for kind in sorted(sums)}


def add_hours(some: list[int], more: list[int]) -> list[int]:
    """Two sums by hour as one; either may be empty."""
    return [a + b for a, b in zip(some, more, strict=True)] if some and more else list(some or more)
