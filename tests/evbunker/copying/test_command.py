"""`manage.py copy_data` as a person runs it, and the site on the other side."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core.management import CommandError, call_command
from django.test import Client as Browser

from bookings.models import Booking, ClientSlot
from evbunker.copying import Refused
from evbunker.copying.marker import copy_under_way
from evbunker.copying.processes import check_both
from evbunker.models import Change
from payments.models import Payment
from tests import engines
from tests.evbunker.copying.moving import SECONDS, address_of, copy_data, manage, working_on
from tests.people import PASSWORD
from tests.serving import database_of_this_run

FILLERS = 3000
"""Rows that take a moment."""


def test_a_site_moves_and_goes_on(coming: Booking, target: str, tmp_path: Path, settings: Any) -> None:
    """On MongoDB by way of SQLite, so that every row crosses from engine to engine twice. The last copy is killed."""
    settings.MFA_TOTP_TOLERANCE = 1  # a period may end while a page loads
    seen = {"actor": "filler", "action": "client.changed", "record_type": "bookings.client", "record_id": coming.pk}
    Change.objects.bulk_create(Change(**seen) for _ in range(FILLERS))
    source, aim, told = database_of_this_run()["DATABASE_URL"], address_of(target), []
    if engines.ON_MONGODB:
        small = f"sqlite:///{tmp_path}/small.sqlite3"
        assert manage("migrate", DATABASE_URL=small).returncode == 0
        told.append(copied(source, small))
        source = small
    kill_a_copy(source, aim, target)
    told.append(copied(source, aim))
    assert told[-1].startswith("The target holds the beginning of this copy: going on.")
    assert re.search(r"bookings\.Booking +5  [0-9a-f]{64}  ok", told[0])
    assert "Not copied: adminpanel.Beat" in told[0]
    assert set(map(checksums, told)) == {checksums(told[0])}
    with working_on(target):
        assert copy_under_way() is None
        a_driver_goes_on(coming)
        staff_go_on()
    once_more = copy_data(source, aim)
    assert once_more.returncode == 1
    assert once_more.stderr.startswith("CommandError: The target is not empty: it holds clients.\n")


def copied(source: str, aim: str) -> str:
    """What the command said when all was well."""
    answer = copy_data(source, aim)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def kill_a_copy(source: str, aim: str, target: str) -> None:
    """Begin it, and end it as the kernel would when memory runs out."""
    command = [sys.executable, "manage.py", "copy_data", "--from", source, "--to", aim]
    copy = subprocess.Popen(command, cwd=engines.ROOT, env=os.environ, stdout=subprocess.DEVNULL)
    with working_on(target):
        engines.wait_until(lambda: Change.objects.count() >= 500, "The copy did not begin.", seconds=SECONDS)
        copy.kill()
        assert copy.wait() == -signal.SIGKILL, "it had ended before"
        assert copy_under_way()


def checksums(said: str) -> tuple[str, ...]:
    return tuple(sorted(re.findall(r"^\S+ +\d+  [0-9a-f]{64}", said, re.MULTILINE)))


def a_driver_goes_on(coming: Booking) -> None:
    """Signs in with the password it had, and finds what it booked and paid."""
    browser = Browser()
    answer = browser.post("/accounts/login/", {"login": "dara@example.org", "password": PASSWORD})
    assert (answer.status_code, answer.headers.get("Location")) == (302, "/dashboard/")
    for path in (f"/bookings/{coming.pk}/", "/bookings/", "/payments/", "/dashboard/", "/profile/"):
        page = browser.get(path)
        assert page.status_code == 200, path
    payment = Payment.objects.get(booking=coming)
    assert b"Harbour" in browser.get(f"/bookings/{coming.pk}/").content
    assert payment.status == Payment.Status.CAPTURED
    assert b"Moved and content." in browser.get("/terms/").content


def staff_go_on() -> None:
    """Sign in with the password and the second factor they had."""
    browser = Browser()
    answer = browser.post("/accounts/login/", {"login": "opal@example.org", "password": PASSWORD})
    assert answer.headers["Location"].startswith("/accounts/2fa/authenticate/")
    secret = Authenticator.objects.get(type="totp").data["secret"]
    *_earlier, now, _next = yield_hotp_counters_from_time()
    answer = browser.post("/accounts/2fa/authenticate/", {"code": format_hotp_value(hotp_value(secret, now))})
    assert answer.status_code == 302
    assert browser.get("/operations/overview/").status_code == 200


@pytest.mark.parametrize(
    ("source", "aim", "sentence"),
    [
        ("", "sqlite:///x", "Say --from and --to"),
        ("postgres://host/name", "sqlite:///x", "An address begins with sqlite:///, mongodb:// or mongodb+srv://"),
        ("mongodb://host/name", "evbunker.sqlite3", "An address begins with"),
        ("mongodb://host/name", "mongodb://host/name", "the same database"),
        ("sqlite:////nowhere/at/all", "mongodb://host/name", "There is no file /nowhere/at/all"),
    ],
)
def test_addresses_that_make_no_sense_are_refused(source: str, aim: str, sentence: str) -> None:
    with pytest.raises(CommandError, match=re.escape(sentence)):
        call_command("copy_data", source=source, target=aim)


def test_what_does_not_fit_on_either_side_is_told(coming: Booking) -> None:
    ClientSlot.objects.filter(booking=coming).delete()
    here = database_of_this_run()["DATABASE_URL"]
    with pytest.raises(Refused, match=f"finds on both:\nbooking {coming.pk} .* does not own exactly its client's time"):
        check_both(here, here)
