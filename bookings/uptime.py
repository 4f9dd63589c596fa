"""Uptime of EVSEs as 23 CFR 680.116(b)(3) counts it.

https://www.ecfr.gov/current/title-23/section-680.116: the share of its time in which a charging port was not out of
order through its operator's own doing, calculated monthly for the previous twelve months. Each of our EVSEs is one
charging port. The outages behind it begin and end with statuses that people or imports set, until stations report over
OCPP; pages that show a figure say so.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from itertools import chain
from uuid import UUID
from zoneinfo import ZoneInfo

from bookings.models import Evse, Outage, Station
from bookings.opening import Hours, Interval, open_intervals
from bookings.slots import Period, day_period
from evbunker.db import newest

NOT_EXCLUDED = frozenset({Outage.Cause.UNKNOWN, Outage.Cause.EQUIPMENT})
"""Of all other causes the rule takes the time out: utility cuts, faults of vehicles, scheduled maintenance, vandalism,
natural disasters. What nobody gave a cause counts against the EVSE."""
REQUIRED_PERCENT = 97
"""23 CFR 680.116(b): the average annual uptime of a charging port is greater than this."""
MONTHS = 12
ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Uptime:
    """The parts of the formula for one EVSE, or several together, in seconds; the rule's minutes make the same ratio.

    `excluded_seconds` are the part of `outage_seconds` that does not count.
    """

    total_seconds: int
    outage_seconds: int
    excluded_seconds: int

    @property
    def percent(self) -> Decimal | None:
        """`(total - (T_outage - T_excluded)) / total x 100`, two digits, rounded down; None of no time at all."""
        if not self.total_seconds:
            return None
        up = self.total_seconds - (self.outage_seconds - self.excluded_seconds)
        return (Decimal(100 * up) / self.total_seconds).quantize(Decimal("0.01"), ROUND_DOWN)

    @property
    def down_minutes(self) -> int:
        """The minutes that count against it, rounded down."""
        return (self.outage_seconds - self.excluded_seconds) // 60

    @property
    def excluded_minutes(self) -> int:
        return self.excluded_seconds // 60

    @property
    def is_enough(self) -> bool:
        """Is it more than the rule asks for, or nothing to judge by?"""
        up = self.total_seconds - (self.outage_seconds - self.excluded_seconds)
        return not self.total_seconds or 100 * up > REQUIRED_PERCENT * self.total_seconds


def uptime_of(period: Period, outages: Iterable[Outage], hours: Hours, zone: ZoneInfo) -> Uptime:
    """How one EVSE did in `period`, from its outages, which do not overlap; one that lasts reaches to the end.

    Excluded is the time of an excluded cause, and all time outside of the opening `hours` as they are now, which are
    local times of `zone`.
    """
    outage_seconds = excluded_seconds = 0
    for outage in outages:
        begin = max(outage.began_at, period.starts_at)
        end = min(outage.ended_at or period.ends_at, period.ends_at)
        if begin >= end:
            continue
        length = _seconds(begin, end)
        outage_seconds += length
        counts = outage.cause in NOT_EXCLUDED
        excluded_seconds += length - (_open_seconds(begin, end, hours, zone) if counts else 0)
    return Uptime(_seconds(period.starts_at, period.ends_at), outage_seconds, excluded_seconds)


def together(uptimes: Iterable[Uptime]) -> Uptime:
    """Several EVSEs as if they were one that had all of their time."""
    found = list(uptimes)
    return Uptime(
        sum(one.total_seconds for one in found),
        sum(one.outage_seconds for one in found),
        sum(one.excluded_seconds for one in found),
    )


def _seconds(begin: dt.datetime, end: dt.datetime) -> int:
    return int((end - begin).total_seconds())


def _open_seconds(begin: dt.datetime, end: dt.datetime, hours: Hours, zone: ZoneInfo) -> int:
    if not hours:
        return _seconds(begin, end)
    first, last = begin.astimezone(zone).date(), end.astimezone(zone).date()
    days = [first + n * ONE_DAY for n in range((last - first).days + 1)]
    opened: Iterable[Interval] = chain.from_iterable(open_intervals(hours, zone, day) for day in days)
    return sum(_seconds(max(a, begin), min(b, end)) for a, b in opened if a < end and b > begin)


def trailing_year(now: dt.datetime, zone: ZoneInfo) -> Period:
    """The twelve months until `now`, from the same time of the same day of last year in `zone`."""
    local = now.astimezone(zone)
    day = min(local.day, 28) if local.month == 2 else local.day
    return Period(local.replace(year=local.year - 1, day=day).astimezone(dt.UTC), now)


def trailing_months(now: dt.datetime, zone: ZoneInfo) -> list[tuple[dt.date, Period]]:
    """The first day of each of the last twelve ended months, the oldest first, and the month as a period."""
    first = now.astimezone(zone).date().replace(day=1)
    months: list[tuple[dt.date, Period]] = []
    for _month in range(MONTHS):
        until, first = first, (first - ONE_DAY).replace(day=1)
        months.insert(0, (first, Period(day_period(first, zone).starts_at, day_period(until, zone).starts_at)))
    return months


def lifetime_of(evse: Evse, period: Period) -> Period:
    """The part of `period` since the EVSE was added; an empty one at its end if that was later."""
    return Period(min(max(period.starts_at, evse.created_at), period.ends_at), period.ends_at)


def uptimes_of(station: Station, evses: list[Evse], periods: list[Period]) -> dict[UUID, list[Uptime]]:
    """EVSE -> its uptime in each of `periods`, since it was added. All are of `station`; reads each outage once."""
    since, until = min(one.starts_at for one in periods), max(one.ends_at for one in periods)
    outages = outages_within(station, evses, Period(since, until))
    return {
        evse.pk: [
            uptime_of(lifetime_of(evse, period), outages[evse.pk], station.opening_hours, station.zone)
            for period in periods
        ]
        for evse in evses
    }


def outages_within(station: Station, evses: list[Evse], period: Period) -> dict[UUID, list[Outage]]:
    """EVSE -> its outages that touch `period`, in no order."""
    begun = Outage.objects.filter(
        station=station, began_at__gte=period.starts_at, began_at__lt=period.ends_at
    )  # fmt: skip
    found: dict[UUID, list[Outage]] = defaultdict(list)
    for outage in begun:
        found[outage.evse_id].append(outage)
    for evse in evses:
        if evse.created_at < period.starts_at:
            found[evse.pk] += _across(evse, period.starts_at)
    return found


def _across(evse: Evse, moment: dt.datetime) -> list[Outage]:
    """The outage that had begun before `moment` and lasted on: at most one, the newest that had begun."""
    before = newest(Outage.objects.filter(evse=evse, began_at__lt=moment), by="began_at", limit=1)
    return [outage for outage in before if outage.ended_at is None or outage.ended_at > moment]
