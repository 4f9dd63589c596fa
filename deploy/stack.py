"""`make stack`: the product as production runs it, on this machine.

A MongoDB replica set, Redis, gunicorn for pages and API, two daphne processes for sockets, the scheduler, the relay of
change streams, all behind nginx. Data and logs stay in var/stack/. A program that ends is named and started again; one
that ends time and again is named and ends everything.

STACK_PORT: where to listen (8000, or what is free). STACK_FOLDER: another place for data and logs. STACK_SEED=0: no
made-up drivers. LIVE_SOURCE=signals: no relay; whoever changes something tells of it.
"""

import fcntl
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from deploy import engines
from deploy.parts import ROOT, Part, PartFailed, drop_root, end_all, give, listens, make_folder

DEFAULT_PORT = 8000
WEB_WORKERS, WEB_THREADS = 2, 4
"""Two cores want two workers; four threads each keep them busy while others wait for the database."""
LOOK_SECONDS = 0.5
PYTHON = sys.executable
PROXY_RULES = ROOT / "deploy" / "nginx.conf.template"
PROXY_FRAME = """
daemon off;
worker_processes 1;
pid {folder}/nginx/pid;
error_log {folder}/nginx/error.log warn;
worker_shutdown_timeout 5s;
events {{ worker_connections 2048; }}
http {{
    include {mime_types};
    client_body_temp_path {folder}/nginx/body;
    proxy_temp_path {folder}/nginx/proxy;
    fastcgi_temp_path {folder}/nginx/fastcgi;
    uwsgi_temp_path {folder}/nginx/uwsgi;
    scgi_temp_path {folder}/nginx/scgi;
{rules}
}}
"""


class Stack:
    """All of it, with its data and logs in `folder`, reached at `url`."""

    def __init__(self, folder: Path, port: int, *, live_source: str) -> None:
        self.folder = make_folder(folder)
        self.port = port
        self.url = f"http://localhost:{port}"
        self.ports = {name: engines.hold_port() for name in ("mongod", "redis", "web", "live-1", "live-2")}
        self.environment = self._environment() | {"LIVE_SOURCE": live_source}
        self.parts = {part.name: part for part in self._parts()}

    def start(self, *, seeded: bool) -> None:
        """Everything, the engines first; returns when pages answer. Raises PartFailed.

        `seeded`: with the demonstration's people, made before a scheduler could end their bookings of long ago.
        """
        self._begin("mongod", "redis")
        self.manage("migrate", "--verbosity", "0")
        if seeded:
            self.manage("seed_demo")
        self._begin(*(name for name in self.parts if name not in ("mongod", "redis")))

    def stop(self) -> None:
        """From the outside in, so that nobody misses what he needs to end."""
        product = [part for name, part in self.parts.items() if name not in ("mongod", "redis", "nginx")]
        for several in ([self.parts["nginx"]], product, [self.parts["redis"], self.parts["mongod"]]):
            end_all(several)

    def revive(self) -> list[str]:
        """Start again what has ended by itself; a sentence about each. PartFailed if that is too often."""
        return [part.revive() for part in self.parts.values() if part.has_ended()]

    def manage(self, *arguments: str) -> str:
        """What a command says; PartFailed if it fails."""
        command = [PYTHON, "manage.py", *arguments]
        asked = subprocess.run(  # noqa: S603 - our own
            command, cwd=ROOT, env=os.environ | self.environment, text=True, capture_output=True, **drop_root(PYTHON)
        )
        if asked.returncode != 0:
            raise PartFailed(f"manage.py {arguments[0]} failed:\n{asked.stdout}{asked.stderr}")
        return str(asked.stdout)

    def _begin(self, *names: str) -> None:
        for name in names:
            self.parts[name].start()
        for name in names:
            self.parts[name].wait()

    def _environment(self) -> dict[str, str]:
        return {
            "DJANGO_SETTINGS_MODULE": "evbunker.settings",
            "DEBUG": "0",
            "ENV_FILE": str(self._secrets()),
            "SITE_URL": self.url,
            "ALLOWED_HOSTS": "localhost,127.0.0.1",
            "TRUSTED_PROXIES": "127.0.0.1",
            "DATABASE_URL": engines.mongodb_url(self.ports["mongod"]),
            "REDIS_URL": f"redis://127.0.0.1:{self.ports['redis']}/0",
            "WEB_PROCESSES": str(WEB_WORKERS + 2),
            "RUN_SCHEDULER": "0",
            "PAYMENT_GATEWAYS": "sandbox",
            "SANDBOX_ALLOWED": "1",
            "SANDBOX_AUTO_WEBHOOK": "1",
            "STAFF_SECOND_FACTOR": "0",
            "PROMETHEUS_MULTIPROC_DIR": str(self._fresh("metrics")),
            "PYTHONUNBUFFERED": "1",
        }

    def _secrets(self) -> Path:
        """Made once, so that who was signed in still is after the next start."""
        path = self.folder / "secrets.env"
        if not path.exists():
            names = {"SECRET_KEY": 50, "SANDBOX_WEBHOOK_SECRET": 32, "METRICS_TOKEN": 32}
            path.touch(mode=0o600)
            path.write_text("".join(f"{name}={secrets.token_urlsafe(size)}\n" for name, size in names.items()))
            give(path)
        return path

    def _fresh(self, name: str) -> Path:
        """A folder without what an earlier run left."""
        shutil.rmtree(self.folder / name, ignore_errors=True)
        return make_folder(self.folder / name)

    def _parts(self) -> list[Part]:
        """In the order of their start."""
        ports, data = self.ports, make_folder(self.folder / "mongodb")
        mongod, redis = (
            engines.mongod_command(data, ports["mongod"]),
            engines.redis_command(self.folder, ports["redis"]),
        )
        parts = [
            self._part("mongod", mongod, lambda: engines.leads(ports["mongod"])),
            self._part("redis", redis, lambda: engines.redis_answers(ports["redis"])),
            self._part("web", self._gunicorn(), lambda: listens(ports["web"])),
            *(self._live(name) for name in ("live-1", "live-2")),
            self._part("scheduler", [PYTHON, "manage.py", "scheduler"]),
        ]
        if self.environment["LIVE_SOURCE"] == "change-streams":
            parts.append(self._part("relay", [PYTHON, "manage.py", "relay_changes"]))
        return [*parts, self._part("nginx", self._nginx(), lambda: listens(self.port))]

    def _part(self, name: str, command: list[str], is_ready: Callable[[], bool] = lambda: True) -> Part:
        return Part(name, command, self.folder / f"{name}.log", is_ready, self.environment)

    def _gunicorn(self) -> list[str]:
        config = ["--config", str(ROOT / "deploy" / "gunicorn.conf.py")]
        workers = ["--workers", str(WEB_WORKERS), "--threads", str(WEB_THREADS)]
        workers += ["--no-control-socket"]  # it would be one for all stacks of this user
        address = ["--bind", f"127.0.0.1:{self.ports['web']}"]
        return [PYTHON, "-m", "gunicorn", *config, *workers, *address, "evbunker.wsgi:application"]

    def _live(self, name: str) -> Part:
        """Its access log says which process opened which socket."""
        port, log = self.ports[name], self.folder / f"{name}.access.log"
        options = ["-b", "127.0.0.1", "-p", str(port), "--access-log", str(log)]
        return self._part(name, [PYTHON, "-m", "daphne", *options, "evbunker.asgi:application"], lambda: listens(port))

    def _nginx(self) -> list[str]:
        """Write its configuration; the command."""
        path = nginx_path()
        if path is None:
            raise PartFailed("nginx is not installed. On Debian or Ubuntu: apt-get install nginx-light")
        make_folder(self.folder / "nginx")
        rules = PROXY_RULES.read_text()
        for name, value in self._places().items():
            rules = rules.replace(f"${{{name}}}", value)
        mime_types = Path("/etc/nginx/mime.types")
        config = self.folder / "nginx.conf"
        config.write_text(PROXY_FRAME.format(folder=self.folder, mime_types=mime_types, rules=rules))
        return [path, "-e", str(self.folder / "nginx" / "error.log"), "-c", str(config)]

    def _places(self) -> dict[str, str]:
        """What the proxy's rules leave open."""
        address = "127.0.0.1:{}".format
        return {
            "LISTEN": f"listen {address(self.port)};",
            "ACCESS_LOG": str(self.folder / "nginx" / "access.log"),
            "WEB": address(self.ports["web"]),
            "LIVE_1": address(self.ports["live-1"]),
            "LIVE_2": address(self.ports["live-2"]),
        }


