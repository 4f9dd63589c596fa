"""What else differs between the engines: reading by an index, counting, what the server is."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import pymongo
from django.core.exceptions import EmptyResultSet
from django.db import DatabaseError, OperationalError, connection, models
from pymongo.errors import ConnectionFailure, PyMongoError

M = TypeVar("M", bound=models.Model)
mongodb: Any = connection
"""The same connection, where its MongoDB side is meant: the backend is not annotated."""

DATABASE_ERRORS = (DatabaseError, PyMongoError)
"""What comes of a database that does not answer: outside units, not everything of MongoDB's is wrapped."""


def is_out_of_reach(error: BaseException | None) -> bool:
    """Whether `error`, or what led to it, is that the database did not answer, or not in time."""
    while error is not None:
        if isinstance(error, ConnectionFailure) or (isinstance(error, PyMongoError) and error.timeout):
            return True
        if isinstance(error, OperationalError) and "database is locked" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def newest(queryset: "models.QuerySet[M]", *, by: str, limit: int) -> list[M]:
    """The `limit` rows of `queryset` with the greatest `by` (never null), greatest first; equal ones by id.

    Filter and `by` must share an index. MongoDB could not use it for `order_by()`, which Django's backend turns into
    a computed field.
    """
    return _outermost(queryset, by, limit, descending=True)


def lowest(queryset: "models.QuerySet[M]", *, by: str, limit: int) -> list[M]:
    """The `limit` rows of `queryset` with the least `by`, least first: as `newest`, the other way round."""
    return _outermost(queryset, by, limit, descending=False)


def _outermost(queryset: "models.QuerySet[M]", by: str, limit: int, *, descending: bool) -> list[M]:
    if connection.vendor == "mongodb":
        rows = _sorted_by_index(queryset, by, limit, -1 if descending else 1)
    else:
        rows = list(queryset.order_by(f"-{by}" if descending else by)[:limit])
    return sorted(rows, key=lambda row: (getattr(row, by), row.pk), reverse=descending)


def engine_name() -> str:
    """Which database runs, as people call it."""
    return "MongoDB" if connection.vendor == "mongodb" else "SQLite"


def rough_count(model: type[models.Model]) -> int:
    """How many rows `model` has, without looking at them where the engine keeps the number itself.

    MongoDB's own figure may be off after a crash of the server, until the collection is validated; SQLite's is exact.
    """
    if connection.vendor == "mongodb":
        return int(mongodb.get_collection(model._meta.db_table).estimated_document_count())
    return model._default_manager.count()


@contextmanager
def not_waiting_for_the_disk() -> Iterator[None]:
    """Let this connection commit without waiting for the disk, on SQLite: only for what can be made anew."""
    if connection.vendor != "sqlite":
        yield
        return
    connection.ensure_connection()
    connection.connection.execute("PRAGMA synchronous = OFF")
    try:
        yield
    finally:
        connection.connection.execute("PRAGMA synchronous = FULL")


def is_standalone() -> bool:
    """Whether the database is a MongoDB server without a replica set: it has no transactions."""
    if connection.vendor != "mongodb":
        return False
    connection.ensure_connection()
    hello = connection.connection.admin.command("hello")
    return "setName" not in hello and hello.get("msg") != "isdbgrid"


def replica_set() -> str | None:
    """The name of the replica set whose primary answers, "" of a standalone or sharded server, None on SQLite.

    Raises one of DATABASE_ERRORS when no primary is found within two seconds.
    """
    if connection.vendor != "mongodb":
        return None
    with pymongo.timeout(2):
        connection.ensure_connection()
        hello = connection.connection.admin.command("hello")
    return str(hello.get("setName", ""))


def _sorted_by_index(queryset: "models.QuerySet[M]", by: str, limit: int, direction: int) -> list[M]:
    from django_mongodb_backend.queryset import MongoQuerySet

    compiler = queryset.order_by().query.get_compiler(connection=connection)
    compiler.pre_sql_setup()
    try:
        match = compiler.build_query().match_mql
    except EmptyResultSet:
        return []
    column = queryset.model._meta.get_field(by).column  # type: ignore[union-attr]
    return list(
        MongoQuerySet(queryset.model).raw_aggregate(
            [{"$match": match}, {"$sort": {column: direction}}, {"$limit": limit}]
        )
    )
