"""Programs that run beside each other: each is started, watched, and ended with whatever it started itself."""

import contextlib
import ctypes
import os
import pwd
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from deploy.engines import wait_until

ROOT = Path(__file__).resolve().parent.parent
ENDING_SECONDS = 8
MOST_RESTARTS, RESTARTS_SECONDS = 3, 60
PR_SET_PDEATHSIG = 1
TAIL_LINES = 15

_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class PartFailed(Exception):
    """A program does not start, or ended too often; the text says which, and what it said last."""


@dataclass(eq=False)
class Part:
    """One program, with a group of its own for all it starts; `is_ready`: can it be used?"""

    name: str
    command: list[str]
    log: Path
    is_ready: Callable[[], bool]
    environment: Mapping[str, str] = field(default_factory=dict)
    process: "subprocess.Popen[bytes] | None" = None
    ended_at: list[float] = field(default_factory=list)

    def start(self) -> None:
        """Begin; `wait` for it to be ready."""
        whom = drop_root(self.command[0])
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(  # noqa: S603 - our own programs
                self.command, cwd=ROOT, env=os.environ | self.environment, stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=True, preexec_fn=_end_with_parent, **whom,
            )  # fmt: skip

    def wait(self) -> None:
        """Until it can be used. Raises PartFailed."""
        try:
            wait_until(lambda: self.has_ended() or self.is_ready(), "it is not ready yet")
        except RuntimeError as error:
            raise PartFailed(f"{self.name} does not start ({error}):\n{self.tail()}") from None
        if self.has_ended():
            raise PartFailed(f"{self.name} ended at once:\n{self.tail()}")

    def restart(self) -> None:
        self.end()
        self.start()
        self.wait()

    def ask_to_end(self) -> None:
        self.signal(signal.SIGTERM)

    def signal(self, number: int) -> None:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(number)

    def end(self) -> None:
        """Wait for the end that was asked for, or make one. Nothing that it started survives it."""
        if self.process is None:
            return
        self.ask_to_end()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(ENDING_SECONDS)
        self.kill()

    def kill(self) -> None:
        """As a crash would."""
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def has_ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def revive(self) -> str:
        """Start it again after it ended by itself; a sentence that says so. PartFailed if that is too often."""
        assert self.process is not None
        was, now = self.process, time.monotonic()
        self.ended_at = [*(then for then in self.ended_at if now - then < RESTARTS_SECONDS), now]
        said = f"{self.name} (process {was.pid}) ended with status {was.returncode}"
        if len(self.ended_at) > MOST_RESTARTS:
            raise PartFailed(f"{said}, time and again:\n{self.tail()}")
        self.kill()
        self.start()
        self.wait()
        return f"{said} and was started again; its log is {self.log}."

    def tail(self) -> str:
        """The last lines that it said."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-TAIL_LINES:])


def end_all(parts: Iterable[Part]) -> None:
    """End several at once."""
    running = [part for part in parts if part.process is not None]
    for part in running:
        part.ask_to_end()
    for part in running:
        part.end()


def listens(port: int) -> bool:
    """Does anybody accept connections there?"""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@cache
def drop_root(program: str) -> dict[str, Any]:
    """What makes `subprocess` start it as nobody, for root; nothing for others, or if nobody may not run it."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    as_nobody: dict[str, Any] = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    may = ["test", "-x", program, "-a", "-r", str(ROOT / "manage.py")]
    return as_nobody if subprocess.run(may, **as_nobody).returncode == 0 else {}  # noqa: S603 - `test` alone


def make_folder(path: Path) -> Path:
    """A folder that every program here may write into, whoever it runs as."""
    path.mkdir(parents=True, exist_ok=True)
    give(path)
    return path


def give(path: Path) -> None:
    """To nobody, whom root's programs run as; root may use it all the same."""
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(path, nobody.pw_uid, nobody.pw_gid)


def _end_with_parent() -> None:
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
