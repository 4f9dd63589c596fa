"""Closing days: what each ended local day of a station came to, so that no figure of the past reads its rows again.

Whatever changes a day leaves a `StaleDay` in the same unit of work, so the marks of ended days are all there is to do:
a day is summed up when it has ended, and again whenever it changes later. Days on which nothing happened have no marks,
but EVSEs that were open: `adminpanel/idle_days.py` has them summed up. Rows that came without marks, from before there
were any or from other programs, are found by walking through history once (`close_history`).
"""

import datetime as dt
import random
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import IntegrityError
from django.db.models import QuerySet

from adminpanel.beating import beat
from adminpanel.day_sums import sums_of
from adminpanel.day_use import Use, capacity_of, uses_of
from adminpanel.idle_days import IDLE, bookable_stations, first_day_of, idle_spans
from adminpanel.models import Beat, DailyTotal, DailyUse
from adminpanel.network_days import make_network_days, mark_network
from bookings.first_bookings import mark_first_bookings
from bookings.models import Booking, EcoStat, StaleDay, Station
from evbunker import clock
from evbunker.db import RunAgain, atomic, lowest
from evbunker.live import Event, announce
from payments.models import Payment

HISTORY = "history of days, 2"
"""The beat that says that days from before there were marks are closed. Its number rises with what a day is summed up
to, so that old installations walk once more."""
GRACE = dt.timedelta(minutes=1)
"""How long after its midnight a day is closed: for fewer days done twice. What comes later leaves its mark anyway."""
MARKS_AT_A_TIME = 100
SPAN, IDLE_SPAN = dt.timedelta(days=31), dt.timedelta(days=366)
"""So much of a station's history is read in one unit of work, and so much of one without any figures."""
ONE_DAY = dt.timedelta(days=1)
Progress = Callable[[str], object]
HAPPENED: tuple[tuple["QuerySet[Any]", str], ...] = (
    (Booking.objects.all(), "confirmed_day"),
    (Payment.objects.all(), "captured_day"),
    (EcoStat.objects.all(), "day"),
    (DailyTotal.objects.all(), "day"),
)
"""Whatever has figures of what happened on a station's day, with the day's name."""
WITH_DAYS = (*HAPPENED, (DailyUse.objects.all(), "day"))
"""The same, and days on which EVSEs were only open. Each has an index on (station, day)."""


class Closed(NamedTuple):
    """How many ended days were summed up, and how many rows of them were made, changed or taken away by that."""

    days: int
    totals: int


def close_days(*, progress: Progress = lambda _said: None, history: bool = False) -> Closed:
    """Sum up every ended day that is new or has changed. Safe to repeat and to run at once.

    The first time, and with `history`, all days since the first booking are walked through.
    """
    whole = history or not Beat.objects.filter(name=HISTORY).exists()
    past = close_history(progress) if whole else Closed(0, 0)
    idle = close_idle_days()
    stale = close_stale_days(progress)
    network = make_network_days()
    if past.totals or idle.totals or stale.totals or network:
        announce(Event("eco_stats_update"))  # of no client or station: to operators alone
    return Closed(past.days + idle.days + stale.days, past.totals + idle.totals + stale.totals)


def close_stale_days(progress: Progress) -> Closed:
    """Sum up the ended days that have marks, however many days and marks there are."""
    days = totals = 0
    due = StaleDay.objects.filter(ends_at__lte=clock.now() - GRACE)
    while marks := lowest(due, by="ends_at", limit=MARKS_AT_A_TIME):
        stale = list({(mark.station_id, mark.day) for mark in marks})
        random.shuffle(stale)  # two processes at once get in each other's way less
        totals += sum(close_span(station_id=station_id, first=day, last=day) for station_id, day in stale)
        days += len(stale)
        progress(f"{days} changed days closed")
    return Closed(days, totals)


def close_idle_days() -> Closed:
    """Sum up the ended days on which nothing happened at stations that were open."""
    days = totals = 0
    for station_id, first, last in idle_spans(clock.now() - GRACE):
        totals += close_span(station_id=station_id, first=first, last=last)
        days += (last - first).days + 1
    if days:
        beat(IDLE)
    return Closed(days, totals)


def close_history(progress: Progress) -> Closed:
    """Sum up every ended day there is, station by station. What was right before is left alone."""
    mark_first_bookings()
    days = totals = 0
    for number, station in enumerate(stations_with_days(), 1):
        last = (clock.now() - GRACE).astimezone(ZoneInfo(station.time_zone)).date() - ONE_DAY
        for first, until in _spans(station.pk, first_day_of(station, first_figures(station.pk)), last):
            totals += close_span(station_id=station.pk, first=first, last=until)
            days += (until - first).days + 1
        progress(f"{number} stations closed, the last one {station.name}: {totals} totals made or mended")
    beat(HISTORY)
    return Closed(days, totals)


def stations_with_days() -> Iterator[Station]:
    """Every station that has figures of any day or may be booked, in the order of ids, by one step in each index a
    station."""
    last, bookable = UUID(int=0), bookable_stations()
    while found := [
        *(pk for pk in bookable if pk > last),
        *(
            row.station_id
            for rows, _day in WITH_DAYS
            for row in lowest(rows.filter(station_id__gt=last), by="station_id", limit=1)
        ),
    ]:
        last = min(found)
        yield Station.objects.get(pk=last)


