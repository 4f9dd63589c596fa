"""Processes that die at any moment lose no money and double none.

`HAMMER_SECONDS=600` hammers long (CONTRIBUTING.md); `HAMMER_SEED` names the beginning of what the processes do.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

import pytest
from django.db import connection

from bookings.models import Evse
from evbunker import clock
from payments.errands import ERRANDS
from payments.models import Payment
from tests import engines
from tests.booking_steps import paid
from tests.payments.books import come_to_rest, differences, send_no_letters
from tests.people import make_client
from tests.places import make_evse, make_station, make_tariff
from tests.serving import database_of_this_run

SECONDS = float(os.environ.get("HAMMER_SECONDS", "5"))
SEED = int(os.environ.get("HAMMER_SEED", "1"))
QUICK = {"BOOKING_HOLD_SECONDS": "2", "BOOKING_TAKEOVER_GRACE_SECONDS": "1", "RATE_LIMITS": "0"}
"""Holds that lapse while the hammer falls."""


@pytest.fixture
def short_transactions() -> Iterator[None]:
    """MongoDB ends what a killed process left open after a minute; here sooner, or the others would only wait."""
    if not engines.ON_MONGODB:
        yield
        return
    admin = connection.connection.admin
    before = admin.command("getParameter", transactionLifetimeLimitSeconds=1)["transactionLifetimeLimitSeconds"]
    admin.command("setParameter", transactionLifetimeLimitSeconds=2)
    yield
    admin.command("setParameter", transactionLifetimeLimitSeconds=before)


@pytest.mark.race
def test_killed_at_any_moment_they_lose_nothing_and_double_nothing(tmp_path: Path, short_transactions: None) -> None:
    station = make_station(tariff=make_tariff(), evse_count=3)
    for label in "123":
        make_evse(station, label)
    drivers = [make_client(f"driver{number}") for number in range(6)]
    paid(drivers[0], Evse.objects.first(), in_minutes=100, minutes=30)  # so that there is something from the start
    connection.close()

    hammer(tmp_path / "hammer.log")
    all_come_to_rest()

    assert list(differences()) == []
    assert Payment.objects.filter(status="captured").exists()


def hammer(log: Path) -> None:
    """Let the processes work for SECONDS; they must meet no error, whatever happens to their fellows."""
    environment = os.environ | database_of_this_run() | QUICK | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    command = [sys.executable, "-m", "tests.payments.hammer", str(SECONDS), str(SEED)]
    process = engines.spawn(command, log, environment)
    assert process.wait(SECONDS + 500) == 0, log.read_text()[-5000:]
    killed = int(log.read_text().split("killed ")[-1])
    assert killed >= 1


def all_come_to_rest() -> None:
    """No process dies any more, and time goes on."""
    if engines.ON_MONGODB:
        connection.ensure_connection()
        connection.connection.admin.command("killAllSessions", [])
    with ExitStack() as moved, patch.dict(ERRANDS, send_no_letters()):
        come_to_rest(lambda by: moved.enter_context(clock.shifted(by)))
