"""Closing days: what each ended local day of a station came to, so that no figure of the past reads its rows again.

Whatever changes a day leaves a `StaleDay` in the same unit of work, so the marks of ended days are all there is to do:
a day is summed up when it has ended, and again whenever it changes later. Rows that came without marks, from before
there were any or from other programs, are found by walking through history once (`close_history`).
"""

import datetime as dt
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import IntegrityError
from django.db.models import Count, QuerySet, Sum

from adminpanel.beating import beat
from adminpanel.models import Beat, DailyTotal
from bookings.models import Booking, EcoStat, StaleDay, Station
from bookings.models.session import EnergySource
from evbunker import clock
from evbunker.db import RunAgain, atomic, lowest
from evbunker.live import Event, announce
from payments.models import Payment

HISTORY = "history of days"
"""The beat that says that days from before there were marks are closed."""
GRACE = dt.timedelta(minutes=1)
"""How long after its midnight a day is closed: for fewer days done twice. What comes later leaves its mark anyway."""
MARKS_AT_A_TIME = 100
SPAN = dt.timedelta(days=31)
"""So much of a station's history is read in one unit of work."""
Day = tuple[dt.date, str]
"""A day and a currency."""
Sums = dict[Day, Counter[str]]
Progress = Callable[[str], object]
WITH_DAYS: tuple[tuple["QuerySet[Any]", str], ...] = (
    (Booking.objects.all(), "confirmed_day"),
    (Payment.objects.all(), "captured_day"),
    (EcoStat.objects.all(), "day"),
    (DailyTotal.objects.all(), "day"),
)
"""Whatever has figures of a station's day, with the day's name; each has an index on (station, day)."""


class Closed(NamedTuple):
    """How many ended days were summed up, and how many totals were made, changed or taken away by that."""

    days: int
    totals: int


def close_days(*, progress: Progress = lambda _said: None, history: bool = False) -> Closed:
    """Sum up every ended day that is new or has changed. Safe to repeat and to run at once.

    The first time, and with `history`, all days since the first booking are walked through.
    """
    whole = history or not Beat.objects.filter(name=HISTORY).exists()
    past = close_history(progress) if whole else Closed(0, 0)
    stale = close_stale_days(progress)
    if past.totals or stale.totals:
        announce(Event("eco_stats_update"))  # of no client or station: to operators alone
    return Closed(past.days + stale.days, past.totals + stale.totals)


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


def close_history(progress: Progress) -> Closed:
    """Sum up every ended day there is, station by station. What was right before is left alone."""
    days = totals = 0
    for number, station in enumerate(stations_with_days(), 1):
        last = (clock.now() - GRACE).astimezone(ZoneInfo(station.time_zone)).date() - dt.timedelta(days=1)
        for first, until in _spans(station.pk, last):
            totals += close_span(station_id=station.pk, first=first, last=until)
            days += (until - first).days + 1
        progress(f"{number} stations closed, the last one {station.name}: {totals} totals made or mended")
    beat(HISTORY)
    return Closed(days, totals)


def stations_with_days() -> Iterator[Station]:
    """Every station that has figures of any day, in the order of ids, by one step in each index a station."""
    last = UUID(int=0)
    while found := [
        row.station_id
        for rows, _day in WITH_DAYS
        for row in lowest(rows.filter(station_id__gt=last), by="station_id", limit=1)
    ]:
        last = min(found)
        yield Station.objects.get(pk=last)


def _spans(station_id: UUID, last: dt.date) -> Iterator[tuple[dt.date, dt.date]]:
    """The station's days until `last` in pieces of at most SPAN, both ends included, without stretches of nothing."""
    until = dt.date.min
    while (first := _next_day(station_id, until)) <= last:
        until = min(last, first + SPAN - dt.timedelta(days=1))
        yield first, until


def _next_day(station_id: UUID, after: dt.date) -> dt.date:
    """The first day after `after` that has any figures of the station; the end of time if there is none."""
    days = (
        getattr(row, day)
        for rows, day in WITH_DAYS
        for row in lowest(rows.filter(**{"station_id": station_id, f"{day}__gt": after}), by=day, limit=1)
    )
    return min(days, default=dt.date.max)


