"""How the engine found what it read: MongoDB's profiler tells, SQLite's EXPLAIN QUERY PLAN.

What is looked for costs more the longer the product runs: a collection that grows read from end to end, many rows
sorted in memory, lists joined row by row.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

from tests import engines

GROWING = frozenset({
    "account_emailaddress", "adminpanel_clientnote", "adminpanel_dailytotal",
    "adminpanel_dailyuse", "adminpanel_networkday", "mfa_authenticator",
    "adminpanel_stationimport", "adminpanel_stationimportpart",
    "adminpanel_reportjob", "adminpanel_reportpart",
    "bookings_apitoken", "bookings_booking", "bookings_chargingsession", "bookings_client", "bookings_clientseat",
    "bookings_clientslot", "bookings_clienttotal", "bookings_ecostat", "bookings_evse", "bookings_idempotencykey",
    "bookings_metervalue", "bookings_outage", "bookings_searchword", "bookings_slotclaim", "bookings_staleday",
    "bookings_station", "bookings_vehicle",
    "evbunker_change", "evbunker_signinsession",
    "payments_gatewaycommand", "payments_payment", "payments_paymentevent", "payments_receipt",
    "payments_reconciliation", "payments_refund",
    "payments_sandboxpayment", "payments_sandboxrefund", "payments_webhookevent", "django_admin_log",
})  # fmt: skip
"""Collections that grow with clients, stations or time: nothing may read them in full."""
SMALL = frozenset({
    "account_emailconfirmation", "adminpanel_alert", "adminpanel_beat", "adminpanel_setting",
    "adminpanel_stalenetworkday", "auth_group",
    "auth_group_permissions", "auth_permission",
    "adminpanel_reportschedule",
    "bookings_client_groups", "bookings_client_user_permissions", "bookings_tariff", "django_content_type",
    "django_migrations", "evbunker_relay", "payments_receiptseries",
})  # fmt: skip
"""Collections that stay small however long the product runs: of clients, only staff have groups or permissions.

allauth signs the links that confirm an address and keeps nothing of them, so that its collection is empty.
"""
SORTED_AT_MOST = 100
"""So many rows may be sorted in memory: those of one page, one day or one client."""
READ_AT_MOST = 120
"""So many rows or keys of an index may one query look at: a page of 100 and the first of the next."""
SUMMED = frozenset({"bookings_clienttotal"})
"""A client's share and rank among all clients need a figure of each: from an index alone, cached, one at a time."""
PROFILE_BYTES = 64 * 2**20
"""Room for what one test reads: at its usual size MongoDB would forget the first half of it."""
COUNTS_ALL = re.compile(r'SELECT COUNT\(\*\) AS "__count" FROM "\w+"')
"""SQLite keeps no number of rows, so `rough_count` counts there: a site that minds has moved to MongoDB."""


@contextmanager
def no_scans(also_small: frozenset[str] = frozenset()) -> Iterator[list[str]]:
    """Nothing in this block may read in full, sort or join what grows; the list names the queries that do.

    On MongoDB that is whatever any process asks the server, on SQLite what this thread's connection asks.
    """
    found: list[str] = []
    watch = _profiled if engines.ON_MONGODB else _explained
    with watch(found, GROWING - also_small):
        yield found
    assert found == [], "\n".join(found)


@contextmanager
def _profiled(found: list[str], growing: frozenset[str]) -> Iterator[None]:
    database = connection.database
    _stop_profiling(database)
    database.create_collection("system.profile", capped=True, size=PROFILE_BYTES)
    database.command("profile", 2)
    try:
        yield
    finally:
        database.command("profile", 0)
        rows = list(database["system.profile"].find({"ns": {"$ne": f"{database.name}.system.profile"}}))
        _stop_profiling(database)
        found += dict.fromkeys(fault for row in rows for fault in _faults_of(row, growing))


def _stop_profiling(database: Any) -> None:
    database.command("profile", 0)
    database.drop_collection("system.profile")


def _faults_of(row: dict[str, Any], growing: frozenset[str]) -> Iterator[str]:
    """What is wrong with one operation, as the profiler wrote it down."""
    table = row["ns"].partition(".")[2]
    command = row.get("originatingCommand") or row.get("command") or {}
    stages = command.get("pipeline", [])
    said = {key: value for key, value in command.items() if key not in {"lsid", "$clusterTime", "$db", "txnNumber"}}
    examined, joined = row.get("docsExamined", 0), _looked_up(stages)
    keys = 0 if table in SUMMED else row.get("keysExamined", 0)
    if table in growing and "COLLSCAN" in row.get("planSummary", "") and not _takes_the_first(stages):
        yield f"Scanned {table}: {said}"
    if row.get("hasSortStage") and examined > SORTED_AT_MOST:
        yield f"Sorted {examined} of {table}: {said}"
    elif table in growing and max(examined, keys) > READ_AT_MOST:
        yield f"Read {max(examined, keys)} of {table}: {said}"
    if growing & {table, *joined} and examined > 1 + len(joined) > 1:
        yield f"Joined {joined} to a list of {table}: {said}"


def _takes_the_first(stages: list[dict[str, Any]]) -> bool:
    """Whether it stops at the first rows it meets, whichever they are."""
    return bool(stages) and "$limit" in stages[0]


def _looked_up(stages: Any) -> list[str]:
    """The collections that a pipeline joins, however deep."""
    if isinstance(stages, list):
        return [name for stage in stages for name in _looked_up(stage)]
    if not isinstance(stages, dict):
        return []
    here = [stages["$lookup"]["from"]] if "$lookup" in stages else []
    return here + [name for value in stages.values() for name in _looked_up(value)]


@contextmanager
def _explained(found: list[str], growing: frozenset[str]) -> Iterator[None]:
    def explain(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if not many and sql.startswith(("SELECT", "UPDATE", "DELETE")):
            with context["connection"].cursor() as cursor:
                plan = cursor.cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params or ()).fetchall()
            found.extend(
                fault
                for *_numbers, step in plan
                if (fault := _fault_in(step, sql, growing)) and fault not in found
            )  # fmt: skip
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        yield


def _fault_in(step: str, sql: str, growing: frozenset[str]) -> str:
    """What is wrong with one step of SQLite's plan for `sql`; empty if nothing is."""
    if not (scanned := re.match(r"SCAN (\w+)(.*)", step)):
        return ""
    alias, how = scanned.groups()
    named = re.search(rf'"(\w+)" (?:AS )?"?{alias}"?\b', sql)
    table = named[1] if named and alias not in growing else alias
    if table not in growing or COUNTS_ALL.fullmatch(sql):
        return ""
    takes_the_first = "LIMIT" in sql and "WHERE" not in sql and ("USING" in how or "ORDER BY" not in sql)
    return "" if takes_the_first else f"Scanned {table}: {sql}"
