"""What keeps a server from starting."""

import os
import secrets
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured
from pymongo.errors import ServerSelectionTimeoutError

from bookings.models import SlotClaim
from evbunker import checks
from evbunker.checks import missing_unique_indexes, refuse_unsafe_settings
from evbunker.copying.marker import mark, unmark
from tests import engines
from tests.failpoints import without_unique_index
from tests.serving import database_of_this_run

PRODUCTION = {
    "DEBUG": "0",
    "SECRET_KEY": secrets.token_urlsafe(50),
    "SITE_URL": "https://ev.example.org",
    "ALLOWED_HOSTS": "ev.example.org",
    "REDIS_URL": os.environ.get("REDIS_URL", "redis://localhost:6379/0"),
    "WEB_PROCESSES": "4",
    "STAFF_SECOND_FACTOR": "1",
    "DJANGO_SETTINGS_MODULE": "evbunker.settings",
}


def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """A Python of its own with production's settings on the test database."""
    everything = os.environ | database_of_this_run() | PRODUCTION | environment
    return subprocess.run(
        [sys.executable, *arguments], cwd=engines.ROOT, env=everything, capture_output=True, text=True, timeout=60
    )


def refused() -> str:
    with pytest.raises(ImproperlyConfigured) as raised:
        refuse_unsafe_settings()
    return str(raised.value)


def test_the_tests_own_settings_are_safe():
    refuse_unsafe_settings()


def test_it_may_be_asked_inside_an_event_loop():
    script = "import asyncio\nasync def main():\n import evbunker.asgi\nasyncio.run(main())"
    assert run("-c", script).returncode == 0


def test_check_deploy_is_silent_in_production():
    answer = run("manage.py", "check", "--deploy", "--database", "default")
    assert (answer.stderr, answer.returncode) == ("", 0)
    assert answer.stdout.strip() == "System check identified no issues (0 silenced)."


@pytest.mark.parametrize("module", ["evbunker.asgi", "evbunker.wsgi"])
def test_servers_refuse_to_start(module):
    answer = run("-c", f"import {module}", SECRET_KEY="short")
    assert answer.returncode != 0
    assert "SECRET_KEY" in answer.stderr


@pytest.mark.parametrize("name", ["SECRET_KEY", "SITE_URL", "ALLOWED_HOSTS"])
def test_production_has_no_defaults(name):
    answer = run("manage.py", "check", **{name: ""})
    assert answer.returncode != 0
    assert f"Set {name} in the environment" in answer.stderr


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        ({"SECRET_KEY": "k" * 49}, "evbunker.E001"),
        ({"SECRET_KEY": "only-for-debugging-on-one-laptop-" + "k" * 50}, "evbunker.E001"),
        ({"WEB_PROCESSES": 2, "REDIS_URL": ""}, "evbunker.E002"),
        ({"LIVE_SOURCE": "pigeons"}, "evbunker.E003"),
        ({"LIVE_SOURCE": "change-streams", "ON_MONGODB": False}, "evbunker.E004"),
        ({"LIVE_SOURCE": "change-streams", "REDIS_URL": ""}, "evbunker.E004"),
        ({"PAYMENT_GATEWAYS": ["sandbox", "barter"]}, "payments.E002"),
        ({"SANDBOX_ALLOWED": False}, "payments.E003"),
        ({"FINANCIAL_YEAR_STARTS": "02-29"}, "payments.E005"),
        ({"FINANCIAL_YEAR_STARTS": "April"}, "payments.E005"),
        ({"RECEIPT_FONTS": ["/nowhere/tamil.ttf"]}, "payments.E008"),
        ({"SANDBOX_KNOBS": ["no_such_knob"]}, "payments.E007"),
        ({"SANDBOX_KNOBS": ["drop"], "SANDBOX_ALLOWED": False}, "payments.E007"),
    ],
)
def test_it_refuses(settings, changes, finding):
    for name, value in changes.items():
        setattr(settings, name, value)
    assert finding in refused()


def test_the_sandbox_needs_its_switch_also_when_debugging(settings):
    settings.DEBUG, settings.SANDBOX_ALLOWED = True, False
    assert "payments.E003" in refused()


@pytest.mark.parametrize(
    "changes",
    [
        {"DEBUG": True, "SECRET_KEY": "only-for-debugging-on-one-laptop"},
        {"WEB_PROCESSES": 2, "REDIS_URL": "redis://localhost"},
        {"PAYMENT_GATEWAYS": []},
        {"SANDBOX_WEBHOOK_SECRET": ""},
    ],
)
def test_it_accepts(settings, changes):
    for name, value in changes.items():
        setattr(settings, name, value)
    refuse_unsafe_settings()


def test_every_unique_index_of_the_models_exists():
    assert missing_unique_indexes() == []


def test_it_refuses_a_database_without_a_unique_index():
    with without_unique_index(SlotClaim, "slotclaim_once"):
        assert "bookings_slotclaim has no unique index on evse_id, slot" in refused()
    refuse_unsafe_settings()


def test_it_refuses_a_server_without_a_replica_set(monkeypatch):
    monkeypatch.setattr(checks, "is_standalone", lambda: True)
    assert "evbunker.E006" in refused()


def test_it_refuses_half_a_copy():
    mark("sqlite /elsewhere/old.sqlite3")
    try:
        assert "unfinished copy of another one (sqlite /elsewhere/old.sqlite3)" in refused()
    finally:
        unmark()
    refuse_unsafe_settings()


def test_migrate_is_not_kept_from_making_what_is_missing(monkeypatch, settings):
    monkeypatch.setattr(checks, "migrations_wait", lambda: True)
    monkeypatch.setattr(checks, "missing_unique_indexes", lambda: [("anything", ("at all",))])
    refuse_unsafe_settings()


def test_a_database_that_does_not_answer_is_refused_in_a_sentence(monkeypatch):
    def nobody() -> bool:
        raise ServerSelectionTimeoutError("no servers found yet")

    monkeypatch.setattr(checks, "is_standalone", nobody)
    assert "The database does not answer: no servers found yet" in refused()


@pytest.mark.engines
def test_a_real_stand_alone_server_is_refused(tmp_path):
    port = engines.hold_port()
    options = ["--dbpath", str(tmp_path), "--port", str(port), "--bind_ip", "127.0.0.1", "--nounixsocket"]
    server = engines.spawn([str(engines.mongod_path()), *options], tmp_path / "log")
    try:
        answer = run("-c", "import evbunker.wsgi", DATABASE_URL=f"mongodb://127.0.0.1:{port}/evbunker")
    finally:
        engines.end(server)
    assert "belongs to no replica set" in answer.stderr
