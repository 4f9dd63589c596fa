"""The product for gunicorn without any figure cache: every figure of `evbunker.live.cache` is computed at each request.

All else is as always: sessions, tokens, the look whether the cache has the figure. For benchmarks only; no setting can
do this.
"""

from collections.abc import Callable
from typing import Any

from evbunker.live import cache
from evbunker.wsgi import application

__all__ = ["application"]


def _compute(place: str, version: str, ttl: int, compute: Callable[[], Any]) -> Any:
    """Instead of computing once and keeping it."""
    return compute()


cache._once = _compute
