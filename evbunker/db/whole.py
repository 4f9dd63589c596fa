"""The database as a whole: which one it is, and reading one state of it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db import connection, transaction

mongodb: Any = connection
"""The same connection, where its MongoDB side is meant: the backend is not annotated."""
LOOKS, LOOK_MS = 3, 1000
"""How often, and for how long each, MongoDB is asked at the end whether anything was written."""


class Changed(Exception):
    """Somebody wrote while one state was to be read."""


def identity() -> str:
    """The same for every address of one database, without its password: engine, place, name."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor != "mongodb":
        return f"sqlite {Path(name).resolve()}"
    connection.ensure_connection()
    hello = mongodb.connection.admin.command("hello")
    hosts = hello.get("hosts") or [f"{host}:{port}" for host, port in mongodb.connection.nodes]
    return f"mongodb {','.join(sorted(hosts))} {name}"


@contextmanager
def one_state(tables: Sequence[str]) -> Iterator[None]:
    """Read `tables` in this block as they are at one moment, however long it takes.

    On SQLite the block holds the write lock, so everybody else waits; DatabaseError if it cannot be had. MongoDB keeps
    no old state for long: there Changed is raised at the end if anybody wrote to one of `tables`.
    """
    if connection.vendor != "mongodb":
        with transaction.atomic():
            yield
        return
    connection.ensure_connection()
    told = [{"$match": {"ns.coll": {"$in": list(tables)}}}]
    with mongodb.database.watch(told, max_await_time_ms=LOOK_MS) as changes:
        yield
        if any(changes.try_next() is not None for _look in range(LOOKS)):
            raise Changed
