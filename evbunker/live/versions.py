"""Which state of the world a cached figure shows.

Every event of a group has a version in the cache, and each figure carries those of the events that change it, as they
were before it was computed. `raise_versions` replaces them after the commit and before anybody is told. So whatever was
computed from older data, even by a computation still under way, carries a version that nobody takes any more.
"""

import hashlib
import secrets
import threading
from collections.abc import Iterable
from typing import Any

from django.core.cache import cache

KEPT_SECONDS = 86_400
"""A version that was forgotten is followed by one never seen before, so this may be any time."""
EVERYTHING = "live:version:everything"
"""Part of every figure's version: raised when nobody knows what changed."""
Scope = tuple[str, Iterable[str]]
"""A group, and the names of events in it."""

_unraised: set[str] = set()
_unraised_lock = threading.Lock()


def raise_versions(keys: Iterable[str]) -> bool:
    """Let nobody see again what was computed before these events; keys are those of `version_key`, or EVERYTHING.

    While the cache cannot be reached (False) they are remembered, and raised before this process next believes a
    version.
    """
    with _unraised_lock:
        wanted = {*keys, *_unraised}
        failed = cache.set_many({key: secrets.token_hex(8) for key in wanted}, KEPT_SECONDS)
        _unraised.clear()
        _unraised.update(failed)
        return not failed


def versions_of(scopes: Iterable[Scope]) -> list[str]:
    """For each scope a text that changes with every event in it; all are empty while the cache cannot be reached."""
    if _unraised:
        raise_versions(())
    scopes = [(group, sorted(names)) for group, names in scopes]
    known = _read({EVERYTHING} | {version_key(group, name) for group, names in scopes for name in names})
    return [_digest(group, names, known) if known is not None else "" for group, names in scopes]


def version_of(group: str, names: Iterable[str]) -> str:
    """`versions_of` for one scope."""
    return versions_of([(group, names)])[0]


def version_and_kept(group: str, names: Iterable[str], place: str) -> tuple[str, Any]:
    """`version_of`, and in the same look what the cache keeps at `place`: None if nothing."""
    if _unraised:
        raise_versions(())
    names = sorted(names)
    keys = {EVERYTHING} | {version_key(group, name) for name in names}
    known: dict[str, Any] = cache.get_many({*keys, place})
    kept = known.pop(place, None)
    if known.keys() == keys:
        return _digest(group, names, known), kept
    return version_of(group, names), None


def version_key(group: str, name: str) -> str:
    """Where the version of one event of one group is kept."""
    return f"live:version:{group}:{name}"


def _read(keys: set[str]) -> dict[str, str] | None:
    """The versions, begun where there were none; None while the cache cannot be reached."""
    known: dict[str, str] = cache.get_many(keys)
    if missing := keys - known.keys():
        for key in missing:
            cache.add(key, secrets.token_hex(8), KEPT_SECONDS)
        known |= cache.get_many(missing)
    return known if known.keys() == keys else None


def _digest(group: str, names: Iterable[str], known: dict[str, str]) -> str:
    text = "|".join([group, known[EVERYTHING], *(known[version_key(group, name)] for name in names)])
    return hashlib.sha256(text.encode()).hexdigest()[:24]
