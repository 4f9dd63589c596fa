"""The product for gunicorn as a client meets it who has not asked before: its impact is computed at each request.

What is everybody's comes from the cache as always. See `benchmarks.uncached`.
"""

import os

os.environ["BENCH_MISSES"] = "impact"

from benchmarks.uncached import application

__all__ = ["application"]
