"""The product for gunicorn without any figure cache: every figure is computed at each request and kept nowhere.

All else is as always: sessions, tokens, the look whether the cache has the figure. For benchmarks only; no setting can
do this. With BENCH_MISSES=impact only impacts are computed each time: what a client meets who has not asked before,
while what is everybody's is in the cache.
"""

import os
from collections.abc import Callable
from typing import Any

from evbunker.wsgi import application  # isort: split

from dashboard import community, impact
from evbunker.live import cache

__all__ = ["application"]
ONLY = os.environ.get("BENCH_MISSES", "")
_once = cache._once


def _compute(place: str, version: str, ttl: int, compute: Callable[[], Any]) -> Any:
    """Instead of computing once and keeping it."""
    if ONLY and not place.startswith(f"live:figure:{ONLY}:"):
        return _once(place, version, ttl, compute)
    return compute()


cache._once = _compute
if not ONLY:
    vars(impact)["rank_of"] = lambda co2_saved_g: community.above(co2_saved_g, {}) + 1
