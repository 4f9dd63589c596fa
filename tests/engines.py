"""Real engines for the tests. `EVBUNKER_TEST_ENGINE` chooses: `sqlite` (the default) or `mongodb` (with Redis).

`prepare()` runs before the settings load. For `mongodb` it starts a replica set of one node and a Redis server, from
the wheels of the extra `engines`, on free ports in a directory of its own; they die with this process, however it dies.
`python -m tests.engines` says whether they can run here.
"""

import atexit
import contextlib
import ctypes
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from deploy.engines import (
    hold_port,
    leads,
    missing,
    mongod_command,
    mongod_path,
    mongodb_url,
    redis_answers,
    redis_command,
    redis_path,
    wait_until,
)

__all__ = ["hold_port", "missing", "mongod_path", "redis_path", "start_mongod", "start_redis", "wait_until"]

ROOT = Path(__file__).resolve().parent.parent
ENGINE = os.environ.get("EVBUNKER_TEST_ENGINE", "sqlite")
ON_MONGODB = ENGINE == "mongodb"
PREFIX = "evbunker-tests-"
PR_SET_PDEATHSIG = 1

ENVIRONMENT = {
    "DEBUG": "0",
    "SECRET_KEY": "only-for-tests-" + "0123456789abcdef" * 4,
    "ALLOWED_HOSTS": "localhost,127.0.0.1,testserver",
    "PAYMENT_GATEWAYS": "sandbox",
    "SANDBOX_ALLOWED": "1",
    "SANDBOX_WEBHOOK_SECRET": "only-for-tests-of-webhooks",
    "SANDBOX_AUTO_WEBHOOK": "0",
    "STAFF_SECOND_FACTOR": "0",
    "RUN_SCHEDULER": "0",
}

_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def prepare() -> None:
    """Set the environment that `evbunker.settings` reads, and start what it names. Does nothing in a child process."""
    if "EVBUNKER_TEST_FOLDER" in os.environ:
        return
    folder = make_folder()
    os.environ["EVBUNKER_TEST_FOLDER"] = str(folder)
    for name in re.findall(r'(?:env\.\w+|required_unless_debug)\("(\w+)"', (ROOT / "evbunker/settings.py").read_text()):
        os.environ.pop(name, None)
    os.environ |= ENVIRONMENT | {"SITE_URL": f"http://localhost:{hold_port()}"}
    if ON_MONGODB:
        if reason := missing():
            raise pytest.UsageError(f"EVBUNKER_TEST_ENGINE=mongodb cannot run: {reason}.")
        os.environ["DATABASE_URL"] = start_mongod(folder)
        os.environ["REDIS_URL"] = start_redis(folder)
    else:
        os.environ["DATABASE_URL"] = f"sqlite:///{folder}/evbunker.sqlite3"


def make_folder() -> Path:
    """A directory for this run, removed at its end; those of runs that were killed go now."""
    for old in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        if not _is_alive(int(old.name.removeprefix(PREFIX))):
            shutil.rmtree(old, ignore_errors=True)
    folder = Path(tempfile.gettempdir()) / f"{PREFIX}{os.getpid()}"
    folder.mkdir()
    owner = os.getpid()
    # A forked child inherits the hook; only the process that made the directory may remove it.
    atexit.register(lambda: os.getpid() == owner and shutil.rmtree(folder, ignore_errors=True))
    return folder


def start_mongod(folder: Path) -> str:
    """Start a replica set of one node with fail points; its URL."""
    port, data = hold_port(), folder / "mongodb"
    data.mkdir()
    spawn(mongod_command(data, port, "--setParameter", "enableTestCommands=1"), folder / "mongod.log")
    wait_until(lambda: leads(port), "mongod became no primary")
    return mongodb_url(port)


def start_redis(folder: Path) -> str:
    """Start a Redis server that keeps nothing; its URL."""
    port = hold_port()
    spawn(redis_command(folder, port), folder / "redis.log")
    wait_until(lambda: redis_answers(port), "redis-server does not answer")
    return f"redis://127.0.0.1:{port}/0"


def spawn(command: list[str], log: Path, environment: dict[str, str] | None = None) -> "subprocess.Popen[bytes]":
    """Start `command` in the project's folder; it is killed when this process ends, even by a kill."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            preexec_fn=die_with_parent,
        )  # fmt: skip
    owner = os.getpid()
    atexit.register(lambda: os.getpid() == owner and end(process))
    return process


def end(process: "subprocess.Popen[bytes]") -> None:
    """Kill it: nothing of a test run needs saving."""
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    process.wait()


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def die_with_parent() -> None:
    """Let the kernel kill this process when the one that made it ends."""
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    print(missing() or "MongoDB and Redis can run here.")
    sys.exit(1 if missing() else 0)
