"""Units of work, and whatever else differs between the engines: nothing else knows which database runs."""

from evbunker.db.direct import Prepared, Repeated, all_by_key, by_id, by_key, insert, prepare
from evbunker.db.engine import (
    DATABASE_ERRORS,
    engine_name,
    is_out_of_reach,
    is_standalone,
    lowest,
    newest,
    not_waiting_for_the_disk,
    replica_set,
    rough_count,
)
from evbunker.db.units import RunAgain, UnitDoomed, atomic, claim, done_within, on_commit

__all__ = [
    "DATABASE_ERRORS",
    "Prepared",
    "Repeated",
    "RunAgain",
    "UnitDoomed",
    "all_by_key",
    "atomic",
    "by_id",
    "by_key",
    "claim",
    "done_within",
    "engine_name",
    "insert",
    "is_out_of_reach",
    "is_standalone",
    "lowest",
    "newest",
    "not_waiting_for_the_disk",
    "on_commit",
    "prepare",
    "replica_set",
    "rough_count",
]
