"""What has not been summed up yet: days that are today somewhere, from their rows."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db.models import Count, Sum

from adminpanel.day_sums import ECO_SUMS, booking_figures, eco_figures
from adminpanel.figures import Figures
from bookings.models import Booking, EcoStat
from payments.models import Payment

KEPT = ("held", "held_paid", "held_charged", "tax_minor")
"""Only kept rows say these: of days that are over at their stations."""
Parts = Iterator[tuple[dt.date, str, dict[str, int]]]


Live = dict[dt.date, dict[str, Counter[str]]]
"""What running days came to so far, by currency."""


def live_days(running: list[dt.date], stations: list[UUID] | None) -> Live:
    """Bookings, payments and what was saved on the `running` days, at some stations or all."""
    live: Live = {day: {} for day in running}
    for read in (_bookings, _payments, _eco):
        for day, currency, part in read(running, stations):
            live[day].setdefault(currency, Counter()).update(part)
    return live


def with_live(days: dict[dt.date, Figures], live: Live) -> dict[dt.date, Figures]:
    """`days` with what is `live` in place of what is kept of it. How EVSEs were used is told of days that are over
    only, and so is what became of holds."""
    for day, money in live.items():
        kept = days.setdefault(day, Figures())
        kept.money = {code: _only_kept(sums) for code, sums in kept.money.items()}
        for currency, sums in money.items():
            kept.add_money(currency, sums)
    return dict(sorted(days.items()))


def _only_kept(sums: Counter[str]) -> Counter[str]:
    return Counter({name: sums[name] for name in KEPT})


def _of(rows: Any, day: str, running: list[dt.date], stations: list[UUID] | None) -> Any:
    """By the index on the day alone, or on station and day."""
    found = rows.filter(**{f"{day}__in": running})
    return found if stations is None else found.filter(station_id__in=stations)


def _bookings(running: list[dt.date], stations: list[UUID] | None) -> Parts:
    rows = _of(Booking.objects, "confirmed_day", running, stations)
    for row in rows.values("confirmed_day", "currency", "status", "is_first").annotate(n=Count("pk")):
        yield row["confirmed_day"], row["currency"], booking_figures(row)


def _payments(running: list[dt.date], stations: list[UUID] | None) -> Parts:
    rows = _of(Payment.objects, "captured_day", running, stations).values("captured_day", "currency", "status")
    for row in rows.annotate(n=Count("pk"), came=Sum("captured_minor"), back=Sum("refund_reserved_minor")):
        if row["status"] == Payment.Status.CAPTURED:
            came, back = row["came"], row["back"]
            part = {"payments": row["n"], "revenue_minor": came - back, "captured_minor": came, "back_minor": back}
            yield row["captured_day"], row["currency"], part


def _eco(running: list[dt.date], stations: list[UUID] | None) -> Parts:
    rows = _of(EcoStat.objects, "day", running, stations).values("day", "currency", "source")
    for row in rows.annotate(**ECO_SUMS):
        yield row["day"], row["currency"], eco_figures(row)
