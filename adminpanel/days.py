"""The last days in figures, today first. Every day is its station's own: today here may be tomorrow there.

Days that are today anywhere are summed from their rows, by the index on the local day that was stored with them. All
earlier ones have ended everywhere: they come from what `adminpanel/rollups.py` keeps, and cost the same however many
rows they had.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from zoneinfo import ZoneInfo

from django.db.models import Count, Sum

from adminpanel.day_sums import EARLIEST_ZONE, ECO_SUMS, LATEST_ZONE, eco_figures
from adminpanel.models import NetworkDay
from bookings.models import Booking, EcoStat, Station
from payments.models import Payment

BACK = 7
"""How many days back: to the same day of last week."""
ECO = ("charges", "energy_wh", "estimated_energy_wh", "co2_saved_g", "co2_known")
Part = tuple[dt.date, str, Counter[str], Counter[str]]
"""A day in a time zone, some of its figures, and its revenue by currency."""


@dataclass
class DayFigures:
    """One day of all stations: `revenue` in minor units by currency, all else under its name in `DailyTotal`."""

    sums: Counter[str] = field(default_factory=Counter)
    money: Counter[str] = field(default_factory=Counter)

    @property
    def bookings(self) -> int:
        return self.sums["bookings"]

    @property
    def revenue(self) -> dict[str, int]:
        return dict(sorted(self.money.items()))

    @property
    def energy_wh(self) -> int:
        return self.sums["energy_wh"]

    @property
    def estimate(self) -> str:
        """How much of the energy no meter confirmed: "all", "part" or nothing."""
        estimated = self.sums["estimated_energy_wh"]
        return "" if not estimated else "all" if estimated == self.energy_wh else "part"

    @property
    def co2_saved_g(self) -> int | None:
        """Net of the grid, so it may be negative; None when there was charging but no factor is known."""
        return None if self.sums["charges"] and not self.sums["co2_known"] else self.sums["co2_saved_g"]

    @property
    def is_empty(self) -> bool:
        return not any(self.sums.values()) and not self.money


def recent_days(now: dt.datetime) -> list[DayFigures]:
    """Today, yesterday and so on to the same day of last week, each station's own."""
    live, zones = candidate_days(now), _Zones(now)
    days = [DayFigures() for _ in range(BACK + 1)]
    for day, zone, sums, money in chain(_live_parts(live), _closed_parts(live[0])):
        ago = (zones.today(zone) - day).days
        if 0 <= ago <= BACK:
            days[ago].sums.update(sums)
            days[ago].money.update(money)
    return days


def candidate_days(now: dt.datetime) -> list[dt.date]:
    """Every date that is today somewhere."""
    first, last = (now + EARLIEST_ZONE).date(), (now + LATEST_ZONE).date()
    return [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]


class _Zones:
    """Which day it is in a zone, each zone looked up once."""

    def __init__(self, now: dt.datetime) -> None:
        self.now = now
        self.days: dict[str, dt.date] = {}

    def today(self, zone: str) -> dt.date:
        if zone not in self.days:
            self.days[zone] = self.now.astimezone(ZoneInfo(zone)).date()
        return self.days[zone]


def _closed_parts(before: dt.date) -> Iterator[Part]:
    """From the network's days, for those that are over everywhere: a row a day and time zone."""
    days = NetworkDay.objects.filter(day__gte=before - dt.timedelta(days=BACK), day__lt=before)
    for day, zone, figures in days.values_list("day", "time_zone", "figures"):
        for currency, sums in figures["money"].items():
            minor = sums["revenue_minor"]
            money = Counter({currency: minor} if minor else {})
            yield day, zone, Counter({name: sums[name] for name in ("bookings", *ECO)}), money


def _live_parts(days: list[dt.date]) -> Iterator[Part]:
    """From the rows of days that are not over everywhere.

    Rows of other states are left out here, not by the filter: it might lead SQLite to the index on states, and with it
    to every booking or payment that ever was.
    """
    bookings = Booking.objects.filter(confirmed_day__in=days)
    for row in bookings.values("confirmed_day", "station_time_zone", "status").annotate(n=Count("pk")):
        if row["status"] in Booking.PAID:
            yield row["confirmed_day"], row["station_time_zone"], Counter(bookings=row["n"]), Counter()
    payments = Payment.objects.filter(captured_day__in=days)
    groups = payments.values("captured_day", "station_time_zone", "currency", "status")
    for row in groups.annotate(came=Sum("captured_minor"), back=Sum("refund_reserved_minor")):
        if row["status"] == Payment.Status.CAPTURED:
            money = Counter({row["currency"]: row["came"] - row["back"]})
            yield row["captured_day"], row["station_time_zone"], Counter(), money
    yield from _live_eco(days)


def _live_eco(days: list[dt.date]) -> Iterator[Part]:
    """Eco stats do not say in which zone they are: their stations do."""
    rows = list(EcoStat.objects.filter(day__in=days).values("day", "station_id", "source").annotate(**ECO_SUMS))
    stations = Station.objects.filter(pk__in={row["station_id"] for row in rows})
    zones = dict(stations.values_list("pk", "time_zone"))
    for row in rows:
        yield row["day"], zones[row["station_id"]], Counter(eco_figures(row)), Counter()
