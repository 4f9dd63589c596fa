"""A site that has run for a while: many rows of everything that grows, none of them of today or of who acts."""

import datetime as dt
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db.models import Model

from adminpanel.models import DailyTotal, DailyUse, NetworkDay, ReportJob, ReportPart, StaleNetworkDay
from bookings.models import (
    ApiToken,
    Booking,
    ChargingSession,
    Client,
    ClientSeat,
    ClientSlot,
    ClientTotal,
    EcoStat,
    Evse,
    IdempotencyKey,
    MeterValue,
    Outage,
    SearchWord,
    SlotClaim,
    StaleDay,
    Station,
    Tariff,
    Vehicle,
)
from evbunker import clock
from evbunker.models import Change
from payments.models import GatewayCommand, Payment, PaymentEvent, Refund, SandboxPayment, SandboxRefund, WebhookEvent

ROWS = 150
"""Of every record: more than any page shows or any query may sort."""
LONG_AGO = dt.timedelta(days=400)
PLACE = {"city": "Faraway", "country": "NZ", "latitude": -41.3, "longitude": 174.8, "time_zone": "Pacific/Auckland"}
SEEN = {"station_time_zone": "Pacific/Auckland", "currency": "NZD"}


def fill(tariff: Tariff) -> None:
    """Make ROWS clients with one station, one booking and all that comes of it each."""
    at = clock.now() - LONG_AGO
    drivers = _make(Client, lambda n: {"email": f"filler{n}@example.net", "name": f"Filler {n}", "last_seen_at": at})
    stations = _make(Station, lambda n: _station(n, tariff))
    evses = _make(Evse, lambda n: {"station": stations[n], "label": "1", "current": "dc", "max_power_w": 50_000})
    bookings = _make(Booking, lambda n: _booking(n, drivers[n], evses[n], at))
    ended = {"began_at": at, "ended_at": at + dt.timedelta(hours=1)}
    _make(Outage, lambda n: ended | {"evse": evses[n], "station": stations[n]})
    _fill_accounts(drivers, stations, at)
    _fill_charging(bookings, at)
    _fill_payments(bookings, at)
    _fill_reports(at)


def _make(model: type[Model], fields: Any) -> list[Any]:
    begun = clock.now() - LONG_AGO

    def made(number: int) -> Model:
        at = begun + dt.timedelta(seconds=number)
        times = {} if not hasattr(model, "updated_at") else {"created_at": at, "updated_at": at}
        return model(**(times | fields(number)))

    return model._default_manager.bulk_create(map(made, range(ROWS)))


def _station(number: int, tariff: Tariff) -> dict[str, Any]:
    derived = {"bookable": True, "evse_count": 1, "max_power_w": 50_000, "sort_key": f"zz filler {number:04}"}
    return PLACE | derived | {"name": f"Filler {number}", "source_id": f"filler-{number}", "tariff": tariff}


def _booking(number: int, client: Client, evse: Evse, at: dt.datetime) -> dict[str, Any]:
    starts_at = at + dt.timedelta(hours=number)
    return SEEN | {
        "client": client, "evse": evse, "station_id": evse.station_id, "status": Booking.Status.COMPLETED,
        "starts_at": starts_at, "ends_at": starts_at + dt.timedelta(hours=1), "energy_budget_wh": 10_000,
        "confirmed_at": at, "confirmed_day": at.date(), "quote_minor": 1000, "client_name": client.name,
        "station_name": f"Filler {number}", "evse_label": "1", "evse_current": "dc", "evse_power_w": 50_000,
    }  # fmt: skip


def _fill_accounts(drivers: list[Client], stations: list[Station], at: dt.datetime) -> None:
    _make(EmailAddress, lambda n: {"user": drivers[n], "email": drivers[n].email, "verified": True, "primary": True})
    _make(Authenticator, lambda n: {"user": drivers[n], "type": "totp", "data": {}})
    _make(ApiToken, lambda n: {"client": drivers[n], "hash": f"{n:064}", "name": "filler"})
    car = {"name": "Filler", "usable_battery_wh": 50_000, "ac_max_w": 11_000, "wh_per_km": 150}
    _make(Vehicle, lambda n: car | {"client": drivers[n]})
    lease = {"request_hash": "h", "status_code": 201, "answer": {}, "lease_until": at, "created_at": clock.now()}
    _make(IdempotencyKey, lambda n: lease | {"client": drivers[n], "key": f"filler-{n}"})
    _make(ClientTotal, lambda n: {"client": drivers[n], "co2_saved_g": n})
    _make(SearchWord, lambda n: {"word": f"filler{n}", "station": stations[n]})
    _make(SearchWord, lambda n: {"word": "@filler", "client": drivers[n]})
    seen = {"actor": "filler", "action": "client.changed", "record_type": "bookings.client"}
    _make(Change, lambda n: seen | {"record_id": drivers[n].pk, "actor_id": drivers[n].pk})


