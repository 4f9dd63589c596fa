"""Figures of operations. "Today" is each station's own local day, for clients each client's own.

Nothing here scans or counts a collection that grows: totals come from what the engine keeps of its own, states that are
few from their index, the days' figures from `adminpanel/days.py`.
"""

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count

from adminpanel.days import DayFigures, recent_days
from bookings.claims import takeover_cutoff
from bookings.models import Booking, ChargingSession, Client, Evse, Station
from bookings.slots import MOST_SLOTS, SLOT_SECONDS
from evbunker import clock
from evbunker.db import rough_count
from evbunker.live import cached
from evbunker.live.events import NAMES, OPERATORS

OVERVIEW_SECONDS = 300
CLIENTS = frozenset({"client_update"})
NETWORK = NAMES - CLIENTS
LONGEST = dt.timedelta(seconds=MOST_SLOTS * SLOT_SECONDS)
RESERVED = "reserved"


@dataclass(frozen=True)
class Overview:
    """What the overview's cards say, as of one moment.

    `stations` and `evses` count by state and leave out retired stations; `reserved` EVSEs are available ones that are
    promised to somebody now, and `available` does not count them. `days` are today and the seven before it. Energy and
    CO2 are estimates until metered.
    """

    clients: int
    clients_today: int
    stations: dict[str, int]
    evses: dict[str, int]
    sessions_active: int
    days: list[DayFigures]
    as_of: dt.datetime

    @property
    def stations_total(self) -> int:
        return sum(self.stations.values())

    @property
    def evses_total(self) -> int:
        return sum(self.evses.values())

    @property
    def today(self) -> DayFigures:
        return self.days[0]

    @property
    def week_before(self) -> DayFigures:
        """The whole of the same day last week."""
        return self.days[7]


def overview() -> Overview:
    """The figures, at most five minutes old and never older than the last event that changes them."""
    clients = cached("clients", group=OPERATORS, stale_on=CLIENTS, ttl=OVERVIEW_SECONDS, compute=client_figures)
    network = cached("network", group=OPERATORS, stale_on=NETWORK, ttl=OVERVIEW_SECONDS, compute=network_figures)
    return Overview(**clients, **network)


def client_figures() -> dict[str, Any]:
    """What an overview says of clients, from the database."""
    return {"clients": rough_count(Client), "clients_today": clients_today(clock.now())}


def network_figures() -> dict[str, Any]:
    """All else that an overview says, from the database."""
    now = clock.now()
    return {
        "stations": stations_by_state(),
        "evses": evses_by_state(now),
        "sessions_active": ChargingSession.objects.active().count(),
        "days": recent_days(now),
        "as_of": now,
    }


def stations_by_state() -> dict[str, int]:
    """Active and closed stations. Most are active: those are what is left of all when the others are counted."""
    closed, retired = (Station.objects.filter(status=status).count() for status in ("closed", "retired"))
    return {"active": max(0, rough_count(Station) - closed - retired), "closed": closed}


def evses_by_state(now: dt.datetime) -> dict[str, int]:
    """EVSEs of stations that are not retired. Most are available: those are what is left of all."""
    others = [status for status in Evse.Status.values if status != Evse.Status.AVAILABLE]
    states = {status: Evse.objects.filter(status=status).count() for status in others}
    states[Evse.Status.AVAILABLE] = rough_count(Evse) - sum(states.values())
    for status, gone in _retired_evses().items():
        states[status] -= gone
    reserved = reserved_evses(now)
    states[Evse.Status.AVAILABLE] = max(0, states[Evse.Status.AVAILABLE] - reserved)
    order = [Evse.Status.AVAILABLE, RESERVED, *others]
    return {status: (states | {RESERVED: reserved})[status] for status in order}


def _retired_evses() -> Counter[str]:
    retired = list(Station.objects.filter(status=Station.Status.RETIRED).values_list("pk", flat=True))
    if not retired:
        return Counter()
    rows = Evse.objects.filter(station_id__in=retired).values("status").annotate(n=Count("pk"))
    return Counter({row["status"]: row["n"] for row in rows})


def reserved_evses(now: dt.datetime) -> int:
    """Available EVSEs whose current slot is promised: a booking that may not be taken over any more.

    A booking lasts LONGEST at most, so those of now are a bounded range of the index on status and end.
    """
    covering = Booking.objects.filter(ends_at__gt=now, ends_at__lte=now + LONGEST, starts_at__lte=now)
    sure = covering.filter(status=Booking.Status.CONFIRMED)
    held = covering.filter(status=Booking.Status.HELD, expires_at__gt=takeover_cutoff())
    evses = {pk for rows in (sure, held) for pk in rows.values_list("evse_id", flat=True)}
    return Evse.objects.filter(pk__in=evses, status=Evse.Status.AVAILABLE).count() if evses else 0


def clients_today(now: dt.datetime) -> int:
    """Who signed up on what is now the client's own local day; such a day began at most 25 hours ago."""
    recent = Client.objects.filter(created_at__gt=now - dt.timedelta(hours=25))
    return sum(
        at.astimezone(zone).date() == now.astimezone(zone).date()
        for at, zone in ((at, ZoneInfo(name)) for at, name in recent.values_list("created_at", "time_zone"))
    )
