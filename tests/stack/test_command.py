"""`make stack` as whoever starts it meets it."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pymongo
import pytest
import requests

from deploy.parts import MOST_RESTARTS
from tests import engines

pytestmark = [pytest.mark.engines]
ENDS_WITHIN_SECONDS = 15


class Command:
    """`python -m deploy.stack` in a folder of its own; `said` is all it printed."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port, self.log = folder, engines.hold_port(), folder.with_suffix(".said")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when it says that it runs."""
        self.process = self._begin(self.log)
        engines.wait_until(
            lambda: self.process.poll() is not None or "is running" in self.said(), "it does not start", 120
        )
        assert not self.has_ended(), self.said()

    def refusal(self) -> str:
        """What another one in the same folder says before it ends."""
        log = self.log.with_suffix(".other")
        assert self._begin(log).wait(60) == 1
        return log.read_text()

    def _begin(self, log: Path) -> "subprocess.Popen[bytes]":
        settings = {"STACK_FOLDER": str(self.folder), "STACK_PORT": str(self.port), "STACK_SEED": "0"}
        log.write_text("")
        return engines.spawn([sys.executable, "-m", "deploy.stack"], log, os.environ | settings)

    def said(self) -> str:
        return self.log.read_text()

    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def ended(self) -> int:
        """Its status, once it has ended."""
        return self.process.wait(ENDS_WITHIN_SECONDS)

    def parts(self) -> dict[int, str]:
        """Its programs: process and command line."""
        found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return {int(pid): Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ") for pid in found}

    def process_of(self, command: str) -> int:
        """Waits for one whose command line has `command`."""
        engines.wait_until(lambda: any(command in line for line in self.parts().values()), f"no {command}")
        return next(pid for pid, line in self.parts().items() if command in line)

    def notes(self) -> "pymongo.collection.Collection[dict[str, object]]":
        """A collection of ours in the stack's database."""
        port = re.search(r"--port (\d+) --replSet", self.parts()[self.process_of("mongod")])[1]
        return pymongo.MongoClient("127.0.0.1", int(port), directConnection=True).evbunker.notes

    def answers(self) -> bool:
        return requests.get(f"http://localhost:{self.port}/", timeout=10).status_code == 200


@pytest.fixture
def command(nginx: None) -> Iterator[Command]:
    command = Command(Path(os.environ["EVBUNKER_TEST_FOLDER"]) / "command")
    yield command
    if not command.has_ended():
        command.process.terminate()
        command.process.wait()


def test_it_names_what_dies_keeps_data_and_ends_when_told(command: Command) -> None:
    command.start()
    assert f"http://localhost:{command.port}/dashboard/" in command.said()
    assert command.answers()
    assert "A stack runs already" in command.refusal()
    command.notes().insert_one({"_id": "of the first start"})
    programs = command.parts()
    os.kill(command.process_of("daphne"), signal.SIGKILL)
    engines.wait_until(lambda: "live-1 (process" in command.said(), "nobody says what died")
    assert re.search(r"live-1 \(process \d+\) ended with status -9 and was started again", command.said())

    command.process.send_signal(signal.SIGINT)
    began = time.monotonic()
    assert command.ended() == 0
    assert time.monotonic() - began < ENDS_WITHIN_SECONDS
    assert not [line for pid, line in programs.items() if Path(f"/proc/{pid}").exists()]

    command.start()  # on other ports within, and the old data
    assert command.answers()
    assert command.notes().find_one() == {"_id": "of the first start"}
    for _ in range(MOST_RESTARTS + 1):
        before = command.said()
        os.kill(command.process_of("manage.py scheduler"), signal.SIGKILL)
        engines.wait_until(lambda before=before: command.said() != before, "nobody says what died")
    assert command.ended() == 1
    assert "scheduler" in command.said().split("time and again")[0].splitlines()[-1]
