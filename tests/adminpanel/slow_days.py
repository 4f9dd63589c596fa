"""What days come to, from all rows one by one: what every total is compared with."""

import datetime as dt
from collections import Counter, defaultdict
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from adminpanel.models import DailyTotal, DailyUse, NetworkDay
from bookings.models import Booking, ChargingSession, EcoStat, Station
from evbunker import clock
from payments.models import Payment, Receipt

Key = tuple[UUID, dt.date, str]
A_MINUTE = dt.timedelta(minutes=1)


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
            part["first_bookings"] += row.is_first and row.status in {"confirmed", "in_use", "completed", "no_show"}
        if row.extends_id is None and row.status != "held":
            part = sums[row.station_id, local_day(row.created_at, row), row.currency]
            part["held"] += 1
            part["held_paid"] += row.confirmed_at is not None
            part["held_charged"] += row.status == "completed"
    for payment in Payment.objects.all():
        if payment.status == "captured" and payment.captured_day is not None:
            part = sums[payment.station_id, payment.captured_day, payment.currency]
            part["payments"] += 1
            part["revenue_minor"] += payment.captured_minor - payment.refund_reserved_minor
            part["captured_minor"] += payment.captured_minor
            part["back_minor"] += payment.refund_reserved_minor
            for document in Receipt.objects.filter(payment=payment):
                part["tax_minor"] += document.tax_minor * (-1 if document.kind == "credit_note" else 1)
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


def local_day(at: dt.datetime, row: Any) -> dt.date:
    return at.astimezone(ZoneInfo(row.station_time_zone)).date()


def slow_uses() -> dict[Key, dict[str, Any]]:
    """(station, day, class) -> what was booked and charged there, a minute at a time."""
    sums: dict[Key, Counter[str]] = defaultdict(Counter)
    hours: dict[Key, list[int]] = defaultdict(lambda: [0] * 24)
    for row in Booking.objects.filter(extends=None):
        at = row.starts_at
        while row.status in {"confirmed", "in_use", "completed", "no_show"} and at < row.ends_at:
            key = row.station_id, local_day(at, row), class_of(row)
            sums[key]["booked_minutes"] += 1
            hours[key][at.astimezone(ZoneInfo(row.station_time_zone)).hour] += 1
            at += A_MINUTE
    for session in ChargingSession.objects.filter(status="completed"):
        booking = Booking.objects.get(pk=session.booking_id)
        part = sums[session.station_id, local_day(session.ended_at, session), class_of(booking)]
        part["sessions"] += 1
        part["energy_wh"] += session.energy_wh
        if session.energy_source == "metered":
            part["metered"] += 1
            part["metered_wh"] += session.energy_wh
            minutes = (booking.ends_at - booking.starts_at) // A_MINUTE
            part["foreseen_wh"] += min(booking.energy_budget_wh, booking.evse_power_w * minutes // 60)
    return {key: dict(part) | {"hours": hours[key]} for key, part in sums.items()}


def class_of(booking: Booking) -> str:
    return "ac" if booking.evse_current == "ac" else "dc" if booking.evse_power_w < 150_000 else "dc_150"


BACKED = ("booked_minutes", "sessions", "energy_wh", "metered", "metered_wh", "foreseen_wh")


def kept_uses() -> dict[Key, dict[str, Any]]:
    """The same of what is kept, where anything was booked or charged."""
    rows = {
        (row.station_id, row.day, row.evse_class): {name: getattr(row, name) for name in BACKED if getattr(row, name)}
        | {"hours": row.hours}
        for row in DailyUse.objects.all()
    }
    return {key: facts for key, facts in rows.items() if any(facts.values()) and len(facts) > 1}


def slow_network() -> dict[tuple[dt.date, str], dict[str, Any]]:
    """(day, zone) -> figures of the network, from the rows of its stations one by one."""
    days: dict[tuple[dt.date, str], dict[str, Any]] = defaultdict(lambda: {"money": {}, "use": {}})
    for row in DailyTotal.objects.all():
        money = days[row.day, row.station_time_zone]["money"].setdefault(row.currency, Counter())
        money.update({name: getattr(row, name) for name in DailyTotal.SUMS})
    for use in DailyUse.objects.all():
        part = days[use.day, use.station_time_zone]["use"].setdefault(use.evse_class, {"hours": [0] * 24})
        for name in DailyUse.SUMS:
            part[name] = part.get(name, 0) + getattr(use, name)
        part["hours"] = [a + b for a, b in zip(part["hours"], use.hours, strict=True)]
    return dict(days)


def kept_network() -> dict[tuple[dt.date, str], dict[str, Any]]:
    return {(row.day, row.time_zone): row.figures for row in NetworkDay.objects.all()}


def ended(totals: dict) -> dict:
    """Those of days that are over at their station, and a minute more."""
    zones = dict(Station.objects.values_list("pk", "time_zone"))
    last = clock.now() - dt.timedelta(minutes=1)
    return {key: sums for key, sums in totals.items() if key[1] < last.astimezone(ZoneInfo(zones[key[0]])).date()}
