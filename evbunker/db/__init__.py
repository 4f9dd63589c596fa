"""Units of work, and whatever else differs between the engines: nothing else knows which database runs."""

from evbunker.db.engine import (
    DATABASE_ERRORS,
    is_standalone,
    lowest,
    newest,
    not_waiting_for_the_disk,
    replica_set,
    rough_count,
)
from evbunker.db.units import RunAgain, UnitDoomed, atomic, claim, on_commit

__all__ = [
    "DATABASE_ERRORS",
    "RunAgain",
    "UnitDoomed",
    "atomic",
    "claim",
    "is_standalone",
    "lowest",
    "newest",
    "not_waiting_for_the_disk",
    "on_commit",
    "replica_set",
    "rough_count",
]
