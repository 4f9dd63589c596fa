"""Redis as people may lean on it: while it is gone or slow, nothing waits for it and nothing breaks."""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import django_redis.cache
from django_redis.exceptions import ConnectionInterrupted
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

T = TypeVar("T")
log = logging.getLogger(__name__)
UNREACHABLE = (ConnectionInterrupted, RedisError, OSError)
PAUSE_SECONDS = 2.0
"""A dead Redis may take a second or two to say so; it is asked again only after this long."""


class RedisCache(django_redis.cache.RedisCache):  # type: ignore[misc]
    """Django's cache in Redis; while that cannot be reached, an empty cache that keeps nothing.

    So a page, a sign-in or a limit of any library goes on without it, and no caller needs a word about it.
    """

    def get(self, key: str, default: Any = None, version: int | None = None, client: Any = None) -> Any:
        return reach(lambda: super(RedisCache, self).get(key, default, version, client), otherwise=default)

    def get_many(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return reach(lambda: super(RedisCache, self).get_many(*args, **kwargs), otherwise={})

    def has_key(self, *args: Any, **kwargs: Any) -> bool:
        return reach(lambda: super(RedisCache, self).has_key(*args, **kwargs), otherwise=False)

    def set(self, *args: Any, **kwargs: Any) -> bool:
        return reach(lambda: super(RedisCache, self).set(*args, **kwargs), otherwise=False)

    def set_many(self, data: dict[str, Any], *args: Any, **kwargs: Any) -> list[str]:
        """The keys that were not set, as Django asks of it."""

        def ask() -> list[str]:
            super(RedisCache, self).set_many(data, *args, **kwargs)
            return []

        return reach(ask, otherwise=list(data))

    def add(self, *args: Any, **kwargs: Any) -> bool:
        return reach(lambda: super(RedisCache, self).add(*args, **kwargs), otherwise=True)

    def touch(self, *args: Any, **kwargs: Any) -> bool:
        return reach(lambda: super(RedisCache, self).touch(*args, **kwargs), otherwise=False)

    def incr(self, key: str, *args: Any, **kwargs: Any) -> int:
        """Raises ValueError for a key that is not there, so also for any while nothing is."""
        value = reach(lambda: super(RedisCache, self).incr(key, *args, **kwargs), otherwise=None)
        if value is None:
            raise ValueError(key)
        return int(value)

    def delete(self, *args: Any, **kwargs: Any) -> bool:
        return reach(lambda: super(RedisCache, self).delete(*args, **kwargs), otherwise=False)

    def delete_many(self, keys: Iterable[str], *args: Any, **kwargs: Any) -> None:
        reach(lambda: super(RedisCache, self).delete_many(keys, *args, **kwargs), otherwise=None)


class _Outage:
    """Since when Redis has been gone, and when to ask it again (`time.monotonic()`)."""

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
    """What `ask` gets from Redis; `otherwise` while that cannot be reached. Logs the first failure."""
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
