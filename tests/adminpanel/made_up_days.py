"""Rows of two weeks as services would leave them, drawn by Hypothesis: several zones with days of 23 to 25 hours,
currencies, classes, extensions, refunds, holds that expired, bookings nobody came to."""

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from bookings.models import Booking, ChargingSession, Client, EcoStat, Evse
from evbunker.models import new_id
from payments.models import Payment, Receipt
from tests.places import make_evse, make_station, make_tariff

NOW = dt.datetime(2026, 11, 3, 12, 0, tzinfo=dt.UTC)
"""Clocks went back in Berlin on 25 October, in New York on 1 November, and forward in Santiago on 6 September."""
PLACES = (
    ("Europe/Berlin", "EUR", "Berlin", "dc", 60_000),
    ("America/New_York", "USD", "Albany", "ac", 11_000),
    ("Europe/Berlin", "CHF", "Berlin", "dc", 300_000),
    ("Australia/Lord_Howe", "AUD", "", "dc", 150_000),
)
BOOKED = ("confirmed", "in_use", "completed", "no_show")
RAW = st.lists(
    st.fixed_dictionaries({
        "place": st.integers(0, len(PLACES) - 1), "days": st.integers(0, 13), "slot": st.integers(0, 95),
        "slots": st.integers(1, 32), "status": st.sampled_from(Booking.Status.values), "early": st.integers(0, 3),
        "client": st.integers(0, 1), "first": st.booleans(), "paid": st.booleans(),
        "back": st.sampled_from((0, 7, 2000, 5000)),
        "metered": st.booleans(), "added": st.booleans(), "grams": st.sampled_from((None, -900, 0, 7000)),
    }), min_size=3, max_size=25,
)  # fmt: skip


def make_places() -> list[Evse]:
    """An EVSE at each of PLACES; the last station has two."""
    evses = []
    for number, (zone, currency, city, current, power_w) in enumerate(PLACES):
        tariff = make_tariff(f"T{number}", currency=currency)
        facts: dict[str, Any] = {"time_zone": zone, "currency": currency, "city": city}
        station = make_station(f"Place {number}", tariff=tariff, created_at=NOW - dt.timedelta(days=20), **facts)
        evses.append(make_evse(station, current=current, max_power_w=power_w))
    make_evse(station, "2", current="ac", max_power_w=22_000)
    return evses


def make_rows(raw: list[dict[str, Any]], evses: list[Evse], clients: list[Client]) -> None:
    """Write what was drawn. Nothing is checked: rows may overlap, as figures do not mind."""
    rows: dict[Any, list[Any]] = {model: [] for model in (Booking, Payment, Receipt, ChargingSession, EcoStat)}
    for number, one in enumerate(raw):
        _add(rows, one, evses[one["place"]], clients[one["client"]], number)
    for model, some in rows.items():
        model.objects.bulk_create(some)


def _add(rows: dict[Any, list[Any]], one: dict[str, Any], evse: Evse, client: Client, number: int) -> None:
    zone, currency, city, current, power_w = PLACES[one["place"]]
    midnight = dt.datetime.combine(NOW.date(), dt.time(), dt.UTC) - dt.timedelta(days=one["days"])
    starts_at = midnight + dt.timedelta(minutes=15 * one["slot"])
    made_at = min(starts_at - dt.timedelta(days=one["early"], minutes=10), NOW)
    place = {"station_name": f"Place {one['place']}", "station_time_zone": zone}
    who = {"client": client, "station_id": evse.station_id, "currency": currency}
    sure = one["status"] in BOOKED or (one["status"] == "cancelled" and one["paid"])
    day = (made_at + dt.timedelta(minutes=2)).astimezone(ZoneInfo(zone)).date()
    host = next((row for row in rows[Booking] if row.station_id == evse.station_id and not row.extends_id), None)
    added = host if one["added"] and one["status"] in {"completed", "held", "expired"} else None
    booking = Booking(
        id=new_id(), evse=evse, status=one["status"], starts_at=starts_at, created_at=made_at, extends=added,
        ends_at=starts_at + dt.timedelta(minutes=15 * one["slots"]), energy_budget_wh=9000, quote_minor=5000,
        confirmed_at=made_at if sure and not added else None, confirmed_day=day if sure and not added else None,
        is_first=one["first"] and sure, client_name="C", station_city=city, station_country="DE", evse_label="1",
        evse_current=current, evse_power_w=power_w, **who, **place,
    )  # fmt: skip
    rows[Booking].append(booking)
    if sure or added:
        _add_payment(rows, one, booking, day, number, who | place)
    if sure and not added and one["status"] != "cancelled":
        _add_charge(rows, one, booking, day, who, place)


def _add_payment(
    rows: dict[Any, list[Any]], one: dict[str, Any], booking: Booking, day: dt.date, number: int, facts: dict[str, Any]
) -> None:  # fmt: skip
    status = "captured" if one["paid"] or booking.status in BOOKED else "failed"
    captured = 5000 if status == "captured" else 0
    payment = Payment(
        id=new_id(), booking=booking, gateway="sandbox", status=status, amount_minor=5000, captured_minor=captured,
        captured_day=day if captured else None, refund_reserved_minor=one["back"] if captured else 0,
        idempotency_key=f"key-{number}", client_name="C", starts_at=booking.starts_at, **facts,
    )  # fmt: skip
    rows[Payment].append(payment)
    for kind, amount in (("receipt", captured), ("credit_note", payment.refund_reserved_minor)):
        if amount:
            rows[Receipt].append(_document(payment, kind, amount, number, facts))


def _document(payment: Payment, kind: str, amount: int, number: int, facts: dict[str, Any]) -> Receipt:
    letter = kind[0].upper()
    known = {name: facts[name] for name in ("client", "currency", "station_name", "station_time_zone")}
    return Receipt(
        kind=kind, series=letter, number=number, reference=f"{letter}{number}", once=f"{letter}{number}",
        payment=payment, booking_id=payment.booking_id, issued_at=NOW, issued_day=NOW.date(), amount_minor=amount,
        tax_minor=amount * 19 // 119, tax_bp=1900, evse_label="1", starts_at=NOW, ends_at=NOW, **known,
    )  # fmt: skip


def _add_charge(
    rows: dict[Any, list[Any]], one: dict[str, Any], booking: Booking, day: dt.date, who: dict[str, Any],
    place: dict[str, Any],
) -> None:  # fmt: skip
    done, source = booking.status == "completed", "metered" if one["metered"] else "estimated"
    state = {"completed": "completed", "no_show": "aborted", "in_use": "active"}.get(booking.status, "scheduled")
    ended_at = booking.ends_at - dt.timedelta(minutes=one["slot"] % 15)
    rows[ChargingSession].append(ChargingSession(
        booking=booking, evse_id=booking.evse_id, status=state, scheduled_for=booking.starts_at,
        scheduled_end=booking.ends_at, ended_at=ended_at if state in {"completed", "aborted"} else None,
        energy_wh=100 * one["slot"] if done else 0, energy_source=source if done else "estimated", client_name="C",
        evse_label="1", **who, **place,
    ))  # fmt: skip
    if booking.status != "no_show":
        rows[EcoStat].append(EcoStat(
            booking=booking, day=day, charging_minutes=15 * one["slots"], energy_wh=100 * one["slot"], distance_m=1,
            co2_saved_g=one["grams"], source=source if done else "estimated", **who,
        ))  # fmt: skip
