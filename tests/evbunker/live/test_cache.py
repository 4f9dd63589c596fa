"""Cached figures: computed once, never stale, and no worse off without a cache."""

import logging
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.cache import cache

import evbunker.cache
from evbunker.live import Event, cached, publish, versions
from evbunker.live import cache as figures
from evbunker.live.events import OPERATORS, client_group
from tests import engines

NOBODY = "01a1fd76-0000-7000-8000-000000000000"
ELSE = "01a1fd76-0000-7000-8000-000000000001"


class Figure:
    """Counts how often it is computed."""

    def __init__(self, seconds=0.0):
        self.computed, self.seconds = 0, seconds

    def compute(self):
        self.computed += 1
        time.sleep(self.seconds)
        return self.computed

    def ask(self, group=OPERATORS, stale_on=("payment_update",), ttl=60):
        return cached("figure", group=group, stale_on=stale_on, ttl=ttl, compute=self.compute)


def test_it_is_computed_once_until_its_event():
    figure = Figure()
    assert [figure.ask(), figure.ask()] == [1, 1]
    publish(Event("booking_update"))
    assert figure.ask() == 1
    publish(Event("payment_update"))
    assert figure.ask() == 2


def test_it_is_computed_again_when_its_time_is_up():
    figure = Figure()
    assert figure.ask(ttl=1) == 1
    time.sleep(1.1)
    assert figure.ask(ttl=1) == 2


def test_groups_have_figures_of_their_own():
    figure = Figure()
    mine, theirs = client_group(NOBODY), client_group(ELSE)
    assert [figure.ask(mine), figure.ask(theirs)] == [1, 2]
    publish(Event("payment_update", client=NOBODY))
    assert [figure.ask(mine), figure.ask(theirs)] == [3, 2]


def test_nothing_is_a_figure_too():
    asked = []
    for _ in range(2):
        assert cached("none", group=OPERATORS, stale_on=(), ttl=60, compute=lambda: asked.append(1)) is None
    assert len(asked) == 1


def test_what_began_before_the_change_is_not_shown_after_it():
    def overtaken():
        publish(Event("payment_update"))
        return "old"

    assert cached("figure", group=OPERATORS, stale_on={"payment_update"}, ttl=60, compute=overtaken) == "old"
    assert Figure().ask() == 1


def test_a_forgotten_version_brings_nothing_old_back():
    figure = Figure()
    assert figure.ask() == 1
    cache.delete(versions.version_key(OPERATORS, "payment_update"))
    assert figure.ask() == 2


def test_many_at_once_cost_one_computation():
    figure = Figure(seconds=0.2)
    with ThreadPoolExecutor(20) as pool:
        assert set(pool.map(lambda _: figure.ask(), range(20))) == {1}


def test_without_the_lock_they_all_compute(monkeypatch):
    """The test above notices a stampede."""
    monkeypatch.setattr(figures, "_once", lambda place, version, ttl, compute: compute())
    figure = Figure(seconds=0.2)
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda _: figure.ask(), range(20)))
    assert figure.computed > 1


def test_who_crashed_while_computing_blocks_nobody_for_long(monkeypatch):
    monkeypatch.setattr(figures, "LOCK_SECONDS", 1)
    monkeypatch.setattr(figures, "_release", lambda lock, mine: None)
    with pytest.raises(ZeroDivisionError):
        cached("figure", group=OPERATORS, stale_on={"payment_update"}, ttl=60, compute=lambda: 1 / 0)
    figure, began = Figure(), time.monotonic()
    assert figure.ask() == 1
    assert 0.5 < time.monotonic() - began < 3


def test_a_failure_is_not_kept():
    with pytest.raises(ZeroDivisionError):
        cached("figure", group=OPERATORS, stale_on={"payment_update"}, ttl=60, compute=lambda: 1 / 0)
    began = time.monotonic()
    assert Figure().ask() == 1
    assert time.monotonic() - began < 1


@pytest.mark.engines
def test_two_processes_cost_one_computation():
    """They share the lock and the result."""
    readers = []
    for _ in range(2):
        read, write = os.pipe()
        if os.fork() == 0:
            os._exit(_child(write))
        os.close(write)
        readers.append(read)
    answers = [os.read(read, 100).decode() for read in readers]
    assert sorted(answers, key=len) in (["3 0", "3 1"], ["3 1", "3 0"]), answers


def _child(write):
    from django.core.cache import caches

    caches["default"].client.connection_factory.disconnect(caches["default"].client.get_client())
    figure = Figure(seconds=0.5)
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: figure.ask(), range(3)))
    os.write(write, f"{len(answers)} {figure.computed}".encode())
    return 0


# -- Without a cache --------------------------------------------------------------------------------------------------


@pytest.mark.engines
def test_without_a_cache_it_is_computed_and_said_once(outage, caplog):
    caplog.set_level(logging.WARNING)
    figure = Figure()
    assert [figure.ask() for _ in range(5)] == [1, 2, 3, 4, 5]
    publish(Event("client_update"))
    assert [record.message for record in caplog.records if "cache" in record.message] == [
        "The cache cannot be reached; figures come from the database until it can: nobody there"
    ]


@pytest.mark.engines
def test_a_dead_cache_is_not_waited_for_each_time(outage, monkeypatch):
    monkeypatch.setattr(evbunker.cache, "PAUSE_SECONDS", 5)
    for _ in range(5):
        Figure().ask()
    assert outage.tries == 2  # once more, in case Redis has only just restarted


@pytest.mark.engines
def test_a_cache_that_comes_back_is_used_again(outage, caplog):
    figure = Figure()
    figure.ask()
    outage.lasts = False
    time.sleep(0.1)
    assert [figure.ask(), figure.ask()] == [2, 2]
    assert "The cache is back" in caplog.text


@pytest.mark.engines
def test_a_change_while_the_cache_was_gone_is_not_forgotten(outage):
    outage.lasts = False
    figure = Figure()
    assert figure.ask() == 1
    outage.lasts = True
    publish(Event("payment_update"))
    outage.lasts = False
    time.sleep(0.1)
    assert figure.ask() == 2


@pytest.mark.engines
def test_publishing_never_raises(outage):
    thread = threading.Thread(target=publish, args=[Event("payment_update", client=NOBODY)])
    thread.start()
    thread.join()
    publish(Event("payment_update", client=NOBODY))


@pytest.mark.engines
def test_without_redis_the_cache_is_an_empty_one(outage):
    cache.set("a", 1)
    assert (cache.get("a", "default"), cache.get_many(["a"]), "a" in cache) == ("default", {}, False)
    assert (cache.set_many({"a": 1}), cache.add("a", 1), cache.get_or_set("a", 7)) == (["a"], True, 7)
    assert (cache.touch("a"), cache.delete("a"), cache.delete_many(["a"])) == (False, False, None)
    with pytest.raises(ValueError, match="a"):
        cache.incr("a")


def test_an_unknown_event_is_refused():
    with pytest.raises(AssertionError):
        Event("booking_updated")


def test_this_engine_has_the_cache_it_should_have():
    assert isinstance(cache._connections["default"], evbunker.cache.RedisCache) == engines.ON_MONGODB
