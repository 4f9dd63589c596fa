"""Faults on demand: a unique index that is gone; on MongoDB, commands that fail (`enableTestCommands=1` opens that)."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, models

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


@contextmanager
def without_unique_index(model: type[models.Model], name: str) -> Iterator[None]:
    """The unique constraint `name` of `model` is not enforced in this block; no duplicate may remain at its end."""
    declared = model._meta.constraints
    constraint = next(constraint for constraint in declared if constraint.name == name)
    model._meta.constraints = [other for other in declared if other is not constraint]  # SQLite copies from the model
    try:
        with connection.schema_editor() as editor:
            editor.remove_constraint(model, constraint)
    finally:
        model._meta.constraints = declared
    try:
        yield
    finally:
        with connection.schema_editor() as editor:
            editor.add_constraint(model, constraint)


@contextmanager
def without_unique_field(model: type[models.Model], name: str) -> Iterator[None]:
    """The same of a field that is unique by itself."""
    unique = model._meta.get_field(name)
    _name, _path, arguments, options = unique.deconstruct()
    plain = type(unique)(*arguments, **(options | {"unique": False}))
    plain.set_attributes_from_name(name)
    plain.model = model
    with connection.schema_editor() as editor:
        editor.alter_field(model, unique, plain)
    unique.unique = False  # SQLite copies from the model
    try:
        yield
    finally:
        unique.unique = True
        with connection.schema_editor() as editor:
            editor.alter_field(model, plain, unique)
