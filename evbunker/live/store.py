"""The cache as live figures use it: while it is gone everything is computed, and nothing waits or breaks for it."""

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from django.core.cache import cache
from django_redis.exceptions import ConnectionInterrupted
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
    """What `ask` gets from the cache; `otherwise` while the cache cannot be reached. Logs only the first failure."""
    if time.monotonic() < _outage.ask_again_at:
        return otherwise
    try:
        answer = ask()
    except UNREACHABLE as error:
        _outage.begins(error)
        return otherwise
    if _outage.since is not None:
        _outage.ends()
    return answer


def is_reachable() -> bool:
    """Does the cache answer at this moment?"""
    return reach(lambda: cache.get("live:anybody-there", default=True), otherwise=False)
