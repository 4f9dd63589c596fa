"""A unit of work on a real replica set whose commands fail."""

import time

import pytest
from django.db import DatabaseError, connection, transaction
from pymongo.errors import OperationFailure

from bookings.models import Tariff
from evbunker.db import UnitDoomed, atomic, on_commit, units
from evbunker.errors import Busy, CommitUnknown
from tests.failpoints import TRANSIENT, UNKNOWN, arm, disarm, failing
from tests.places import make_tariff

pytestmark = pytest.mark.engines

WRITE_CONFLICT, NO_SUCH_TRANSACTION, NOT_WRITABLE, SHUTDOWN, MAJORITY_TIMEOUT = 112, 251, 10107, 91, 64
TIME_IS_UP = 50
LOST = {"closeConnection": True}


class Unit:
    """A unit that counts how often its body and its callbacks ran, and which rows a callback saw."""

    def __init__(self) -> None:
        self.runs = 0
        self.callbacks = 0

    @atomic
    def run(self) -> str:
        self.runs += 1
        on_commit(self.committed)
        make_tariff("a")
        make_tariff("b")
        return "done"

    def committed(self) -> None:
        self.callbacks += 1


def names() -> set[str]:
    return set(Tariff.objects.values_list("name", flat=True))


@pytest.fixture(autouse=True)
def _the_next_unit_is_clean(monkeypatch):
    """After any fault, the next unit on this thread rolls back, and writes."""
    monkeypatch.setattr(units, "COMMIT_SECONDS", 3.0)
    yield
    before = names()

    @atomic
    def failing_unit():
        make_tariff("after all")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing_unit()
    assert names() == before
    assert connection.session is None
    assert not connection.in_atomic_block_mongo


@pytest.mark.parametrize(
    ("command", "times", "how", "runs"),
    [
        ("commitTransaction", 1, {"errorCode": NO_SUCH_TRANSACTION, **TRANSIENT}, 2),
        ("commitTransaction", 3, {"errorCode": NO_SUCH_TRANSACTION, **TRANSIENT}, 4),
        ("commitTransaction", 1, {"errorCode": 50, **UNKNOWN}, 1),
        ("commitTransaction", 1, {"errorCode": SHUTDOWN}, 1),
        ("commitTransaction", 1, LOST, 1),
        ("commitTransaction", 3, LOST, 1),
        ("commitTransaction", 1, {"writeConcernError": {"code": MAJORITY_TIMEOUT, "errmsg": "waiting"}}, 1),
        ("commitTransaction", 1, {"writeConcernError": {"code": SHUTDOWN, "errmsg": "down", **UNKNOWN}}, 1),
        ("insert", 1, {"errorCode": WRITE_CONFLICT, **TRANSIENT}, 2),
        ("insert", 1, LOST, 2),
        ("insert", 3, LOST, 4),
        ("insert", 1, {"errorCode": NOT_WRITABLE}, 2),
    ],
    ids=str,
)
def test_it_gets_through(command, times, how, runs):
    unit = Unit()
    with failing(command, times, **how):
        assert unit.run() == "done"
    assert (unit.runs, unit.callbacks, names()) == (runs, 1, {"a", "b"})


@pytest.mark.parametrize(
    ("command", "how"),
    [
        ("commitTransaction", {"errorCode": NO_SUCH_TRANSACTION, **TRANSIENT}),
        ("insert", {"errorCode": WRITE_CONFLICT, **TRANSIENT}),
        ("insert", {"errorCode": 11600}),
    ],
    ids=str,
)
def test_it_gives_up_as_busy_and_nothing_is_written(command, how):
    unit = Unit()
    with failing(command, **how), pytest.raises(Busy):
        unit.run()
    assert (unit.runs, unit.callbacks, names()) == (units.TRIES, 0, set())


def test_a_later_statement_that_always_conflicts_is_busy():
    runs = []

    @atomic
    def unit():
        runs.append(1)
        make_tariff("a")
        arm("insert", errorCode=WRITE_CONFLICT, **TRANSIENT)
        try:
            make_tariff("b")
        finally:
            disarm_only()

    def disarm_only():
        connection.connection.admin.command("configureFailPoint", "failCommand", mode="off")

    try:
        with pytest.raises(Busy):
            unit()
    finally:
        disarm()
    assert (len(runs), names()) == (units.TRIES, set())


