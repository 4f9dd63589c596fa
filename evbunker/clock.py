"""The one place that says what time it is: tests and `seed_demo` move it."""

import datetime as dt
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_moved_to: ContextVar[dt.datetime | None] = ContextVar("clock_moved_to", default=None)
_offset = dt.timedelta()


def now() -> dt.datetime:
    """Aware UTC, whole seconds (MongoDB keeps milliseconds, SQLite microseconds: neither decides anything here)."""
    moved = _moved_to.get()
    moment = moved if moved is not None else dt.datetime.now(dt.UTC) + _offset
    return moment.replace(microsecond=0)


def instant() -> float:
    """Seconds since 1970, as precise as the machine has them and never moved: to measure from process to process."""
    return time.time()


@contextmanager
def moved_to(moment: dt.datetime) -> Iterator[None]:
    """Stop the clock at `moment` for this thread or task, as `seed_demo` does to make history."""
    token = _moved_to.set(moment.astimezone(dt.UTC))
    try:
        yield
    finally:
        _moved_to.reset(token)


@contextmanager
def shifted(by: dt.timedelta) -> Iterator[None]:
    """Let every thread of this process see a clock that runs `by` ahead; for tests."""
    global _offset
    before, _offset = _offset, _offset + by
    try:
        yield
    finally:
        _offset = before
