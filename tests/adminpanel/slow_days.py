"""What days come to, from all rows one by one: what every total is compared with."""

import datetime as dt
from collections import Counter, defaultdict
from typing import Any
from uuid import UUID

from adminpanel.models import DailyTotal
from bookings.models import Booking, EcoStat
from payments.models import Payment

Key = tuple[UUID, dt.date, str]


def slow_totals() -> dict[Key, dict[str, int]]:
    """(station, day, currency) -> figures, of every day, ended or not; without what came to nothing."""
    sums: dict[Key, Counter[str]] = defaultdict(Counter)
    for row in Booking.objects.all():
        if row.confirmed_day is not None:
            part = sums[row.station_id, row.confirmed_day, row.currency]
            part["bookings"] += row.status in {"confirmed", "in_use", "completed", "no_show"}
            part["completed"] += row.status == "completed"
            part["no_shows"] += row.status == "no_show"
            part["cancelled"] += row.status == "cancelled"
    for payment in Payment.objects.all():
        if payment.status == "captured" and payment.captured_day is not None:
            part = sums[payment.station_id, payment.captured_day, payment.currency]
            part["payments"] += 1
            part["revenue_minor"] += payment.captured_minor - payment.refund_reserved_minor
    for stat in EcoStat.objects.all():
        part = sums[stat.station_id, stat.day, stat.currency]
        part["charges"] += 1
        part["charging_minutes"] += stat.charging_minutes
        part["energy_wh"] += stat.energy_wh
        part["estimated_energy_wh"] += stat.energy_wh * (stat.source == "estimated")
        part["co2_saved_g"] += stat.co2_saved_g or 0
        part["co2_known"] += stat.co2_saved_g is not None
    return {key: _figures(part) for key, part in sums.items() if any(part.values())}


def kept_totals() -> dict[Key, dict[str, int]]:
    return {
        (row.station_id, row.day, row.currency): _figures({name: getattr(row, name) for name in DailyTotal.SUMS})
        for row in DailyTotal.objects.all()
    }


def _figures(sums: Any) -> dict[str, int]:
    return {name: sums.get(name, 0) for name in DailyTotal.SUMS}
