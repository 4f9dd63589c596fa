"""Rows into a database as fast as it takes them: past the models, in the columns and encodings that they use."""

import datetime as dt
import itertools
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from bson import Int64
from django.db import connection, models

AT_A_TIME = 5000
Row = dict[str, Any]
mongodb: Any = connection


class Engine:
    """How one engine keeps values, and takes many rows of a model."""

    def moment(self, at: dt.datetime) -> Any:
        """An aware UTC time, in whole seconds."""
        raise NotImplementedError

    def day(self, day: dt.date) -> Any:
        raise NotImplementedError

    def number(self, number: int) -> Any:
        raise NotImplementedError

    def json(self, value: Any) -> Any:
        raise NotImplementedError

    def insert(self, model: type[models.Model], rows: list[Row]) -> None:
        raise NotImplementedError

    def drop_indexes(self, model: type[models.Model]) -> Callable[[], None]:
        """Drop all but the primary key's; gives what makes them again, exactly as they were."""
        raise NotImplementedError

    def settle(self) -> None:
        """Nothing of the filling is left to do while others measure."""
        raise NotImplementedError

    def template(self, model: type[models.Model], **known: Any) -> Row:
        """One row by column, as the engine keeps it: `known` by attribute, the rest its default or empty."""
        instance = model(**known)
        return {
            field.column: field.get_db_prep_save(field.pre_save(instance, add=False), connection)
            for field in model._meta.local_concrete_fields
        }

    def insert_all(self, rows_of: Mapping[Any, Iterable[Row]]) -> None:
        for model, rows in rows_of.items():
            for some in _some(rows):
                self.insert(model, some)


class Sqlite(Engine):
    def __init__(self) -> None:
        connection.ensure_connection()
        self.database: sqlite3.Connection = connection.connection
        self.database.execute("PRAGMA synchronous=OFF")
        self.database.execute("PRAGMA cache_size=-500000")

    def moment(self, at: dt.datetime) -> str:
        return at.replace(tzinfo=None).isoformat(" ")

    def day(self, day: dt.date) -> str:
        return day.isoformat()

    def number(self, number: int) -> int:
        return number

    def json(self, value: Any) -> str:
        return json.dumps(value)

    def insert(self, model: type[models.Model], rows: list[Row]) -> None:
        columns = ", ".join(f'"{name}"' for name in rows[0])
        marks = ", ".join("?" * len(rows[0]))
        self.database.execute("BEGIN")
        self.database.executemany(
            f'INSERT INTO "{model._meta.db_table}" ({columns}) VALUES ({marks})', [tuple(row.values()) for row in rows]
        )
        self.database.execute("COMMIT")

    def drop_indexes(self, model: type[models.Model]) -> Callable[[], None]:
        found = self.database.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = ?",
            [model._meta.db_table],
        ).fetchall()
        for name, _sql in found:
            self.database.execute(f'DROP INDEX "{name}"')

        def make() -> None:
            for _name, sql in found:
                self.database.execute(sql)

        return make

    def settle(self) -> None:
        self.database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


class MongoDB(Engine):
    def __init__(self) -> None:
        connection.ensure_connection()

    def moment(self, at: dt.datetime) -> dt.datetime:
        return at.replace(tzinfo=None)

    def day(self, day: dt.date) -> dt.datetime:
        return dt.datetime.combine(day, dt.time())

    def number(self, number: int) -> Int64:
        return Int64(number)

    def json(self, value: Any) -> Any:
        return value

    def insert(self, model: type[models.Model], rows: list[Row]) -> None:
        # Copies: the driver must not add to rows that others keep; order does not matter to it either.
        mongodb.database[model._meta.db_table].insert_many([dict(row) for row in rows], ordered=False)

    def drop_indexes(self, model: type[models.Model]) -> Callable[[], None]:
        collection = mongodb.database[model._meta.db_table]
        found = [dict(index) for index in collection.list_indexes() if index["name"] != "_id_"]
        collection.drop_indexes()

        def make() -> None:
            if found:
                mongodb.database.command("createIndexes", collection.name, indexes=found)

        return make

    def settle(self) -> None:
        mongodb.connection.admin.command("fsync")


def engine_in_use() -> Engine:
    """That of the settings."""
    return MongoDB() if connection.vendor == "mongodb" else Sqlite()


def _some(rows: Iterable[Row]) -> Iterator[list[Row]]:
    rest = iter(rows)
    while some := list(itertools.islice(rest, AT_A_TIME)):
        yield some
