"""Relays: one in a thread of this process, or in processes of their own."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pymongo
import pytest
from django.conf import settings as project
from django.db import connection

from evbunker.relay.running import Relaying
from tests import engines
from tests.serving import database_of_this_run

SOON = 20


@pytest.fixture(autouse=True)
def _live_source(settings: object) -> None:
    settings.LIVE_SOURCE = "change-streams"


@pytest.fixture
def raw(transactional_db: None) -> Iterator[object]:
    """The database as any other program sees it."""
    with pymongo.MongoClient(project.DATABASE_URL) as client:
        yield client[connection.settings_dict["NAME"]]


class RelayThread:
    """A relay at work beside the test; `lines` is what it said."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.relaying = Relaying(self.lines.append)
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        try:
            self.relaying.run()
        finally:
            connection.close()

    def start(self) -> "RelayThread":
        self.thread.start()
        self.wait_for("Follows")
        return self

    def said(self, beginning: str) -> int:
        return sum(line.startswith(beginning) for line in self.lines)

    def wait_for(self, beginning: str, times: int = 1) -> None:
        engines.wait_until(lambda: self.said(beginning) >= times, f"{beginning!r} is not in {self.lines}", SOON)

    def end(self) -> None:
        self.relaying.stop.set()
        if self.thread.is_alive():
            self.thread.join(SOON)
        assert not self.thread.is_alive()


@pytest.fixture
def relay(transactional_db: None) -> Iterator[RelayThread]:
    """Not yet started."""
    relay = RelayThread()
    yield relay
    relay.end()


class RelayProcess:
    """`manage.py relay_changes`, to be treated badly."""

    def __init__(self, log: Path) -> None:
        self.log = log
        environment = os.environ | database_of_this_run() | {"LIVE_SOURCE": "change-streams"}
        self.process: subprocess.Popen[bytes] = engines.spawn(
            [sys.executable, "manage.py", "relay_changes"], log, environment
        )

    def said(self, beginning: str) -> int:
        return sum(line.startswith(beginning) for line in self.log.read_text().splitlines())

    def wait_for(self, beginning: str, times: int = 1) -> None:
        engines.wait_until(lambda: self.said(beginning) >= times, f"not {beginning!r}: {self.log.read_text()}")

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)


@pytest.fixture
def start_relay(tmp_path: Path, transactional_db: None) -> Iterator[object]:
    """Starts one more process each time it is called."""
    started: list[RelayProcess] = []

    def start() -> RelayProcess:
        started.append(RelayProcess(tmp_path / f"relay-{len(started)}.log"))
        return started[-1]

    yield start
    for relay in started:
        engines.end(relay.process)
