"""The product for gunicorn without any figure cache: every figure of `evbunker.live.cache` is computed at each request.

All else is as always: sessions, tokens, versions of figures, limits. For benchmarks only; no setting can do this.
"""

from collections.abc import Callable
from typing import Any

from evbunker.live import cache
from evbunker.wsgi import application

__all__ = ["application"]


def _computed_at(version: str, key: str, *, ttl: int, compute: Callable[[], Any]) -> Any:
    return compute()


cache.cached_at = _computed_at
