"""Figures that are computed once however many ask, and never shown after what they count has changed.

A figure's key carries the versions of the events that change it. `publish` raises them after the commit and before
anybody is told, so a computation that began before the change can only be stored where nobody looks any more.
"""

import hashlib
import logging
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from django.core.cache import cache
from django_redis.exceptions import ConnectionInterrupted
from redis.exceptions import RedisError

T = TypeVar("T")
log = logging.getLogger(__name__)
UNREACHABLE = (ConnectionInterrupted, RedisError, OSError)
LOCK_SECONDS = 10
"""How long one process may compute before another begins the same; also what a crashed one costs."""
WAIT_SECONDS = 3.0
POLL_SECONDS = 0.02
_MISSING = object()
_unreachable_since: float | None = None


def cached(key: str, *, group: str, stale_on: Iterable[str], ttl: int, compute: Callable[[], T]) -> T:
    """`compute()`, at most `ttl` seconds old and never older than the last `stale_on` event of `group`.

    Asked for many times at once, one computes and the others wait for it. Without a cache everybody computes.
    """
    try:
        full_key = f"live:figure:{key}:{_versions(group, stale_on)}"
        found = cache.get(full_key, _MISSING)
        if found is _MISSING:
            found = _once(full_key, ttl, compute)
        _reachable()
        return found  # type: ignore[no-any-return]
    except UNREACHABLE as error:
        _unreachable(error)
        return compute()


def _once(full_key: str, ttl: int, compute: Callable[[], T]) -> Any:
    lock = f"{full_key}:lock"
    deadline = time.monotonic() + WAIT_SECONDS
    while not cache.add(lock, 1, LOCK_SECONDS):
        time.sleep(POLL_SECONDS)
        found = cache.get(full_key, _MISSING)
        if found is not _MISSING:
            return found
        if time.monotonic() > deadline:
            return compute()
    try:
        value = compute()
        cache.set(full_key, value, ttl)
    finally:
        cache.delete(lock)
    return value


def raise_versions(group: str, names: Iterable[str]) -> None:
    """Let nobody see what was computed for `group` before these events."""
    try:
        for name in names:
            _raise_version(_version_key(group, name))
    except UNREACHABLE as error:
        _unreachable(error)


def _raise_version(key: str) -> None:
    # A counter that was lost starts from the time, so that it never meets an old value again.
    if cache.add(key, time.time_ns(), None):
        return
    try:
        cache.incr(key)
    except ValueError:
        cache.set(key, time.time_ns(), None)


def _versions(group: str, names: Iterable[str]) -> str:
    keys = [_version_key(group, name) for name in sorted(names)]
    known = cache.get_many(keys)
    text = "|".join(str(known.get(key, 0)) for key in keys)
    return hashlib.sha256(f"{group}|{text}".encode()).hexdigest()[:24]


def _version_key(group: str, name: str) -> str:
    return f"live:version:{group}:{name}"


def _unreachable(error: Exception) -> None:
    global _unreachable_since
    if _unreachable_since is None:
        log.warning("The cache cannot be reached; figures come from the database until it can: %s", error)
        _unreachable_since = time.monotonic()


def _reachable() -> None:
    global _unreachable_since
    if _unreachable_since is not None:
        log.warning("The cache is back after %.0f s.", time.monotonic() - _unreachable_since)
        _unreachable_since = None
