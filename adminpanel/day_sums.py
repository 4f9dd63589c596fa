"""What the rows of a station's days come to: the figures of `DailyTotal`."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import islice
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, Sum

from bookings.models import Booking, EcoStat
from bookings.models.session import EnergySource
from payments.models import Payment, Receipt

EARLIEST_ZONE, LATEST_ZONE = dt.timedelta(hours=-12), dt.timedelta(hours=14)
"""From UTC-12 to UTC+14: at any moment at most three local days are somebody's today."""
AT_A_TIME = 500
Sums = dict[tuple[dt.date, str], Counter[str]]
"""By day and currency."""
Parts = Iterator[tuple[dt.date, str, dict[str, int]]]
STANDING = {Booking.Status.COMPLETED: "completed", Booking.Status.NO_SHOW: "no_shows"}
ECO_SUMS = {
    "charges": Count("pk"),
    "minutes": Sum("charging_minutes"),
    "wh": Sum("energy_wh"),
    "grams": Sum("co2_saved_g"),
    "known": Count("co2_saved_g"),
}


def sums_of(station_id: UUID, first: dt.date, last: dt.date) -> Sums:
    """What the rows of a station's days come to, by day and currency; days without rows are missing."""
    sums: Sums = defaultdict(Counter)
    for read in (_bookings, _begun, _payments, _eco):
        for day, currency, part in read(station_id, first, last):
            sums[day, currency].update(part)
    return {key: part for key, part in sums.items() if any(part.values())}


def instants_of(first: dt.date, last: dt.date) -> tuple[dt.datetime, dt.datetime]:
    """When the first of these days begins anywhere, and when the last one is over everywhere."""
    begin, end = (dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC) for day in (first, last + dt.timedelta(days=1)))
    return begin - LATEST_ZONE, end - EARLIEST_ZONE


def _bookings(station_id: UUID, first: dt.date, last: dt.date) -> Parts:
    rows = Booking.objects.filter(station_id=station_id, confirmed_day__gte=first, confirmed_day__lte=last)
    for row in rows.values("confirmed_day", "currency", "status", "is_first").annotate(n=Count("pk")):
        yield row["confirmed_day"], row["currency"], booking_figures(row)


def booking_figures(row: dict[str, Any]) -> dict[str, int]:
    """`n` confirmed bookings of one `status` that are or are not first ones, under the names of `DailyTotal`."""
    if row["status"] == Booking.Status.CANCELLED:
        return {"cancelled": row["n"]}
    if row["status"] not in Booking.PAID:
        return {}
    part = {"bookings": row["n"], "first_bookings": row["n"] if row["is_first"] else 0}
    return part | ({STANDING[row["status"]]: row["n"]} if row["status"] in STANDING else {})


def _begun(station_id: UUID, first: dt.date, last: dt.date) -> Parts:
    """What became of holds. Those that are not over will be told of later."""
    begin, end = instants_of(first, last)
    rows = Booking.objects.filter(station_id=station_id, created_at__gte=begin, created_at__lt=end)
    facts = ("created_at", "station_time_zone", "currency", "status", "extends_id", "confirmed_at")
    for created_at, zone, currency, status, extends_id, confirmed_at in rows.values_list(*facts):
        day = created_at.astimezone(ZoneInfo(zone)).date()
        if first <= day <= last and extends_id is None and status != Booking.Status.HELD:
            charged = int(status == Booking.Status.COMPLETED)
            yield day, currency, {"held": 1, "held_paid": int(confirmed_at is not None), "held_charged": charged}


def _payments(station_id: UUID, first: dt.date, last: dt.date) -> Parts:
    rows = Payment.objects.filter(station_id=station_id, captured_day__gte=first, captured_day__lte=last)
    facts = rows.values_list("pk", "status", "captured_day", "currency", "captured_minor", "refund_reserved_minor")
    captured: dict[UUID, tuple[dt.date, str]] = {}
    for pk, status, day, currency, came, back in facts:
        if status == Payment.Status.CAPTURED and day is not None:
            captured[pk] = day, currency
            part = {"payments": 1, "revenue_minor": came - back, "captured_minor": came, "back_minor": back}
            yield day, currency, part
    for payment_id, tax_minor in _taxes(captured):
        yield *captured[payment_id], {"tax_minor": tax_minor}


def _taxes(payment_ids: Any) -> Iterator[tuple[UUID, int]]:
    """The tax that documents of these payments say, that of credit notes below zero."""
    rest = iter(payment_ids)
    while some := list(islice(rest, AT_A_TIME)):
        documents = Receipt.objects.filter(payment_id__in=some)
        for payment_id, kind, tax_minor in documents.values_list("payment_id", "kind", "tax_minor"):
            yield payment_id, tax_minor if kind == Receipt.Kind.RECEIPT else -tax_minor


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
