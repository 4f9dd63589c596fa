"""How often is too often, and who is counted."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.test import RequestFactory

from evbunker import clock
from evbunker.ratelimit import RateLimited, address_of, allow, give_back
from tests.outage import Outage

NOON = dt.datetime(2026, 5, 1, 12, 0, 20, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _limits(settings: Any) -> None:
    settings.RATE_LIMITS = {"hold": (3, 60)}


def is_allowed(*keys: str, name: str = "hold") -> bool:
    try:
        allow(name, *keys)
    except RateLimited:
        return False
    return True


def test_it_allows_as_many_as_the_limit_says_and_names_when_to_come_back() -> None:
    with clock.moved_to(NOON):
        for _ in range(3):
            allow("hold", "client:1")
        with pytest.raises(RateLimited) as refusal:
            allow("hold", "client:1")
    assert (refusal.value.status, refusal.value.code) == (429, "rate_limited")
    assert refusal.value.retry_after_seconds == 40


def test_a_new_window_begins_from_nothing() -> None:
    with clock.moved_to(NOON):
        assert [is_allowed("client:1") for _ in range(4)] == [True, True, True, False]
    with clock.moved_to(NOON + dt.timedelta(seconds=40)):
        assert is_allowed("client:1")


def test_each_key_is_counted_apart_and_any_of_them_can_refuse() -> None:
    with clock.moved_to(NOON):
        assert [is_allowed(f"client:{n}", "address:1.2.3.4") for n in range(4)] == [True, True, True, False]
        assert is_allowed("client:0", "address:5.6.7.8")


def test_what_is_given_back_was_never_used() -> None:
    with clock.moved_to(NOON):
        for _ in range(9):
            allow("hold", "client:1")
            give_back("hold", "client:1")


def test_a_limit_that_is_not_set_allows_everything() -> None:
    assert all(is_allowed("client:1", name="unheard") for _ in range(50))


def test_of_many_at_once_only_as_many_pass_as_the_limit_says(settings: Any) -> None:
    settings.RATE_LIMITS = {"hold": (5, 600)}
    with ThreadPoolExecutor(20) as pool:
        passed = list(pool.map(lambda _: is_allowed("client:1"), range(100)))
    assert sum(passed) == 5


@pytest.mark.engines
def test_without_a_cache_everything_is_allowed(outage: Outage) -> None:
    assert all(is_allowed("client:1") for _ in range(10))


@pytest.mark.parametrize(
    ("trusted", "remote", "forwarded", "expected"),
    [
        ([], "10.0.0.1", "203.0.113.9", "10.0.0.1"),
        (["10.0.0.1"], "10.0.0.1", "203.0.113.9", "203.0.113.9"),
        (["10.0.0.1"], "10.0.0.1", "198.51.100.7, 203.0.113.9", "203.0.113.9"),
        (["10.0.0.0/8"], "10.0.0.1", "203.0.113.9, 10.0.0.2", "203.0.113.9"),
        (["10.0.0.1"], "10.0.0.1", "", "10.0.0.1"),
        (["10.0.0.1"], "10.0.0.1", "<script>", "unknown"),
        (["unix"], "", "203.0.113.9", "203.0.113.9"),
        ([], "", "203.0.113.9", "unix"),
        ([], "2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::/64"),
        ([], "::ffff:203.0.113.9", "", "203.0.113.9"),
    ],
)
def test_it_believes_only_proxies_that_are_trusted(
    settings: Any, trusted: list[str], remote: str, forwarded: str, expected: str
) -> None:
    settings.TRUSTED_PROXIES = trusted
    request = RequestFactory().get("/", REMOTE_ADDR=remote, HTTP_X_FORWARDED_FOR=forwarded)
    assert address_of(request) == expected
