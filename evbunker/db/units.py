"""Units of work.

On MongoDB, Django's own transactions do nothing and the backend's leave a dead session behind when a commit fails
(`docs/decisions/` has the measurements), so a unit keeps a record of its own on the connection and drives the session
itself. On SQLite it is a transaction that takes the write lock at once.
"""

import functools
import inspect
import logging
import math
import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar

import pymongo
from django.db import DatabaseError, OperationalError, connection, models, transaction
from pymongo.errors import PyMongoError

from evbunker import clock
from evbunker.errors import Busy, CommitUnknown
from evbunker.metrics import UNIT_RETRIES

P = ParamSpec("P")
R = TypeVar("R")
M = TypeVar("M", bound=models.Model)
Callback = Callable[[], object]
log = logging.getLogger(__name__)
mongodb: Any = connection
"""The same connection, where its MongoDB side is meant: the backend is not annotated."""

TRIES = 5
BUDGET_SECONDS = 10.0
"""How often, and for how long in all, the body of a unit is tried."""
COMMIT_SECONDS = 5.0
"""How long a commit whose result is unknown is sent again."""
ABORT_SECONDS = 2.0
_until: ContextVar[float] = ContextVar("units_until", default=math.inf)


class RunAgain(Exception):
    """Raised by the body of a unit that lost a race which it would win, or see, the next time: it runs again."""


class UnitDoomed(RuntimeError):
    """The body swallowed a failure and went on; nothing was written."""


@dataclass
class _Unit:
    """What this connection's unit of work must remember until it ends."""

    deadline: float
    failed: BaseException | None = None
    callbacks: list[Callback] = field(default_factory=list)


def atomic(function: Callable[P, R]) -> Callable[P, R]:
    """Make a service one unit of work: all of it is written, or nothing.

    The body runs again when another unit was in its way, so it must not act on anything but the database; effects
    belong into `on_commit`. A call inside another unit joins it, and if it raises, the whole unit is doomed whatever
    the caller does with the exception. Raises Busy when the tries or the time run out (nothing was written) and
    CommitUnknown when the database did not say whether it committed.
    """
    assert not inspect.iscoroutinefunction(function), "a unit of work is synchronous"

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        body = functools.partial(function, *args, **kwargs)
        unit = _current_unit()
        return _run(body) if unit is None else _join(unit, body)

    return run


def on_commit(callback: Callback) -> None:
    """Run `callback` once after the unit has really committed, or now if there is none. Its errors are logged."""
    unit = _current_unit()
    if unit is None:
        _after_commit(callback)
    else:
        unit.callbacks.append(callback)


@contextmanager
def done_within(seconds: float) -> Iterator[None]:
    """Let every unit of this block that is in another's way give up (Busy) when `seconds` are over, or earlier."""
    token = _until.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _until.reset(token)


def claim(queryset: "models.QuerySet[M]", **changes: Any) -> bool:
    """Compare and set: change the one row that `queryset` names; False if none matched.

    It must change the value that the filter tests: MongoDB sees no conflict between updates that change nothing.
    """
    assert _current_unit() is not None, "claim() decides nothing outside a unit of work"
    matched = queryset.update(**{"updated_at": clock.now()} | changes)
    assert matched <= 1, f"claim() names one row, not {matched}"
    return matched == 1


def _current_unit() -> _Unit | None:
    return getattr(connection, "evbunker_unit", None)


def _run(body: Callable[[], R]) -> R:
    """Run a unit to its end, with new tries while there is reason and time, then its callbacks."""
    deadline = min(time.monotonic() + BUDGET_SECONDS, _until.get())
    handled = sys.exception()
    for tried in range(1, TRIES + 1):
        unit = _Unit(deadline)
        try:
            result = _attempt(unit, body)
            break
        except Exception as error:
            if not _is_transient(error, handled):
                raise
            if tried == TRIES or time.monotonic() > deadline:
                raise Busy from error
            UNIT_RETRIES.inc()
            time.sleep(random.uniform(0, 0.02 * 2**tried))  # noqa: S311 - jitter
    for callback in unit.callbacks:
        _after_commit(callback)
    return result


