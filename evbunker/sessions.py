"""Sign-in sessions: rows in the database, with a copy in the cache that most requests are served from.

So a cache that is gone, slow or empty signs nobody out and stops no page.
"""

from typing import Any

from django.contrib.sessions.backends.cached_db import SessionStore as CachedDatabaseStore
from django.core.cache import cache

from evbunker.models import SignInSession

COPIED_SECONDS = 60
"""How long a copy is believed. A sign-out while the cache cannot be reached leaves one behind; it ends with this."""


class SessionStore(CachedDatabaseStore):
    """Django's store of both, over an indexed row and a cache whose copies do not last."""

    cache_key_prefix = "signin:"

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self._cache = _Copies()

    @classmethod
    def get_model_class(cls) -> type[SignInSession]:
        return SignInSession


class _Copies:
    """The cache as the store above calls it."""

    def get(self, key: str) -> Any:
        return cache.get(key)

    def set(self, key: str, data: dict[str, Any], seconds: int) -> None:
        cache.set(key, data, min(seconds, COPIED_SECONDS))

    def delete(self, key: str) -> None:
        cache.delete(key)

    def __contains__(self, key: str) -> bool:
        return key in cache


def forget_old_sessions() -> None:
    """Delete the sessions whose time is over. Hygiene: an old one opens nothing. Safe to repeat."""
    SessionStore.clear_expired()
