"""The command where it has nothing to do, and what others see of it."""

import datetime as dt

import pytest
from django.core.management import CommandError, call_command

from evbunker import clock
from evbunker.models import Relay
from evbunker.relay.sources import SOURCES
from evbunker.relay.standing import relay_lag_seconds, relay_standing
from tests import engines


def test_it_refuses_where_the_servers_tell_themselves(settings):
    settings.LIVE_SOURCE = "signals"
    with pytest.raises(CommandError, match="Set LIVE_SOURCE=change-streams"):
        call_command("relay_changes")


@pytest.mark.parametrize("lacks", [{"ON_MONGODB": False}, {"REDIS_URL": ""}])
def test_it_refuses_without_its_engines(settings, lacks):
    for name, value in lacks.items():
        setattr(settings, name, value)
    with pytest.raises(CommandError, match="need MongoDB"):
        call_command("relay_changes")


def test_it_refuses_the_embedded_engine(settings):
    if not engines.ON_MONGODB:
        with pytest.raises(CommandError, match="need MongoDB"):
            call_command("relay_changes")


def test_only_change_streams_are_relayed(settings):
    settings.LIVE_SOURCE = "signals"
    assert relay_standing().as_json() == {"state": "not used"}
    assert relay_lag_seconds() is None


def test_a_relay_that_never_began_is_late():
    assert relay_standing().as_json() == {"state": "late"}
    Relay.objects.create(name="relay")
    assert relay_standing().as_json() == {"state": "late"}
    assert relay_lag_seconds() is None


@pytest.mark.parametrize(("behind_seconds", "state"), [(0, "ok"), (15, "ok"), (16, "late"), (600, "late")])
def test_readiness_says_how_far_it_is_behind(behind_seconds, state):
    now = clock.now()
    Relay.objects.create(name="relay", told_until=now - dt.timedelta(seconds=behind_seconds))
    with clock.moved_to(now):
        assert relay_standing().as_json() == {"state": state, "age_seconds": behind_seconds}
        assert relay_lag_seconds() == behind_seconds


def test_every_source_says_whom_it_concerns():
    assert all(source.columns and source.event for source in SOURCES.values())
    assert {source.event for source in SOURCES.values()} == {
        "booking_update", "payment_update", "charging_session_update", "station_update", "client_update",
        "eco_stats_update",
    }  # fmt: skip
