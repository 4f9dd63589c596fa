"""Days on which nothing happened at a station: no mark tells of them, and yet its EVSEs were open and not used."""

import datetime as dt
from collections.abc import Iterator
from uuid import UUID

from adminpanel.models import Beat, DailyUse
from bookings.models import Station, Tariff
from evbunker.db import newest

IDLE = "idle days"
"""The beat that says when days without marks were last looked for."""
EVERY = dt.timedelta(minutes=15)
"""Every zone's midnight falls on a quarter of an hour of UTC."""
BACK = dt.timedelta(days=31)
"""So far back days are found that no process was there to close."""
ONE_DAY = dt.timedelta(days=1)
Span = tuple[UUID, dt.date, dt.date]


def idle_spans(now: dt.datetime) -> Iterator[Span]:
    """The last ended days of bookable stations that nobody summed up, both ends included; nothing if they were looked
    for since a midnight could have come."""
    beat = Beat.objects.filter(name=IDLE).first()
    if beat is not None and _quarter(beat.beaten_at) == _quarter(now):
        return
    stations = {pk: Station(pk=pk, **facts) for pk, facts in bookable_stations().items()}
    ended = {pk: now.astimezone(station.zone).date() - ONE_DAY for pk, station in stations.items()}
    kept = {(row[0], row[1]) for day in set(ended.values()) for row in _kept_on(day)}
    for pk, last in ended.items():
        if (pk, last) not in kept:
            first = max(_after_what_is_kept(pk), first_day_of(stations[pk]), last - BACK)
            if first <= last:
                yield pk, first, last


def _quarter(moment: dt.datetime) -> int:
    return int(moment.timestamp() // EVERY.total_seconds())


def _kept_on(day: dt.date) -> list[tuple[UUID, dt.date]]:
    return list(DailyUse.objects.filter(day=day).values_list("station_id", "day"))


def _after_what_is_kept(station_id: UUID) -> dt.date:
    rows = newest(DailyUse.objects.filter(station_id=station_id), by="day", limit=1)
    return rows[0].day + ONE_DAY if rows else dt.date.min


def bookable_stations() -> dict[UUID, dict[str, object]]:
    """Stations that can be booked, with their zones and when they were made: by their tariffs, of which there are few,
    because imported ones without any are many."""
    tariffs = list(Tariff.objects.values_list("pk", flat=True))
    rows = Station.objects.filter(tariff_id__in=tariffs).values_list("pk", "time_zone", "created_at", "bookable")
    return {pk: {"time_zone": zone, "created_at": made} for pk, zone, made, bookable in rows if bookable}


def first_day_of(station: Station, figures: dt.date = dt.date.max) -> dt.date:
    """The first day on which the station counts: the one on which it was made, or an earlier one with `figures`."""
    return min(station.created_at.astimezone(station.zone).date(), figures)
