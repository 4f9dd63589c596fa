"""Units of work, the same on both engines."""

import datetime as dt
import logging
import sqlite3
import threading
import time

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models.signals import post_save

from bookings.models import Client, Station, Tariff
from evbunker import clock
from evbunker.db import RunAgain, UnitDoomed, atomic, claim, done_within, newest, on_commit, units
from evbunker.errors import Busy, DomainError
from tests import engines
from tests.places import make_station, make_tariff
from tests.plans import no_scans


def names() -> set[str]:
    return set(Tariff.objects.values_list("name", flat=True))


@atomic
def make(*tariffs: str, error: BaseException | None = None) -> int:
    for name in tariffs:
        make_tariff(name)
    if error is not None:
        raise error
    return len(tariffs)


@pytest.fixture(autouse=True)
def _the_next_unit_is_clean():
    """Whatever a test did, the next unit on this thread must be able to roll back, and must be alone."""
    yield
    before = names()
    with pytest.raises(ZeroDivisionError):
        make("after all", error=ZeroDivisionError())
    assert names() == before
    assert make("after all") == 1


def test_it_writes_all_and_returns():
    assert make("a", "b") == 2
    assert names() == {"a", "b"}


@pytest.mark.parametrize("error", [ValueError(), DomainError(), KeyboardInterrupt(), SystemExit()])
def test_an_exception_leaves_nothing(error):
    with pytest.raises(type(error)):
        make("a", "b", error=error)
    assert names() == set()


def test_a_duplicate_key_is_djangos_integrity_error_and_leaves_nothing():
    make("a")
    with pytest.raises(IntegrityError):
        make("b", "a")
    assert names() == {"a"}


def test_a_duplicate_in_bulk_leaves_nothing():
    @atomic
    def insert():
        Tariff.objects.bulk_create([Tariff(name=name, currency="EUR") for name in ("a", "b", "a")])

    with pytest.raises(IntegrityError):
        insert()
    assert names() == set()


def test_a_claim_that_makes_a_duplicate_is_an_integrity_error():
    make("a", "b")

    @atomic
    def rename():
        claim(Tariff.objects.filter(name="a"), name="b")

    with pytest.raises(IntegrityError):
        rename()
    assert names() == {"a", "b"}


def test_a_nested_unit_joins():
    @atomic
    def outer():
        make("a")
        raise LookupError

    with pytest.raises(LookupError):
        outer()
    assert names() == set()


def test_a_failed_nested_unit_dooms_the_one_that_swallows_it():
    @atomic
    def outer():
        make("a")
        with pytest.raises(DomainError):
            make("b", error=DomainError())
        make("c")

    with pytest.raises(UnitDoomed) as raised:
        outer()
    assert isinstance(raised.value.__cause__, DomainError)
    assert names() == set()


def test_a_swallowed_duplicate_dooms_the_unit_at_once():
    make("a")
    runs = []

    @atomic
    def careless():
        runs.append(1)
        make_tariff("b")
        with pytest.raises(IntegrityError):
            make_tariff("a")

    with pytest.raises(UnitDoomed):
        careless()
    assert names() == {"a"}
    assert len(runs) == 1


def test_callbacks_run_once_in_order_after_the_commit():
    seen = []

    @atomic
    def inner():
        on_commit(lambda: seen.append(("inner", names())))

    @atomic
    def outer():
        on_commit(lambda: seen.append(("outer", names())))
        make_tariff("a")
        inner()
        assert seen == []

    outer()
    assert seen == [("outer", {"a"}), ("inner", {"a"})]


def test_callbacks_of_a_failed_unit_never_run():
    seen = []

    @atomic
    def failing():
        on_commit(lambda: seen.append(1))
        raise LookupError

    with pytest.raises(LookupError):
        failing()
    make("a")
    assert seen == []