def _fill_reports(at: dt.datetime) -> None:
    asked = {"kind": "usage", "form": "csv", "state": "done", "terms": FILLED_TERMS}
    jobs = _make(ReportJob, lambda n: asked | {"once": f"filler-{n}", "created_at": at + dt.timedelta(days=n)})
    _make(ReportPart, lambda n: {"job": jobs[n], "number": 0, "data": b"1"})


FILLED_TERMS = {"first": "2020-01-01", "last": "2020-01-31", "by": "day", "station": None}


def _fill_charging(bookings: list[Booking], at: dt.datetime) -> None:
    def owned(n: int, *names: str) -> dict[str, Any]:
        return {name: getattr(bookings[n], name) for name in names}

    def charged(n: int) -> dict[str, Any]:
        return {"booking": bookings[n], "started_at": at + dt.timedelta(seconds=n)}

    who = ("client_id", "station_id", "currency")
    slot = int(at.timestamp()) // 900
    _make(SlotClaim, lambda n: owned(n, "evse_id") | {"slot": slot + n, "booking": bookings[n]})
    _make(ClientSlot, lambda n: owned(n, "client_id") | {"slot": slot + n, "booking": bookings[n]})
    _make(ClientSeat, lambda n: owned(n, "client_id") | {"seat": 1, "booking": bookings[n]})
    times = {"scheduled_for": at, "scheduled_end": at, "ended_at": at, "status": "completed"}
    copied = ("evse_id", "client_name", "station_name", "station_time_zone", "evse_label")
    sessions = _make(ChargingSession, lambda n: owned(n, *who, *copied) | times | charged(n))
    _make(MeterValue, lambda n: {"session": sessions[n], "at": at, "energy_wh": 100})
    saved = {"day": at.date(), "charging_minutes": 60, "energy_wh": 10_000, "distance_m": 1, "co2_saved_g": 1}
    _make(EcoStat, lambda n: owned(n, *who) | saved | {"booking": bookings[n]})
    day = {"day": at.date(), "station_name": "Filler", "station_time_zone": "Pacific/Auckland"}
    day_of_use = {"day": at.date(), "station_time_zone": "Pacific/Auckland", "hours": [0] * 24}
    _make(DailyTotal, lambda n: owned(n, "station_id", "currency") | day | {"bookings": 1})
    networks = {"day": at.date(), "figures": {"money": {}, "use": {}}}
    _make(DailyUse, lambda n: owned(n, "station_id") | day_of_use | {"evse_class": "dc"})
    _make(NetworkDay, lambda n: networks | {"time_zone": f"Zone/{n}"})
    _make(StaleNetworkDay, lambda n: {"day": at.date(), "time_zone": f"Zone/{n}"})
    _make(StaleDay, lambda n: owned(n, "station_id") | {"day": at.date(), "ends_at": at + dt.timedelta(days=1 + n)})


def _fill_payments(bookings: list[Booking], at: dt.datetime) -> None:
    copied = ("client_id", "station_id", "currency", "client_name", "station_name", "station_time_zone", "starts_at")
    money = {"gateway": "sandbox", "amount_minor": 1000, "captured_minor": 1000, "status": Payment.Status.CAPTURED}
    money |= {"captured_at": at, "captured_day": at.date()}

    def paid(n: int) -> dict[str, Any]:
        keys = {"idempotency_key": f"filler-{n}", "gateway_ref": f"filler-{n}", "booking": bookings[n]}
        keys["created_at"] = at + dt.timedelta(minutes=n)
        return {name: getattr(bookings[n], name) for name in copied} | money | keys

    payments = _make(Payment, paid)
    _make(PaymentEvent, lambda n: {"payment": payments[n], "kind": "captured", "reference": "r", "currency": "NZD"})
    sent = {"gateway": "sandbox", "type": "payment.captured", "body": "{}", "state": WebhookEvent.State.DONE}
    _make(WebhookEvent, lambda n: sent | {"event_id": f"filler-{n}", "payment": payments[n]})
    done = {"kind": "create", "state": GatewayCommand.State.DONE, "next_at": at}
    _make(GatewayCommand, lambda n: done | {"payment": payments[n], "idempotency_key": f"filler-{n}"})
    back = {name: getattr(bookings[0], name) for name in ("client_id", "currency", "client_name", "station_name")}
    back |= {"amount_minor": 10, "reason": Refund.Reason.OPERATOR, "status": Refund.Status.SUCCEEDED}
    keys = ("once", "idempotency_key", "gateway_ref")
    _make(Refund, lambda n: back | {"payment": payments[n]} | dict.fromkeys(keys, f"filler-{n}"))
    book = {"amount_minor": 1000, "currency": "NZD", "pay_before": at, "outcome": "paid", "effective_at": at}
    _make(SandboxPayment, lambda n: book | {"gateway_ref": f"filler-{n}", "idempotency_key": f"filler-{n}"})
    sent_back = {"payment_ref": "filler-0", "amount_minor": 1, "currency": "NZD"}
    _make(SandboxRefund, lambda n: sent_back | {"gateway_ref": f"filler-{n}", "idempotency_key": f"filler-{n}"})