def first_figures(station_id: UUID) -> dt.date:
    """The first day that has any figures of the station; the end of time if there is none."""
    return _next_day(station_id, dt.date.min, WITH_DAYS)


def _next_day(station_id: UUID, after: dt.date, where: tuple[tuple["QuerySet[Any]", str], ...]) -> dt.date:
    days = (
        getattr(row, day)
        for rows, day in where
        for row in lowest(rows.filter(**{"station_id": station_id, f"{day}__gt": after}), by=day, limit=1)
    )
    return min(days, default=dt.date.max)


def _spans(station_id: UUID, first: dt.date, last: dt.date) -> Iterator[tuple[dt.date, dt.date]]:
    """These days in pieces, both ends included: of at most SPAN, or of IDLE_SPAN where nothing happened."""
    while first <= last:
        happened = _next_day(station_id, first - ONE_DAY, HAPPENED)
        until = min(last, first + SPAN - ONE_DAY)
        if happened > first:
            until = min(last, happened - ONE_DAY, first + IDLE_SPAN - ONE_DAY)
        yield first, until
        first = until + ONE_DAY


@atomic
def close_span(*, station_id: UUID, first: dt.date, last: dt.date) -> int:
    """Make the rows of a station's ended days what theirs say; how many were not. Safe to repeat and at once.

    The marks that this unit can see go before the rows are read, so every change behind them is seen as well. The mark
    of a change that it cannot see yet stays, and with it another turn. Two who sum up the same day delete the same
    marks or write the same rows: one of them runs again.
    """
    span = {"station_id": station_id, "day__gte": first, "day__lte": last}
    StaleDay.objects.filter(**span).delete()
    station = Station.objects.get(pk=station_id)
    place = {f"station_{name}": getattr(station, name) for name in ("name", "city", "country", "time_zone")}
    totals = {
        key: place | {name: sums[name] for name in DailyTotal.SUMS}
        for key, sums in sums_of(station_id, first, last).items()
    }
    changed = _store(DailyTotal, "currency", span, totals)
    changed += _store(DailyUse, "evse_class", span, _uses(station, span, first, last))
    mark_network(changed)
    return len(changed)


def _uses(station: Station, span: dict[str, Any], first: dt.date, last: dt.date) -> dict[tuple[dt.date, str], Any]:
    """What rows of `DailyUse` are to say. Which EVSEs there were, and for how long, stays as it was first seen."""
    seen: dict[tuple[dt.date, str], Use] = {}
    for row in DailyUse.objects.filter(**span):
        seen[row.day, row.evse_class] = Use()
        seen[row.day, row.evse_class].sums.update(evses=row.evses, open_minutes=row.open_minutes)
    known = {day for day, _kind in seen}
    days = [first + n * ONE_DAY for n in range((last - first).days + 1)]
    seen |= capacity_of(station, [day for day in days if day not in known])
    for key, use in uses_of(station, first, last).items():
        seen.setdefault(key, Use()).sums.update(use.sums)
        seen[key].hours = use.hours
    return {
        key: {"station_time_zone": station.time_zone, "hours": use.hours}
        | {name: use.sums[name] for name in DailyUse.SUMS}
        for key, use in seen.items()
        if any(use.sums.values())
    }


Changed = list[tuple[dt.date, str]]
"""A day and time zone for each row that was changed."""


def _store(
    model: type[DailyTotal] | type[DailyUse], name: str, span: dict[str, Any], wanted: dict[tuple[dt.date, str], Any]
) -> Changed:
    """Make the rows of `span` say what is `wanted` by day and `name`."""
    kept = {(row.day, getattr(row, name)): row for row in model._default_manager.filter(**span)}
    gone = [row for key, row in kept.items() if key not in wanted]
    if gone:
        model._default_manager.filter(pk__in=[row.pk for row in gone]).delete()
    changed = [(row.day, row.station_time_zone) for row in gone]
    for key, row in kept.items():
        if key in wanted and _differs(row, wanted[key]):
            changed += _change(row, wanted[key])
    return changed + _add(model, name, span["station_id"], {key: wanted[key] for key in wanted if key not in kept})


def _differs(row: DailyTotal | DailyUse, facts: dict[str, Any]) -> bool:
    return any(getattr(row, name) != value for name, value in facts.items())


def _change(row: DailyTotal | DailyUse, facts: dict[str, Any]) -> Changed:
    """The day in its zone; in both where the station's has become another one."""
    zones = {row.station_time_zone, facts["station_time_zone"]}
    for name, value in facts.items():
        setattr(row, name, value)
    row.save(force_update=True)
    return [(row.day, zone) for zone in zones]


def _add(
    model: type[DailyTotal] | type[DailyUse], name: str, station_id: UUID, wanted: dict[tuple[dt.date, str], Any]
) -> Changed:
    rows: Any = model._default_manager
    new = [model(station_id=station_id, day=day, **{name: one}, **facts) for (day, one), facts in wanted.items()]
    try:
        rows.bulk_create(new)
    except IntegrityError as error:  # another process has just made one
        raise RunAgain from error
    return [(row.day, row.station_time_zone) for row in new]