def test_a_callback_that_fails_is_logged_and_stops_nobody(caplog):
    seen = []

    @atomic
    def unit():
        make_tariff("a")
        on_commit(lambda: 1 / 0)
        on_commit(lambda: make("b"))
        on_commit(lambda: seen.append(names()))

    with caplog.at_level(logging.ERROR):
        unit()
    assert seen == [{"a", "b"}]
    assert "ZeroDivisionError" in caplog.text


def test_on_commit_outside_a_unit_runs_now():
    seen = []
    on_commit(lambda: seen.append(1))
    assert seen == [1]


def test_a_body_may_ask_to_run_again_and_its_callbacks_run_once():
    runs, seen = [], []

    @atomic
    def unlucky():
        runs.append(1)
        make_tariff("a")
        on_commit(lambda: seen.append(1))
        if len(runs) < 3:
            raise RunAgain

    unlucky()
    assert (len(runs), seen, names()) == (3, [1], {"a"})


def test_a_wish_to_run_again_passes_through_nested_units_and_handlers():
    runs = []

    @atomic
    def inner():
        runs.append(1)
        if len(runs) < 2:
            raise RunAgain

    @atomic
    def outer():
        make_tariff("a")
        try:
            inner()
        except RunAgain as error:
            raise DomainError from error

    outer()
    assert (len(runs), names()) == (2, {"a"})


def test_it_gives_up_as_busy():
    runs = []

    @atomic
    def hopeless():
        runs.append(1)
        make_tariff("a")
        raise RunAgain

    with pytest.raises(Busy):
        hopeless()
    assert (len(runs), names()) == (units.TRIES, set())


def test_it_gives_up_when_its_time_is_over(monkeypatch):
    monkeypatch.setattr(units, "BUDGET_SECONDS", 0)
    runs = []

    @atomic
    def slow():
        runs.append(1)
        raise RunAgain

    with pytest.raises(Busy):
        slow()
    assert len(runs) == 1


def test_an_old_conflict_that_is_being_handled_is_no_reason_to_run_again():
    runs = []

    @atomic
    def refused():
        runs.append(1)
        raise DomainError

    try:
        raise RunAgain
    except RunAgain:
        with pytest.raises(DomainError):
            refused()
    assert len(runs) == 1


def test_inside_djangos_atomic_callbacks_wait_for_its_end():
    seen = []

    @atomic
    def unit():
        make_tariff("a")
        on_commit(lambda: seen.append(names()))

    with transaction.atomic():
        unit()
        assert seen == ([] if connection.vendor == "sqlite" else [{"a"}])  # Django's atomic is nothing on MongoDB
    assert seen == [{"a"}]


def test_inside_djangos_atomic_a_unit_fails_and_runs_again_alone():
    runs = []

    @atomic
    def unlucky():
        runs.append(1)
        make_tariff("b")
        if len(runs) < 2:
            raise RunAgain

    with transaction.atomic():
        with pytest.raises(LookupError):
            make("a", error=LookupError())
        unlucky()
    assert names() == {"b"}


def test_a_model_signal_handler_that_fails_leaves_nothing():
    def refuse(sender, **kwargs):
        raise LookupError

    post_save.connect(refuse, sender=Tariff)
    try:
        with pytest.raises(LookupError):
            make("a")
    finally:
        post_save.disconnect(refuse, sender=Tariff)
    assert names() == set()


def test_claim_changes_one_row_once():
    make("a")

    @atomic
    def rename(old: str, new: str) -> bool:
        return claim(Tariff.objects.filter(name=old), name=new)

    assert rename("a", "b") is True
    assert rename("a", "b") is False
    assert names() == {"b"}


