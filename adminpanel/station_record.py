"""What the page of one station tells: how it stands, what comes, how it did."""

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from adminpanel.models import DailyTotal, DailyUse
from bookings.claims import claims_on
from bookings.models import Booking, ChargingSession, Evse, Outage, Station
from bookings.slots import slot_of
from bookings.uptime import Uptime, together, trailing_months, trailing_year, uptimes_of
from evbunker import clock
from evbunker.db import lowest, newest
from evbunker.models import Change

SHOWN = 10
"""Bookings to come, sessions, outages and changes shown at most."""
LOOKED_AT = 100
"""So many bookings to come are looked through, of which some are given up."""
COMPARED = dt.timedelta(days=28)
"""Four whole weeks, so that as many Sundays as Mondays are on both sides."""


def evses_of(station: Station) -> list[Evse]:
    return list(Evse.objects.filter(station=station).order_by("label"))


def coming(evses: list[Evse], *, limit: int = SHOWN) -> list[Booking]:
    """The live bookings of these EVSEs that begin from now on, the next first."""
    ahead = Booking.objects.filter(evse__in=[evse.pk for evse in evses], starts_at__gte=clock.now())
    found = lowest(ahead, by="starts_at", limit=LOOKED_AT) if evses else []
    return [booking for booking in found if booking.status in Booking.LIVE][:limit]


def charging_now(evses: list[Evse]) -> list[ChargingSession]:
    """Who charges here, the next to end first: found by who owns the slots of now, so never more than EVSEs."""
    now = slot_of(clock.now())
    owners = claims_on([evse.pk for evse in evses], range(now, now + 1)).filter(booking__isnull=False)
    found = ChargingSession.objects.filter(booking__in=list(owners.values_list("booking_id", flat=True)))
    active = [session for session in found if session.status == ChargingSession.Status.ACTIVE]
    return sorted(active, key=lambda session: session.scheduled_end)


class Record(NamedTuple):
    """How one EVSE did in the trailing year."""

    evse: Evse
    uptime: Uptime


@dataclass(frozen=True)
class UptimeStory:
    """Uptime of a station's EVSEs over the trailing year, and of all together by month (first day, uptime)."""

    since: dt.datetime
    until: dt.datetime
    evses: list[Record]
    months: list[tuple[dt.date, Uptime]]

    @property
    def all(self) -> Uptime:
        return together(one.uptime for one in self.evses)


def uptime_story(station: Station, evses: list[Evse]) -> UptimeStory:
    now = clock.now()
    year, months = trailing_year(now, station.zone), trailing_months(now, station.zone)
    found = uptimes_of(station, evses, [year, *(period for _first, period in months)])
    by_month = [
        (first, together(found[evse.pk][number] for evse in evses)) for number, (first, _period) in enumerate(months, 1)
    ]
    return UptimeStory(
        year.starts_at, now, [Record(evse, found[evse.pk][0]) for evse in evses],
        [(first, uptime) for first, uptime in by_month if uptime.total_seconds],
    )  # fmt: skip


def newest_outages(station: Station) -> list[Outage]:
    return newest(Outage.objects.filter(station=station), by="began_at", limit=SHOWN)


def newest_changes(station: Station, evses: list[Evse]) -> list[Change]:
    """What was done with the station and its EVSEs."""
    ids: list[UUID] = [station.pk, *(evse.pk for evse in evses)]
    return newest(Change.objects.filter(record_id__in=ids), by="created_at", limit=SHOWN)


@dataclass
class Span:
    """Some ended local days of a station, both included: what came in by currency, and how it was used."""

    first: dt.date
    last: dt.date
    money: Counter[str] = field(default_factory=Counter)
    use: Counter[str] = field(default_factory=Counter)

    @property
    def revenue(self) -> dict[str, int]:
        return {currency: minor for currency, minor in sorted(self.money.items()) if minor}

    @property
    def utilisation_percent(self) -> float | None:
        """Booked of the open EVSE-minutes; None where nothing is known."""
        if not self.use["open_minutes"]:
            return None
        return round(100 * self.use["booked_minutes"] / self.use["open_minutes"], 1)


def spans_of(station: Station) -> tuple[Span, Span]:
    """The last COMPARED ended days, and as many before them."""
    today = clock.now().astimezone(station.zone).date()
    day = dt.timedelta(days=1)
    this = Span(today - COMPARED, today - day)
    before = Span(this.first - COMPARED, this.first - day)
    days = {"station": station, "day__gte": before.first, "day__lte": this.last}
    for at, currency, minor in DailyTotal.objects.filter(**days).values_list("day", "currency", "revenue_minor"):
        (this if at >= this.first else before).money[currency] += minor
    names = ("open_minutes", "booked_minutes", "sessions", "energy_wh")
    for at, *sums in DailyUse.objects.filter(**days).values_list("day", *names):
        (this if at >= this.first else before).use.update(dict(zip(names, sums, strict=True)))
    return this, before
