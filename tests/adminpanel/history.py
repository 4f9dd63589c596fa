"""Made-up history for the figures: rows as services leave them, in three corners of the world."""

import datetime as dt
import random
from zoneinfo import ZoneInfo

from bookings.models import Booking, ChargingSession, Client, EcoStat, Evse, Station
from evbunker import clock
from payments.models import Payment
from tests.places import make_evse, make_station, make_tariff

ZONES = ("Pacific/Kiritimati", "Europe/Berlin", "Pacific/Pago_Pago")
CURRENCIES = {"Pacific/Kiritimati": "AUD", "Europe/Berlin": "EUR", "Pacific/Pago_Pago": "USD"}


def make_network() -> list[Evse]:
    """A station of two EVSEs in each of ZONES, one of them retired besides."""
    evses = []
    for zone in ZONES:
        tariff = make_tariff(zone, currency=CURRENCIES[zone])
        station = make_station(zone, tariff=tariff, time_zone=zone, currency=CURRENCIES[zone])
        evses += [make_evse(station, label) for label in ("1", "2")]
    retired = make_station("Gone", tariff=None, status=Station.Status.RETIRED)
    make_evse(retired, "1")
    make_evse(retired, "2", status=Evse.Status.FAULTED)
    return evses


def make_history(client: Client, evses: list[Evse], seed: int, rows: int = 60) -> None:
    """Bookings confirmed within two days of now, in every state, with what belongs to them."""
    dice = random.Random(seed)
    for number in range(rows):
        add_booking(client, dice.choice(evses), dice, number)


def add_booking(client: Client, evse: Evse, dice: random.Random, number: int) -> Booking:
    station = Station.objects.get(pk=evse.station_id)
    at = clock.now() - dt.timedelta(minutes=dice.randrange(-30, 2 * 24 * 60))
    day = at.astimezone(ZoneInfo(station.time_zone)).date()
    status = dice.choice(Booking.Status.values)
    starts_at = clock.now() + dt.timedelta(minutes=15 * dice.randrange(-40, 4))
    sure = status not in {Booking.Status.HELD, Booking.Status.EXPIRED}
    booking = Booking.objects.create(
        client=client, evse=evse, station=station, status=status, starts_at=starts_at,
        ends_at=starts_at + dt.timedelta(minutes=15 * dice.randint(1, 32)), energy_budget_wh=20_000,
        expires_at=None if sure else clock.now() + dt.timedelta(minutes=dice.randint(-5, 5)),
        confirmed_at=at if sure else None, confirmed_day=day if sure else None,
        quote_minor=1000, currency=station.currency, client_name=client.name, station_name=station.name,
        station_time_zone=station.time_zone, evse_label=evse.label, evse_current="dc", evse_power_w=60_000,
    )  # fmt: skip
    add_payment(booking, dice, number, day)
    if status in Booking.PAID:
        add_session(booking)
        add_eco_stat(booking, dice, day)
    return booking


def add_payment(booking: Booking, dice: random.Random, number: int, day: dt.date) -> Payment:
    status = dice.choice(Payment.Status.values)
    captured = status == Payment.Status.CAPTURED
    return Payment.objects.create(
        booking=booking, client_id=booking.client_id, station_id=booking.station_id, gateway="sandbox", status=status,
        amount_minor=1000, captured_minor=dice.randint(1, 5000) if captured else 0, currency=booking.currency,
        captured_day=day if captured else None, idempotency_key=f"key-{booking.pk}-{number}",
        gateway_ref=f"ref-{booking.pk}", station_name=booking.station_name, client_name=booking.client_name,
        station_time_zone=booking.station_time_zone, starts_at=booking.starts_at,
    )  # fmt: skip


def add_session(booking: Booking) -> ChargingSession:
    active = booking.status == Booking.Status.IN_USE
    return ChargingSession.objects.create(
        booking=booking, evse_id=booking.evse_id, station_id=booking.station_id, client_id=booking.client_id,
        status="active" if active else "scheduled", scheduled_for=booking.starts_at, scheduled_end=booking.ends_at,
        started_at=booking.starts_at if active else None, currency=booking.currency, client_name=booking.client_name,
        station_name=booking.station_name, station_time_zone=booking.station_time_zone, evse_label=booking.evse_label,
    )  # fmt: skip


def add_eco_stat(booking: Booking, dice: random.Random, day: dt.date) -> EcoStat:
    return EcoStat.objects.create(
        booking=booking, client_id=booking.client_id, station_id=booking.station_id, day=day, charging_minutes=60,
        energy_wh=dice.randint(0, 40_000), distance_m=1, co2_saved_g=dice.choice([None, dice.randint(-900, 9000)]),
        currency=booking.currency,
    )  # fmt: skip
