"""Two databases in one test: this run's, and one to copy into."""

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.db import connection

from evbunker.copying.reading import read_source
from evbunker.copying.writing import write_target
from tests import engines
from tests.serving import database_of_this_run

SECONDS = 600
"""As long as a command may take; on a quiet machine it is ten seconds."""


@contextmanager
def working_on(name: str) -> Iterator[None]:
    """Let this thread work on another database of the same engine: the pages, the services, everything."""
    before = connection.settings_dict["NAME"]
    _turn_to(name)
    try:
        yield
    finally:
        _turn_to(before)


def _turn_to(name: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = name
    connection.ensure_connection()
    if engines.ON_MONGODB:
        connection.init_connection_state()
    ContentType.objects.clear_cache()
    cache.clear()


def address_of(name: str) -> str:
    """The DATABASE_URL of a database beside this run's."""
    return database_of_this_run()["DATABASE_URL"].replace(connection.settings_dict["NAME"], name)


def everything() -> str:
    """What the reader says of this thread's database."""
    said = io.StringIO()
    read_source(said)
    return said.getvalue()


def write(lines: str) -> list[str]:
    """Let the writer put them into this thread's database; what it said."""
    said: list[str] = []
    write_target(io.StringIO(lines), said.append, said.append)
    return said


def copy_data(source: str, target: str) -> "subprocess.CompletedProcess[str]":
    """The command as a person runs it."""
    return manage("copy_data", "--from", source, "--to", target)


def manage(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """A command of ours, in a process of its own."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=engines.ROOT, env=os.environ | environment, capture_output=True, text=True, timeout=SECONDS,
    )  # fmt: skip
