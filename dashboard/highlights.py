"""Eco highlights: milestones, the best month and the streak of a client, out of its days of charging."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, Sum

from bookings.models import Client, EcoStat
from dashboard.milestones import Next, Reached, progress
from evbunker import clock
from evbunker.live import cached
from evbunker.live.events import client_group

HIGHLIGHTS_SECONDS = 60
METRICS = ("energy_wh", "co2_saved_g", "distance_m", "sessions")
LATEST_SHOWN = 4
ONE_WEEK = dt.timedelta(days=7)


@dataclass(frozen=True)
class Day:
    """What one day brought; `co2_saved_g` is None where no factor is known."""

    day: dt.date
    energy_wh: int
    distance_m: int
    co2_saved_g: int | None
    sessions: int


@dataclass(frozen=True)
class Month:
    """What the month that begins on `first` brought."""

    first: dt.date
    energy_wh: int
    co2_saved_g: int | None
    sessions: int


@dataclass(frozen=True)
class Streak:
    """ISO weeks in a row with a session: the one that still runs (0 if none does), and the longest."""

    weeks: int
    longest_weeks: int


@dataclass(frozen=True)
class Highlights:
    """`reached` are the latest milestones, newest first, of `reached_count`; `best_month` is None before the first."""

    reached: list[Reached]
    reached_count: int
    following: list[Next]
    best_month: Month | None
    streak: Streak


def highlights_of(client_id: UUID) -> Highlights:
    """The client's highlights, at most a minute old and never older than the last change of its own."""
    return cached(
        "highlights", group=client_group(client_id), stale_on={"eco_stats_update"}, ttl=HIGHLIGHTS_SECONDS,
        compute=lambda: compute_highlights(client_id),
    )  # fmt: skip


def compute_highlights(client_id: UUID) -> Highlights:
    """All of it from the database, now."""
    days = days_of(client_id)
    zone = ZoneInfo(Client.objects.values_list("time_zone", flat=True).get(pk=client_id))
    known = [metric for metric in METRICS if not days or any(getattr(day, metric) is not None for day in days)]
    stands = [progress(metric, ((day.day, getattr(day, metric) or 0) for day in days)) for metric in known]
    passed = sorted((one for reached, _next in stands for one in reached), key=lambda one: one.day)
    return Highlights(
        reached=passed[: -LATEST_SHOWN - 1 : -1],
        reached_count=len(passed),
        following=[following for _reached, following in stands],
        best_month=best_month(days),
        streak=streak((day.day for day in days), today=clock.now().astimezone(zone).date()),
    )


def days_of(client_id: UUID) -> list[Day]:
    """Every day on which the client's charging was confirmed, in order: one indexed query, a row a day."""
    sums = {"wh": Sum("energy_wh"), "m": Sum("distance_m"), "g": Sum("co2_saved_g"), "known": Count("co2_saved_g")}
    rows = EcoStat.objects.filter(client_id=client_id).values("day").annotate(n=Count("pk"), **sums)
    days = [Day(row["day"], row["wh"], row["m"], row["g"] if row["known"] else None, row["n"]) for row in rows]
    return sorted(days, key=lambda day: day.day)


def best_month(days: Iterable[Day]) -> Month | None:
    """The month with the most energy, the latest of equal ones; None without any."""
    months: dict[dt.date, list[Day]] = {}
    for day in days:
        months.setdefault(day.day.replace(day=1), []).append(day)
    summed = [_month(first, of_month) for first, of_month in months.items()]
    return max(summed, key=lambda month: (month.energy_wh, month.first), default=None)


def _month(first: dt.date, days: list[Day]) -> Month:
    grams = [day.co2_saved_g for day in days if day.co2_saved_g is not None]
    return Month(
        first, sum(day.energy_wh for day in days), sum(grams) if grams else None, sum(day.sessions for day in days)
    )


def streak(days: Iterable[dt.date], *, today: dt.date) -> Streak:
    """Weeks in a row. The streak still runs while last week had a session: this week is not over."""
    mondays = sorted({_monday(day) for day in days})
    run = Counter[dt.date]()
    for monday in mondays:
        run[monday] = run[monday - ONE_WEEK] + 1
    latest = mondays[-1] if mondays else None
    runs_still = latest is not None and latest >= _monday(today) - ONE_WEEK
    return Streak(run[latest] if runs_still and latest else 0, max(run.values(), default=0))


def _monday(day: dt.date) -> dt.date:
    return day - dt.timedelta(days=day.weekday())
