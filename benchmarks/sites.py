"""Sites whose data outlive a run: engines over a folder, one database a size, gunicorn in front as in production."""

import contextlib
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measuring import ENVIRONMENT
from deploy.engines import hold_port, leads, mongod_command, mongodb_url, redis_answers, redis_command, wait_until
from deploy.parts import ROOT

FOLDER = ROOT / "var" / "bench"
WORKERS, THREADS = 2, 4
CACHE_GB = "2"
"""WiredTiger's own cache: the largest size's hot indexes fit, its documents need not."""
GUNICORN_CONFIG = ROOT / "deploy" / "gunicorn.conf.py"


@dataclass(frozen=True)
class Site:
    """One database of one engine, and the settings of a site on it."""

    engine: str
    name: str
    folder: Path
    environment: dict[str, str]

    @property
    def sign_ins(self) -> Path:
        return self.folder / f"{self.name}.{self.engine}.json"

    def run(self, *arguments: str) -> None:
        """Run a Python module (`-m …`) or program with this site's settings."""
        subprocess.run([sys.executable, *arguments], cwd=ROOT, env=os.environ | self.environment, check=True)

    def ask(self, *arguments: str) -> str:
        """As `run`; what it says."""
        command = [sys.executable, *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=os.environ | self.environment, check=True, text=True, stdout=subprocess.PIPE
        ).stdout


@dataclass(frozen=True)
class Engines:
    """What runs: Redis, and a MongoDB replica set if it is that engine."""

    engine: str
    folder: Path
    mongod: int
    redis: int

    def site(self, name: str) -> Site:
        url = f"sqlite:///{self.folder}/{name}.sqlite3"
        if self.engine == "mongodb":
            url = mongodb_url(self.mongod, name)
        settings = {
            "DATABASE_URL": url,
            "REDIS_URL": f"redis://127.0.0.1:{self.redis}/0",
            "WEB_PROCESSES": str(WORKERS),
            "STAFF_SECOND_FACTOR": "1",
            "LOG_LEVEL": "INFO",
        }
        return Site(self.engine, name, self.folder, ENVIRONMENT | settings)


@contextlib.contextmanager
def engines(engine: str, folder: Path) -> Iterator[Engines]:
    """Start them over `folder`; ended with the block."""
    data = folder / "mongodb"
    data.mkdir(parents=True, exist_ok=True)
    running = Engines(engine, folder, hold_port(), hold_port())
    with contextlib.ExitStack() as ends:
        ends.enter_context(_program(redis_command(folder, running.redis), folder / "redis.log"))
        wait_until(lambda: redis_answers(running.redis), "redis-server does not answer")
        if engine == "mongodb":
            command = mongod_command(data, running.mongod)
            command[command.index("--wiredTigerCacheSizeGB") + 1] = CACHE_GB
            ends.enter_context(_program(command, folder / "mongod.log"))
            wait_until(lambda: leads(running.mongod), "mongod became no primary")
        yield running


@contextlib.contextmanager
def serving(site: Site, application: str = "evbunker.wsgi:application") -> Iterator["Web"]:
    """Gunicorn with `application` over `site`, ready for requests."""
    port = hold_port()
    config = ["--config", str(GUNICORN_CONFIG)] if GUNICORN_CONFIG.exists() else []
    workers = ["--workers", str(WORKERS), "--threads", str(THREADS), "--keep-alive", "30"]
    command = [sys.executable, "-m", "gunicorn", *config, *workers, "--bind", f"127.0.0.1:{port}", application]
    log = site.folder / f"gunicorn.{site.engine}.log"
    with _program(command, log, site.environment | {"SITE_URL": f"http://localhost:{port}"}) as process:
        wait_until(lambda: _alive(process, log) and _answers(port), "gunicorn does not answer")
        yield Web(f"http://127.0.0.1:{port}", process.pid)


@dataclass(frozen=True)
class Web:
    url: str
    master: int

    def workers(self) -> list[int]:
        """The processes that answer."""
        return [int(pid) for pid in Path(f"/proc/{self.master}/task/{self.master}/children").read_text().split()]


@contextlib.contextmanager
def _program(
    command: list[str], log: Path, environment: dict[str, str] | None = None
) -> Iterator["subprocess.Popen[bytes]"]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | (environment or {}), stdin=subprocess.DEVNULL, stdout=output,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def _answers(port: int) -> bool:
    """Whatever it says: a worker has loaded the application."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def _alive(process: "subprocess.Popen[bytes]", log: Path) -> bool:
    if process.poll() is not None:
        raise RuntimeError(f"It ended at once:\n{log.read_text()}")
    return True
