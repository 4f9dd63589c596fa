"""The engine alone, writing what a hold writes."""

import os
import sqlite3
from collections.abc import Callable
from typing import Any, NamedTuple

import pymongo

TABLES = (
    "bookings_booking", "bookings_slotclaim", "bookings_clientslot", "bookings_clientseat", "evbunker_change",
)  # fmt: skip
Rows = dict[str, list[dict[str, Any]]]
"""Table -> rows or documents, as the engine keeps them."""


class Ticket(NamedTuple):
    """Who holds which EVSE from which slot on."""

    client: Any
    evse: Any
    slot: int


Hold = Callable[[Ticket], object]


def rows_of(name: str) -> list[dict[str, Any]]:
    from django.db import connection

    if connection.vendor == "mongodb":
        return list(connection.get_collection(name).find())
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT * FROM "{name}"')
        columns = [column[0] for column in cursor.description]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


def filled(rows: Rows, ticket: Ticket) -> Rows:
    """The rows of a hold of this ticket."""
    from evbunker.models import new_id

    booking = as_text(new_id())
    own = {"client_id": as_text(ticket.client.pk), "evse_id": as_text(ticket.evse.pk)}
    own |= {"booking_id": booking, "record_id": booking, "actor_id": own["client_id"]}
    made: Rows = {}
    for name, patterns in rows.items():
        made[name] = [
            row | {key: own[key] for key in own.keys() & row} | {"_id": as_text(new_id())} for row in patterns
        ]
        for slot, row in enumerate(made[name], ticket.slot):
            if "slot" in row:
                row["slot"] = type(row["slot"])(slot)
    made["bookings_booking"][0]["_id"] = booking
    return made


def as_text(known: Any) -> str:
    """An id as both engines keep it."""
    return known.hex


def bare(rows: Rows) -> Hold:
    """The engine alone, on a connection of its own with the product's settings."""
    url = os.environ["DATABASE_URL"]
    return bare_sqlite(url.removeprefix("sqlite:///"), rows) if url.startswith("sqlite") else bare_mongodb(url, rows)


def bare_sqlite(path: str, rows: Rows) -> Hold:
    connection = sqlite3.connect(path, timeout=20, isolation_level=None, check_same_thread=False)
    connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON")
    statements = {name: insert_into(name, patterns[0]) for name, patterns in rows.items()}

    def hold(ticket: Ticket) -> None:
        made = {name: [tuple(row.values()) for row in new] for name, new in filled(rows, ticket).items()}
        connection.execute("BEGIN IMMEDIATE")
        for name, new in made.items():
            connection.executemany(statements[name], new)
        connection.execute("COMMIT")

    return hold


def insert_into(name: str, row: dict[str, Any]) -> str:
    columns = ", ".join(f'"{column}"' for column in row)
    return f'INSERT INTO "{name}" ({columns}) VALUES ({", ".join("?" * len(row))})'


def bare_mongodb(url: str, rows: Rows) -> Hold:
    client = pymongo.MongoClient(url, w="majority", journal=True, readConcernLevel="majority")
    database = client.get_default_database()

    def hold(ticket: Ticket) -> None:
        made = filled(rows, ticket)
        with client.start_session() as session, session.start_transaction():
            for name, new in made.items():
                database[name].insert_many(new, session=session)

    return hold
