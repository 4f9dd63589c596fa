"""A site that has run for a while, and what Dara has there."""

import datetime as dt
from typing import Any

import pytest
from allauth.mfa.models import Authenticator

from bookings.models import Booking, ChargingSession, Client, Evse, MeterValue, Station, Tariff, Vehicle
from bookings.stations import refresh_station
from bookings.tokens import create_token
from evbunker import clock
from tests.booking_steps import held, paid, pending
from tests.scans.filling import fill


@pytest.fixture(autouse=True)
def _years(tariff: Tariff, settings: Any) -> None:
    settings.RATE_LIMITS, settings.ACCOUNT_RATE_LIMITS, settings.MFA_RATE_LIMITS = {}, False, False
    fill(tariff)


@pytest.fixture
def harbour(station: Station, evse: Evse) -> Station:
    """Found like any other."""
    refresh_station(station)
    station.refresh_from_db()
    return station


@pytest.fixture
def past(dara: Client, evse: Evse) -> Booking:
    """Everything that Dara has: a session that ended, one to come, a hold, a car, a token, a second factor."""
    with clock.shifted(-dt.timedelta(days=2)):
        over = paid(dara, evse)
    MeterValue.objects.create(session=ChargingSession.objects.get(booking=over), at=clock.now(), energy_wh=10)
    paid(dara, evse, in_minutes=120)
    pending(held(dara, evse, in_minutes=300))
    create_token(client=dara, name="script")
    Vehicle.objects.create(client=dara, name="Van", usable_battery_wh=60_000, ac_max_w=11_000, wh_per_km=200)
    Authenticator.objects.create(user=dara, type="recovery_codes", data={})
    return over
