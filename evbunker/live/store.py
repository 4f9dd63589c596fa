"""The cache and Redis as live panels use them: while they are gone all is computed, and nothing waits or breaks."""

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from django.core.cache import cache
from django_redis.exceptions import ConnectionInterrupted
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

T = TypeVar("T")
log = logging.getLogger(__name__)
UNREACHABLE = (ConnectionInterrupted, RedisError, OSError)
PAUSE_SECONDS = 2.0
"""A dead cache may take a second to say so; it is asked again only after this long."""


class _Outage:
    """Since when the cache has been gone, and when to ask it again (`time.monotonic()`)."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.since: float | None = None
        self.ask_again_at = 0.0

    def begins(self, error: Exception) -> None:
        with self.lock:
            self.ask_again_at = time.monotonic() + PAUSE_SECONDS
            if self.since is None:
                self.since = time.monotonic()
                log.warning("The cache cannot be reached; figures come from the database until it can: %s", error)

    def ends(self) -> None:
        with self.lock:
            if self.since is not None:
                log.warning("The cache is back after %.0f s.", time.monotonic() - self.since)
                self.since = None


_outage = _Outage()


def reach(ask: Callable[[], T], otherwise: T) -> T:
    """What `ask` gets from the cache or Redis; `otherwise` while they cannot be reached. Logs the first failure."""
    if time.monotonic() < _outage.ask_again_at:
        return otherwise
    try:
        answer = _ask_twice(ask)
    except UNREACHABLE as error:
        _outage.begins(error)
        return otherwise
    if _outage.since is not None:
        _outage.ends()
    return answer


def _ask_twice(ask: Callable[[], T]) -> T:
    """A connection from before a restart of Redis fails once; one that times out is not tried again."""
    try:
        return ask()
    except RedisConnectionError:
        return ask()


def is_reachable() -> bool:
    """Does the cache answer at this moment?"""
    return reach(lambda: cache.get("live:anybody-there", default=True), otherwise=False)
