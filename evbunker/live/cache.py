"""Figures that are computed once however many ask, and never shown after what they count has changed."""

import secrets
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from django.core.cache import cache

from evbunker.live.versions import version_and_kept
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
    place = f"live:figure:{key}:{group}"
    version, kept = version_and_kept(group, stale_on, place)
    return _kept_or_once(place, version, kept, ttl=ttl, compute=compute)


def cached_at(version: str, key: str, *, ttl: int, compute: Callable[[], T]) -> T:
    """`cached` for one who has asked for the version before; see `evbunker.live.versions`."""
    place = f"live:figure:{key}:{version}"
    return _kept_or_once(place, version, cache.get(place) if version else None, ttl=ttl, compute=compute)


def _kept_or_once(place: str, version: str, kept: Any, *, ttl: int, compute: Callable[[], T]) -> T:
    """`kept` is what the cache has at `place`: a figure beside the version that was in force when it was begun."""
    if not version:
        CACHE_READS.labels("bypassed").inc()
        return compute()
    found = _of_version(kept, version)
    CACHE_READS.labels("miss" if found is _MISSING else "hit").inc()
    return _once(place, version, ttl, compute) if found is _MISSING else found


def _of_version(kept: Any, version: str) -> Any:
    return kept[1] if kept is not None and kept[0] == version else _MISSING


def _read(place: str, version: str) -> Any:
    return _of_version(cache.get(place), version)


def _once(place: str, version: str, ttl: int, compute: Callable[[], T]) -> T:
    """Compute if nobody else does; otherwise wait for the other's result, or for its time to be up."""
    lock, mine = f"{place}:{version}:lock", secrets.token_hex(8)
    patience_ends = time.monotonic() + LONGEST_WAIT_SECONDS
    my_turn = cache.add(lock, mine, LOCK_SECONDS)
    if not my_turn:
        CACHE_WAITS.inc()
    while not my_turn:
        if time.monotonic() > patience_ends:
            return compute()
        time.sleep(POLL_SECONDS)
        if (found := _read(place, version)) is not _MISSING:
            return found  # type: ignore[no-any-return]
        my_turn = cache.add(lock, mine, LOCK_SECONDS)
    if (found := _read(place, version)) is not _MISSING:  # the one before finished between our look and our turn
        _release(lock, mine)
        return found  # type: ignore[no-any-return]
    try:
        value = compute()
        cache.set(place, (version, value), ttl)
    finally:
        _release(lock, mine)
    return value


def _release(lock: str, mine: str) -> None:
    """Let the next begin, unless our time was up and somebody else holds the lock."""
    if cache.get(lock) == mine:
        cache.delete(lock)