@atomic
def close_span(*, station_id: UUID, first: dt.date, last: dt.date) -> int:
    """Make the totals of a station's ended days what their rows say; how many were not. Safe to repeat and at once.

    The marks that this unit can see go before the rows are read, so every change behind them is seen as well. The mark
    of a change that it cannot see yet stays, and with it another turn. Two who sum up the same day delete the same
    marks or write the same totals: one of them runs again.
    """
    span = {"station_id": station_id, "day__gte": first, "day__lte": last}
    StaleDay.objects.filter(**span).delete()
    kept = {(row.day, row.currency): row for row in DailyTotal.objects.filter(**span)}
    wanted = sums_of(station_id, first, last)
    gone = [row.pk for key, row in kept.items() if key not in wanted]
    if gone:
        DailyTotal.objects.filter(pk__in=gone).delete()
    return len(gone) + _store(station_id, wanted, kept)


def _store(station_id: UUID, wanted: Sums, kept: dict[Day, DailyTotal]) -> int:
    station = Station.objects.get(pk=station_id)
    seen = {f"station_{name}": getattr(station, name) for name in ("name", "city", "country", "time_zone")}
    new: list[DailyTotal] = []
    changed = 0
    for (day, currency), sums in wanted.items():
        facts = seen | {name: sums[name] for name in DailyTotal.SUMS}
        total = kept.get((day, currency))
        if total is None:
            new.append(DailyTotal(station_id=station_id, day=day, currency=currency, **facts))
        elif any(getattr(total, name) != value for name, value in facts.items()):
            for name, value in facts.items():
                setattr(total, name, value)
            total.save(force_update=True)
            changed += 1
    try:
        DailyTotal.objects.bulk_create(new)
    except IntegrityError as error:  # another process has just made one
        raise RunAgain from error
    return changed + len(new)


def sums_of(station_id: UUID, first: dt.date, last: dt.date) -> Sums:
    """What the rows of a station's days come to, by day and currency; days without rows are missing."""
    sums: Sums = defaultdict(Counter)
    for parts in (
        _bookings(station_id, first, last),
        _payments(station_id, first, last),
        _eco(station_id, first, last),
    ):
        for day, currency, part in parts:
            sums[day, currency].update(part)
    return {key: part for key, part in sums.items() if any(part.values())}


STANDING = {Booking.Status.COMPLETED: "completed", Booking.Status.NO_SHOW: "no_shows"}
Parts = Iterator[tuple[dt.date, str, dict[str, int]]]


def _bookings(station_id: UUID, first: dt.date, last: dt.date) -> Parts:
    rows = Booking.objects.filter(station_id=station_id, confirmed_day__gte=first, confirmed_day__lte=last)
    for row in rows.values("confirmed_day", "currency", "status").annotate(n=Count("pk")):
        part = {"cancelled": row["n"]} if row["status"] == Booking.Status.CANCELLED else {}
        if row["status"] in Booking.PAID:
            part = {"bookings": row["n"]}
        if row["status"] in STANDING:
            part[STANDING[row["status"]]] = row["n"]
        yield row["confirmed_day"], row["currency"], part


def _payments(station_id: UUID, first: dt.date, last: dt.date) -> Parts:
    rows = Payment.objects.filter(station_id=station_id, captured_day__gte=first, captured_day__lte=last)
    groups = rows.values("captured_day", "currency", "status")
    for row in groups.annotate(n=Count("pk"), came=Sum("captured_minor"), back=Sum("refund_reserved_minor")):
        if row["status"] == Payment.Status.CAPTURED:
            part = {"payments": row["n"], "revenue_minor": row["came"] - row["back"]}
            yield row["captured_day"], row["currency"], part


ECO_SUMS = {
    "charges": Count("pk"),
    "minutes": Sum("charging_minutes"),
    "wh": Sum("energy_wh"),
    "grams": Sum("co2_saved_g"),
    "known": Count("co2_saved_g"),
}


def _eco(station_id: UUID, first: dt.date, last: dt.date) -> Parts:
    rows = EcoStat.objects.filter(station_id=station_id, day__gte=first, day__lte=last)
    for row in rows.values("day", "currency", "source").annotate(**ECO_SUMS):
        yield row["day"], row["currency"], eco_figures(row)


def eco_figures(row: dict[str, Any]) -> dict[str, int]:
    """A group of eco stats of one source, summed up by ECO_SUMS, under the names of `DailyTotal`."""
    return {
        "charges": row["charges"],
        "charging_minutes": row["minutes"],
        "energy_wh": row["wh"],
        "estimated_energy_wh": row["wh"] if row["source"] == EnergySource.ESTIMATED else 0,
        "co2_saved_g": row["grams"] or 0,
        "co2_known": row["known"],
    }