def nginx_path() -> str | None:
    """Debian keeps it where only root looks."""
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


class Stopped(Exception):
    """Somebody asked us to end."""


def main() -> int:
    """Run until somebody stops it (0), or until a program cannot be kept running (1)."""
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    try:
        run()
    except Stopped:
        return 0
    except PartFailed as error:
        sys.stderr.write(f"{error}\n")
        return 1


def run() -> NoReturn:
    if reason := engines.missing():
        raise PartFailed(f"MongoDB and Redis cannot run here: {reason}.")
    folder = make_folder(Path(os.environ.get("STACK_FOLDER", ROOT / "var" / "stack")).resolve())
    with alone(folder):
        stack = Stack(folder, chosen_port(), live_source=os.environ.get("LIVE_SOURCE", "change-streams"))
        seeded = os.environ.get("STACK_SEED", "1") == "1"
        try:
            if seeded:
                sys.stdout.write("Making up drivers and three months of bookings. The first time takes two minutes.\n")
                sys.stdout.flush()
            stack.start(seeded=seeded)
            sys.stdout.write(welcome(stack, seeded=seeded))
            sys.stdout.flush()
            watch(stack)
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            stack.stop()


def watch(stack: Stack) -> NoReturn:
    """Until Stopped or PartFailed."""
    while True:
        for sentence in stack.revive():
            sys.stderr.write(f"{sentence}\n")
        time.sleep(LOOK_SECONDS)


def stop(_number: int, _frame: object) -> NoReturn:
    raise Stopped


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One stack a folder. Raises PartFailed."""
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PartFailed(f"A stack runs already in {folder}.") from None
        yield


def chosen_port() -> int:
    """STACK_PORT, or the usual one, or another that is free. Raises PartFailed."""
    wanted = os.environ.get("STACK_PORT", "")
    try:
        return engines.hold_port(int(wanted or DEFAULT_PORT))
    except OSError:
        if wanted:
            raise PartFailed(f"Port {wanted} is taken.") from None
        return engines.hold_port()


def welcome(stack: Stack, *, seeded: bool) -> str:
    """Where to look, and as whom."""
    people = "The password of all three is charge-the-demo." if seeded else "Nobody is made up: sign up."
    return f"""
  EV Bunker is running: {", ".join(stack.parts)}.

  Find a station      {stack.url}/
  Driver's dashboard  {stack.url}/dashboard/             driver@demo.example
  Operators           {stack.url}/operations/overview/   operator@demo.example
  All records         {stack.url}/admin/                 owner@demo.example
  JSON API            {stack.url}/api/v1/docs
  Metrics             http://localhost:{stack.ports["web"]}/metrics, with METRICS_TOKEN from secrets.env

  {people} What is mailed stands in web.log.
  Data and logs are in {stack.folder}. A program that ends is started again and named here.
  Ctrl-C stops everything.

"""


if __name__ == "__main__":
    sys.exit(main())
