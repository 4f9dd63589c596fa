"""Backups made while drivers book, restored into a database of their own, and found to fit together."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pymongo
import pytest
from django.conf import settings
from django.db import connection

from bookings.models import Booking, Client, Evse, Tariff
from deploy.backup import keep_newest
from evbunker.db import DATABASE_ERRORS
from evbunker.errors import DomainError
from tests import engines
from tests.booking_steps import paid
from tests.people import make_client
from tests.places import make_evse, make_station

DRIVERS = 3
BEFORE, AFTER = 6, 3
"""So many bookings are there before the backup begins, and so many more are made after it ended."""


@contextmanager
def drivers_booking(tariff: Tariff) -> Iterator[None]:
    """Paid bookings are made all the time in here, and some of them afterwards."""
    ended, failures = threading.Event(), []

    def drive(number: int) -> None:
        evse, client = make_evse(make_station(f"S{number}", tariff=tariff)), make_client(f"driver{number}")
        try:
            for slot in range(1, 400):
                if ended.is_set():
                    break
                if not booked(client, evse, in_minutes=60 * slot):
                    client = make_client(f"driver{number}-{slot}")  # the one before may still hold a slot
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    with ThreadPoolExecutor(DRIVERS) as pool:
        for number in range(DRIVERS):
            pool.submit(drive, number)
        engines.wait_until(lambda: failures or Booking.objects.count() >= BEFORE, "Nobody books.")
        yield
        least = Booking.objects.count() + AFTER
        engines.wait_until(lambda: failures or Booking.objects.count() >= least, "They stopped booking.")
        ended.set()
    assert failures == []


def booked(client: Client, evse: Evse, *, in_minutes: int) -> bool:
    """One paid booking; False if the database was too busy: it may be, while its writes are stopped."""
    try:
        paid(client, evse, in_minutes=in_minutes, minutes=15, energy_wh=1000)
    except DomainError as error:
        if not error.retry_after_seconds:
            raise
        return False
    except DATABASE_ERRORS:  # seen once, on a machine that was very busy
        return False
    return True


def run(*arguments: str, **environment: str) -> str:
    """What another process says; the test fails if it fails."""
    command = [sys.executable, *arguments]
    asked = subprocess.run(
        command, cwd=engines.ROOT, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    assert asked.returncode == 0, asked.stdout + asked.stderr
    return asked.stdout


def count_in(url: str) -> int:
    """Bookings in the database at `url`, after `check_integrity` found nothing there."""
    assert run("manage.py", "check_integrity", DATABASE_URL=url) == "Everything fits.\n"
    counting = "from bookings.models import Booking; print(Booking.objects.count())"
    return int(run("manage.py", "shell", "--verbosity", "0", "--command", counting, DATABASE_URL=url))


def test_the_database_is_copied_while_the_site_writes_and_fits_together_when_restored(tariff, tmp_path):
    with drivers_booking(tariff):
        before = Booking.objects.count()
        made = back_up(tmp_path)
    with restored(made) as url:
        assert before <= count_in(url) < Booking.objects.count()
    assert made.stat().st_mode & 0o077 == 0
    assert [path.name for path in tmp_path.iterdir() if "partial" in path.name] == []


def back_up(folder: Path) -> Path:
    """What the operator's timer runs."""
    if engines.ON_MONGODB:
        data, host = Path(os.environ["EVBUNKER_TEST_FOLDER"]) / "mongodb", urlsplit(settings.DATABASE_URL).netloc
        return Path(run("-m", "deploy.backup.mongodb", str(data), str(folder), MONGODB_HOST=host).strip())
    return Path(run("-m", "deploy.backup.sqlite", connection.settings_dict["NAME"], str(folder)).strip())


@contextmanager
def restored(made: Path) -> Iterator[str]:
    """A database of the backup's own. The MongoDB server has another address, so its set is told where it is now."""
    if not engines.ON_MONGODB:
        yield f"sqlite:///{made}"
        return
    port = engines.hold_port()
    process = engines.spawn(engines.mongod_command(made / "db", port), made.parent / "restored.log")
    engines.wait_until(lambda: engines.leads(port), "The restored server became no primary.")
    yield engines.mongodb_url(port, connection.settings_dict["NAME"])
    engines.end(process)


def test_a_database_that_is_not_there_is_not_made(tmp_path):
    command = [sys.executable, "-m", "deploy.backup.sqlite", tmp_path / "none.sqlite3", tmp_path]
    assert subprocess.run(command, cwd=engines.ROOT, capture_output=True).returncode != 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.engines
def test_writes_go_on_when_the_copy_fails(tmp_path):
    host = urlsplit(settings.DATABASE_URL).netloc
    command = [sys.executable, "-m", "deploy.backup.mongodb", tmp_path / "none", tmp_path]
    environment = os.environ | {"MONGODB_HOST": host}
    assert subprocess.run(command, cwd=engines.ROOT, env=environment, capture_output=True).returncode != 0
    with pymongo.MongoClient(host, directConnection=True) as server:
        assert "fsyncLock" not in server.admin.command("currentOp")
    assert Booking.objects.count() == 0


def test_only_the_newest_stay_and_what_was_cut_off_goes(tmp_path):
    for name in ("sqlite-1.sqlite3", "sqlite-2.sqlite3", "sqlite-3.sqlite3", "partial-sqlite-0.sqlite3", "mine.txt"):
        (tmp_path / name).touch()
    (tmp_path / "partial-sqlite-4").mkdir()
    keep_newest(tmp_path, "sqlite", 2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.txt", "sqlite-2.sqlite3", "sqlite-3.sqlite3"]