def test_a_commit_that_stays_unknown_is_never_run_again(monkeypatch):
    monkeypatch.setattr(units, "COMMIT_SECONDS", 1.0)
    unit = Unit()
    with failing("commitTransaction", **LOST), pytest.raises(CommitUnknown):
        unit.run()
    assert (unit.runs, unit.callbacks) == (1, 0)


def test_after_an_unknown_result_not_even_a_plain_no_runs_the_body_again(monkeypatch):
    """The first answer was lost: that the transaction is gone now does not prove that it never committed."""
    answers = iter([{"code": 50, "labels": ["UnknownTransactionCommitResult"]}, {"code": 251, **TRANSIENT}])

    class Session:
        @staticmethod
        def commit_transaction():
            answer = next(answers)
            raise OperationFailure("no", answer["code"], {"errorLabels": answer.get("labels") or answer["errorLabels"]})

    with pytest.raises(CommitUnknown) as raised:
        units._commit(Session)
    assert not units._is_transient(raised.value, None)


def test_another_failure_of_the_commit_is_a_database_error():
    unit = Unit()
    with failing("commitTransaction", errorCode=123), pytest.raises(DatabaseError):
        unit.run()
    assert (unit.runs, unit.callbacks, names()) == (1, 0, set())


def test_a_swallowed_conflict_is_not_taken_for_success():
    @atomic
    def careless():
        make_tariff("a")
        arm("insert", 1, errorCode=WRITE_CONFLICT, **TRANSIENT)
        with pytest.raises(DatabaseError):
            make_tariff("b")

    try:
        with pytest.raises(UnitDoomed):
            careless()
    finally:
        disarm()
    assert names() == set()


def test_inside_djangos_atomic_it_retries_as_well():
    unit = Unit()
    with transaction.atomic(), failing("insert", 1, errorCode=WRITE_CONFLICT, **TRANSIENT):
        assert unit.run() == "done"
    assert (unit.runs, unit.callbacks, names()) == (2, 1, {"a", "b"})


def test_a_server_that_hangs_costs_no_more_than_the_budget(monkeypatch):
    monkeypatch.setattr(units, "BUDGET_SECONDS", 0.5)
    monkeypatch.setattr(units, "ABORT_SECONDS", 0.2)
    unit, began = Unit(), time.monotonic()
    with failing("insert", blockConnection=True, blockTimeMS=2000):
        with pytest.raises(Busy):
            unit.run()
        assert time.monotonic() - began < 1.5
    assert names() == set()


def test_a_server_that_says_time_is_up_is_busy():
    """As one does whose writes are stopped for a backup: it knows how long we wait and answers before that."""
    unit = Unit()
    with failing("insert", errorCode=TIME_IS_UP), pytest.raises(Busy):
        unit.run()
    assert (unit.runs, names()) == (units.TRIES, set())


def test_what_the_backends_own_block_left_behind_is_cleaned():
    """A commit that failed in it leaves its session on the connection; without cleaning, the next unit is none."""
    connection.ensure_connection()
    connection.session = connection.connection.start_session()
    connection.session.start_transaction()
    connection.session.end_session()
    connection.nested_atomics = 1
    unit = Unit()
    assert unit.run() == "done"
    assert names() == {"a", "b"}


def test_two_units_that_insert_one_key_conflict_and_one_wins():
    """A real conflict: while a transaction holds the key, the other unit tries again until its tries run out."""
    client = connection.connection
    with client.start_session() as session, session.start_transaction():
        held = {"_id": "held by another", "name": "a", "currency": "EUR"}
        connection.database[Tariff._meta.db_table].insert_one(held, session=session)
        unit = Unit()
        with pytest.raises(Busy):
            unit.run()
        assert unit.runs == units.TRIES
        session.abort_transaction()
    assert unit.run() == "done"