def _join(unit: _Unit, body: Callable[[], R]) -> R:
    try:
        return body()
    except BaseException as error:
        unit.failed = unit.failed or error
        raise


def _attempt(unit: _Unit, body: Callable[[], R]) -> R:
    connection.evbunker_unit = unit  # type: ignore[attr-defined]
    try:
        with _transaction(unit.deadline):
            result = body()
            if unit.failed or transaction.get_rollback():
                raise UnitDoomed("The body went on after a failure.") from unit.failed
        return result
    finally:
        connection.evbunker_unit = None  # type: ignore[attr-defined]


def _transaction(deadline: float) -> AbstractContextManager[None]:
    return _on_mongodb(deadline) if connection.vendor == "mongodb" else _on_sqlite(deadline)


@contextmanager
def _on_sqlite(deadline: float) -> Iterator[None]:
    """A transaction whose wait for the write lock ends with the unit's time."""
    if connection.in_atomic_block:
        with transaction.atomic():
            yield
        return
    connection.ensure_connection()
    _wait_for_lock(deadline - time.monotonic())
    try:
        with transaction.atomic():
            yield
    finally:
        _wait_for_lock(connection.settings_dict["OPTIONS"].get("timeout", 5))


def _wait_for_lock(seconds: float) -> None:
    connection.connection.execute(f"PRAGMA busy_timeout = {max(1, int(seconds * 1000))}")


@contextmanager
def _on_mongodb(deadline: float) -> Iterator[None]:
    """A transaction of MongoDB's. Django's own is bookkeeping there: it notes failures that the body swallows."""
    connection.ensure_connection()
    _end_session()
    doomed_before = connection.needs_rollback
    try:
        with pymongo.timeout(max(0.1, deadline - time.monotonic())), transaction.atomic():
            mongodb.session = mongodb.connection.start_session()
            mongodb.session.start_transaction()
            mongodb.in_atomic_block_mongo = True
            yield
        _commit(mongodb.session)
    except PyMongoError as error:
        raise DatabaseError(str(error)) from error
    finally:
        _end_session()
        connection.needs_rollback = doomed_before


def _commit(session: Any) -> None:
    """Commit; send it again while its result is unknown, then CommitUnknown: the body may have been written."""
    deadline = time.monotonic() + COMMIT_SECONDS
    unknown: PyMongoError | None = None
    with pymongo.timeout(COMMIT_SECONDS):
        while unknown is None or time.monotonic() < deadline:
            try:
                session.commit_transaction()
                return
            except PyMongoError as error:
                if not error.has_error_label("UnknownTransactionCommitResult"):
                    if unknown is None:
                        raise
                    break
                unknown = error
                time.sleep(0.05)
    log.error("A commit's result stayed unknown.", exc_info=unknown)
    raise CommitUnknown from unknown


def _end_session() -> None:
    """Forget the session, aborting what is open, and whatever a failed block of the backend's own left behind."""
    session, mongodb.session = mongodb.session, None
    mongodb.in_atomic_block_mongo, mongodb.nested_atomics, mongodb.run_on_commit = False, 0, []
    if session is not None:
        with pymongo.timeout(ABORT_SECONDS):
            session.end_session()


def _is_transient(error: BaseException | None, handled: BaseException | None) -> bool:
    """Whether `error`, or what led to it, goes away by running again. `handled` was there before the unit."""
    while error is not None and error is not handled and not isinstance(error, CommitUnknown):
        if isinstance(error, RunAgain):
            return True
        if isinstance(error, PyMongoError) and (error.timeout or error.has_error_label("TransientTransactionError")):
            return True
        if isinstance(error, OperationalError) and "database is locked" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def _after_commit(callback: Callback) -> None:
    """Run it now, or when a transaction of Django's around the unit (the admin's) has committed."""

    def guarded() -> None:
        try:
            callback()
        except Exception:
            log.exception("A callback after commit failed: %r", callback)

    transaction.on_commit(guarded)
