"""Figures of operations. "Today" is each station's own local day, for clients each client's own.

Nothing here scans or counts a collection that grows: totals come from what the engine keeps of its own, states that are
few from their index, and today's rows from the index on the local day that was stored with them.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, Sum

from bookings.claims import takeover_cutoff
from bookings.models import Booking, ChargingSession, Client, EcoStat, Evse, Station
from bookings.slots import MOST_SLOTS, SLOT_SECONDS
from evbunker import clock
from evbunker.db import rough_count
from evbunker.live import cached
from evbunker.live.events import NAMES, OPERATORS
from payments.models import Payment

OVERVIEW_SECONDS = 300
CLIENTS = frozenset({"client_update"})
NETWORK = NAMES - CLIENTS
LONGEST = dt.timedelta(seconds=MOST_SLOTS * SLOT_SECONDS)
EARLIEST_ZONE, LATEST_ZONE = dt.timedelta(hours=-12), dt.timedelta(hours=14)
"""From UTC-12 to UTC+14: at any moment at most three local days are somebody's today."""
RESERVED = "reserved"
IsToday = Callable[[dt.date, str], bool]


@dataclass(frozen=True)
class Overview:
    """What the overview's cards say, as of one moment.

    `stations` and `evses` count by state and leave out retired stations; `reserved` EVSEs are available ones that are
    promised to somebody now, and `available` does not count them. `co2_saved_today_g` is net of the grid, so it may be
    negative, and None when charging took place but no factor is known. Energy and CO2 are estimates until metered.
    """

    clients: int
    clients_today: int
    stations: dict[str, int]
    evses: dict[str, int]
    sessions_active: int
    bookings_today: int
    revenue_today: dict[str, int]
    energy_today_wh: int
    co2_saved_today_g: int | None
    as_of: dt.datetime

    @property
    def stations_total(self) -> int:
        return sum(self.stations.values())

    @property
    def evses_total(self) -> int:
        return sum(self.evses.values())


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
    energy_wh, co2_saved_g = eco_today(now)
    return {
        "stations": stations_by_state(),
        "evses": evses_by_state(now),
        "sessions_active": ChargingSession.objects.active().count(),
        "bookings_today": bookings_today(now),
        "revenue_today": revenue_today(now),
        "energy_today_wh": energy_wh,
        "co2_saved_today_g": co2_saved_g,
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


def bookings_today(now: dt.datetime) -> int:
    """Bookings confirmed today that still stand or were used."""
    rows = Booking.objects.filter(confirmed_day__in=candidate_days(now), status__in=Booking.PAID)
    counted = rows.values("confirmed_day", "station_time_zone").annotate(n=Count("pk"))
    is_today = today_at(now)
    return sum(row["n"] for row in counted if is_today(row["confirmed_day"], row["station_time_zone"]))


def revenue_today(now: dt.datetime) -> dict[str, int]:
    """Money captured today, in minor units by currency."""
    rows = Payment.objects.filter(captured_day__in=candidate_days(now), status=Payment.Status.CAPTURED)
    summed = rows.values("captured_day", "station_time_zone", "currency").annotate(minor=Sum("captured_minor"))
    is_today = today_at(now)
    revenue: Counter[str] = Counter()
    for row in summed:
        if is_today(row["captured_day"], row["station_time_zone"]):
            revenue[row["currency"]] += row["minor"]
    return dict(sorted(revenue.items()))


def eco_today(now: dt.datetime) -> tuple[int, int | None]:
    """Energy in Wh and CO2 saved in g of the bookings confirmed today."""
    rows = EcoStat.objects.filter(day__in=candidate_days(now)).values("day", "station_id")
    summed = list(rows.annotate(wh=Sum("energy_wh"), g=Sum("co2_saved_g"), known=Count("co2_saved_g")))
    zones, is_today = _zones({row["station_id"] for row in summed}), today_at(now)
    of_today = [row for row in summed if is_today(row["day"], zones[row["station_id"]])]
    known = sum(row["known"] for row in of_today)
    co2_saved_g = sum(row["g"] or 0 for row in of_today)
    return sum(row["wh"] for row in of_today), co2_saved_g if known or not of_today else None


def _zones(stations: Iterable[UUID]) -> dict[UUID, str]:
    return dict(Station.objects.filter(pk__in=stations).values_list("pk", "time_zone"))


def candidate_days(now: dt.datetime) -> list[dt.date]:
    """Every date that is today somewhere."""
    first, last = (now + EARLIEST_ZONE).date(), (now + LATEST_ZONE).date()
    return [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]


def today_at(now: dt.datetime) -> IsToday:
    """Whether a date is today in a zone, each zone looked up once."""
    days: dict[str, dt.date] = {}

    def is_today(day: dt.date, zone: str) -> bool:
        if zone not in days:
            days[zone] = now.astimezone(ZoneInfo(zone)).date()
        return day == days[zone]

    return is_today
