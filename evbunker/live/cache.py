"""Figures that are computed once however many ask, and never shown after what they count has changed."""

import secrets
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from django.core.cache import cache

from evbunker.live.versions import version_of
from evbunker.metrics import CACHE_READS, CACHE_WAITS

T = TypeVar("T")
LOCK_SECONDS = 5
"""How long one may compute before the next begins the same; also what a crashed one costs those who wait for it."""
LONGEST_WAIT_SECONDS = 12.0
POLL_SECONDS = 0.02
_MISSING = object()


def cached(key: str, *, group: str, stale_on: Iterable[str], ttl: int, compute: Callable[[], T]) -> T:
    """`compute()`, at most `ttl` seconds old and never older than the last `stale_on` event of `group`.

    `key` names the figure within its group. Asked for many times at once, one computes and the others wait for it, in
    whichever process. While the cache cannot be reached everybody computes.
    """
    return cached_at(version_of(group, stale_on), key, ttl=ttl, compute=compute)


def cached_at(version: str, key: str, *, ttl: int, compute: Callable[[], T]) -> T:
    """`cached` for one who has asked for the version before; see `evbunker.live.versions`."""
    if not version:
        CACHE_READS.labels("bypassed").inc()
        return compute()
    full_key = f"live:figure:{key}:{version}"
    found = _read(full_key)
    CACHE_READS.labels("miss" if found is _MISSING else "hit").inc()
    return _once(full_key, ttl, compute) if found is _MISSING else found


def _read(full_key: str) -> Any:
    return cache.get(full_key, _MISSING)


def _once(full_key: str, ttl: int, compute: Callable[[], T]) -> T:
    """Compute if nobody else does; otherwise wait for the other's result, or for its time to be up."""
    lock, mine = f"{full_key}:lock", secrets.token_hex(8)
    patience_ends = time.monotonic() + LONGEST_WAIT_SECONDS
    my_turn = cache.add(lock, mine, LOCK_SECONDS)
    if not my_turn:
        CACHE_WAITS.inc()
    while not my_turn:
        if time.monotonic() > patience_ends:
            return compute()
        time.sleep(POLL_SECONDS)
        if (found := _read(full_key)) is not _MISSING:
            return found  # type: ignore[no-any-return]
        my_turn = cache.add(lock, mine, LOCK_SECONDS)
    if (found := _read(full_key)) is not _MISSING:  # the one before finished between our look and our turn
        _release(lock, mine)
        return found  # type: ignore[no-any-return]
    try:
        value = compute()
        cache.set(full_key, value, ttl)
    finally:
        _release(lock, mine)
    return value


def _release(lock: str, mine: str) -> None:
    """Let the next begin, unless our time was up and somebody else holds the lock."""
    if cache.get(lock) == mine:
        cache.delete(lock)
