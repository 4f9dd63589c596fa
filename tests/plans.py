"""How MongoDB found what it read: its profiler tells."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from tests import engines

SMALL = {"adminpanel_setting", "auth_group", "auth_permission", "django_content_type", "django_migrations"}
"""Collections that stay small however long the product runs: scanning them costs nothing."""


@contextmanager
def no_scans(also_small: frozenset[str] = frozenset()) -> Iterator[None]:
    """Nothing in this block, in any process, may scan a collection that grows. On SQLite it looks at nothing."""
    if not engines.ON_MONGODB:
        yield
        return
    database = connection.database
    database.command("profile", 2)
    try:
        yield
    finally:
        database.command("profile", 0)
        slow = {row["ns"].split(".", 1)[1] for row in database["system.profile"].find({"planSummary": "COLLSCAN"})}
        database.drop_collection("system.profile")
    assert slow - SMALL - also_small == set(), f"Scanned in full: {sorted(slow - SMALL - also_small)}"