def test_claim_says_when():
    make("a")

    @atomic
    def touch():
        return claim(Tariff.objects.filter(name="a"), name="b")

    moment = dt.datetime(2030, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
    with clock.moved_to(moment):
        touch()
    assert Tariff.objects.get(name="b").updated_at == moment


def test_claim_outside_a_unit_is_a_mistake():
    with pytest.raises(AssertionError):
        claim(Tariff.objects.filter(name="a"), name="b")


def test_claim_of_several_rows_is_a_mistake():
    make("a", "b")

    @atomic
    def careless():
        claim(Tariff.objects.filter(currency="EUR"), currency="INR")

    with pytest.raises(AssertionError):
        careless()
    assert set(Tariff.objects.values_list("currency", flat=True)) == {"EUR"}


def test_newest_is_what_ordering_says():
    for number in range(6):
        make_tariff(f"t{number}", currency="EUR" if number % 2 else "INR", tax_bp=number // 2)
    expected = list(Tariff.objects.filter(currency="EUR").order_by("-tax_bp", "-id"))
    assert newest(Tariff.objects.filter(currency="EUR"), by="tax_bp", limit=10) == expected
    assert newest(Tariff.objects.filter(currency="EUR"), by="tax_bp", limit=2) == expected[:2]
    assert newest(Tariff.objects.all(), by="id", limit=1)[0].name == "t5"
    assert newest(Tariff.objects.filter(name__in=[]), by="tax_bp", limit=2) == []
    assert newest(Tariff.objects.none(), by="tax_bp", limit=2) == []


def test_newest_gives_whole_records():
    made = make_tariff("a")
    (found,) = newest(Tariff.objects.filter(name="a"), by="created_at", limit=1)
    assert found.__dict__.keys() == made.__dict__.keys()
    assert (found.created_at, found.id) == (made.created_at, made.id)


def test_newest_reads_by_an_index():
    make_station(tariff=None)
    with no_scans():
        newest(Station.objects.filter(status="active"), by="sort_key", limit=5)
        newest(Client.objects.all(), by="created_at", limit=5)


def test_a_scan_is_noticed():
    make_station(tariff=None)
    if not engines.ON_MONGODB:
        return
    with pytest.raises(AssertionError, match="bookings_station"), no_scans():
        list(Station.objects.filter(city="Berlin"))


@pytest.mark.race
def test_of_many_threads_one_makes_the_row():
    start, results = threading.Barrier(10), []

    def race():
        start.wait()
        try:
            results.append(make("only"))
        except IntegrityError as error:
            results.append(type(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=race) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, results)) == ["1", *[str(IntegrityError)] * 9]


@pytest.mark.race
def test_of_many_threads_one_claims():
    make("free")
    start, results = threading.Barrier(10), []

    @atomic
    def take() -> bool:
        return claim(Tariff.objects.filter(name="free"), name="taken")

    def race():
        start.wait()
        results.append(take())
        connection.close()

    threads = [threading.Thread(target=race) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False] * 9 + [True]


if not engines.ON_MONGODB:

    @pytest.fixture
    def other_writer():
        """Somebody else's connection, which holds SQLite's write lock."""
        other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        yield other
        other.close()

    def test_a_lock_that_stays_is_busy_when_the_time_is_over(other_writer, monkeypatch):
        monkeypatch.setattr(units, "BUDGET_SECONDS", 0.3)
        began = time.monotonic()
        with pytest.raises(Busy):
            make("a")
        assert time.monotonic() - began < 2
        other_writer.rollback()
        assert names() == set()

    def test_a_lock_that_goes_is_waited_for(other_writer):
        threading.Timer(0.2, other_writer.rollback).start()
        assert make("a") == 1

    def test_after_a_unit_others_wait_for_locks_as_long_as_the_settings_say():
        make("a")
        (milliseconds,) = connection.connection.execute("PRAGMA busy_timeout").fetchone()
        assert milliseconds == connection.settings_dict["OPTIONS"]["timeout"] * 1000


def test_in_a_hurry_a_unit_gives_up_when_the_time_is_over() -> None:
    tries = []

    @atomic
    def always_in_the_way() -> None:
        tries.append(1)
        raise RunAgain

    with pytest.raises(Busy), done_within(0):
        always_in_the_way()
    assert len(tries) == 1
    with pytest.raises(Busy):
        always_in_the_way()
    assert len(tries) == 1 + units.TRIES
