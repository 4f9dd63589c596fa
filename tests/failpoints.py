"""Faults on demand: MongoDB's `failCommand` fail point, which `enableTestCommands=1` opens."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

TRANSIENT = {"errorLabels": ["TransientTransactionError"]}
UNKNOWN = {"errorLabels": ["UnknownTransactionCommitResult"]}


@contextmanager
def failing(command: str, times: int | None = None, **how: object) -> Iterator[None]:
    """Let `command` fail the next `times` (None: always) as `how` says: errorCode, errorLabels, closeConnection …"""
    arm(command, times, **how)
    try:
        yield
    finally:
        disarm()


def arm(command: str, times: int | None = None, **how: object) -> None:
    mode = "alwaysOn" if times is None else {"times": times}
    data = {"failCommands": [command]} | how
    connection.connection.admin.command("configureFailPoint", "failCommand", mode=mode, data=data)


def disarm() -> None:
    """Heal the server, and end the transactions that a faked failure of their commit left open with all their keys."""
    connection.connection.admin.command("configureFailPoint", "failCommand", mode="off")
    connection.connection.admin.command("killAllSessions", [])
