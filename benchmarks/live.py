"""300 open sockets: how soon an event reaches them, and what a burst costs; Socket.IO under the same script.

    python -m benchmarks.live [--sockets 300] [--processes 1,2] [--events 60] [--rounds 2] [--without-node]

Ours: MongoDB, Redis, daphne processes, and a program that commits a change and publishes its event. Theirs: Socket.IO
with its Redis adapter on as many Node processes, and a program that emits a message of the same size through Redis.
All sockets are held by one process (`sockets.py`). The four kinds take turns; only one kind has sockets at a time.
"""

import argparse
import contextlib
import json
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.engines import engine_running
from benchmarks.measuring import ENVIRONMENT, machine, memory, milliseconds, percentile, table
from benchmarks.sockets import Heard, digest, listen
from deploy.engines import hold_port, wait_until
from deploy.parts import listens

SOCKETIO = Path(__file__).resolve().parent / "socketio"
RATE = 200
"""Events a second of a burst."""
SETTLE_SECONDS = 2.5
"""How long after a burst we still listen."""
PAUSES = (0.4, 0.6)
"""Seconds between two events of a quiet site, so that none meets another's window."""
KINDS = ("ours, JSON", "Socket.IO, JSON", "ours, panel", "Socket.IO, HTML")


class Servers(NamedTuple):
    """As many processes of ours as of theirs, who tells them, and what the sockets ask for."""

    ours: list[Any]
    theirs: list[Any]
    ports: dict[str, list[int]]
    tellers: dict[str, Any]
    panel: str


class Result(NamedTuple):
    """What sockets of one kind heard: delays in seconds, and of bursts what each watcher got."""

    delays: list[float]
    missed: int
    bursts: list["Burst"]
    used: list[str]


class Burst(NamedTuple):
    frames: float
    kilobytes: float
    most_a_second: int
    settled: float
    right: int
    closed: int


def main() -> None:
    wanted = arguments()
    kinds = [kind for kind in KINDS if kind.startswith("ours") or not wanted.without_node]
    print(f"{machine()}{'' if wanted.without_node else node_versions()}\n", flush=True)
    for processes in map(int, wanted.processes.split(",")):
        with engine_running("mongodb") as engines, servers(engines, processes, wanted) as running:
            results: dict[str, list[Result]] = {kind: [] for kind in kinds}
            for _round in range(wanted.rounds):
                for kind in kinds:
                    results[kind].append(measured(kind, running, wanted))
        report(processes, results, wanted)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sockets", type=int, default=300)
    parser.add_argument("--processes", default="1,2", help="server processes of each kind, several with commas")
    parser.add_argument("--events", type=int, default=60, help="of the quiet site, a round")
    parser.add_argument("--burst", type=float, default=10.0, help="seconds")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--without-node", action="store_true")
    return parser.parse_args()


def node_folder() -> Path:
    """Where Socket.IO is installed, once: npm's own cache and registry settings apply."""
    folder = Path(tempfile.gettempdir()) / "evbunker-socketio"
    if not (folder / "node_modules").exists():
        shutil.copytree(SOCKETIO, folder, dirs_exist_ok=True)
        install = ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock"]
        subprocess.run(install, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    shutil.copytree(SOCKETIO, folder, dirs_exist_ok=True)
    return folder


def node_versions() -> str:
    """Node and its packages, as the end of the paragraph that `machine` begins."""
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    packages = node_folder() / "node_modules"
    names = ("socket.io", "@socket.io/redis-adapter", "@socket.io/redis-emitter")
    versions = [f"{name} {json.loads((packages / name / 'package.json').read_text())['version']}" for name in names]
    return f" Node {node}, {', '.join(versions)}."


@contextlib.contextmanager
def servers(engines: dict[str, str], processes: int, wanted: argparse.Namespace) -> Iterator[Servers]:
    """Everything started and listening; stopped at the end."""
    environment = os.environ | ENVIRONMENT | engines | {"WEB_PROCESSES": str(processes)}
    redis = engines["REDIS_URL"].rsplit(":", 1)[1].split("/")[0]
    station = prepared(environment)
    with contextlib.ExitStack() as running:

        def start(*command: str, **options: Any) -> Any:
            process = subprocess.Popen(command, env=environment, text=True, **options)
            running.callback(process.wait)
            running.callback(process.kill)
            return process

        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        ports = {name: [hold_port() for _ in range(processes)] for name in ("ours", "theirs")}
        daphne = [sys.executable, "-m", "daphne", "-v", "0", "-b", "127.0.0.1", "-p"]
        ours = [start(*daphne, str(port), "evbunker.asgi:application") for port in ports["ours"]]
        tellers = {"ours": start(sys.executable, "-m", "benchmarks.telling", station, **pipes)}
        theirs = []
        if not wanted.without_node:
            folder = node_folder()
            theirs = [start("node", "server.mjs", str(port), redis, cwd=folder) for port in ports["theirs"]]
            tellers["theirs"] = start("node", "emitter.mjs", redis, cwd=folder, **pipes)
        for name in tellers:
            for port in ports[name]:
                wait_until(lambda port=port: listens(port), "A server did not start.")
        yield Servers(ours, theirs, ports, tellers, f"evses:{station}")


def prepared(environment: dict[str, str]) -> str:
    """The id of a station of eight EVSEs, in a new database."""
    making = [sys.executable, "-c", "from benchmarks.live import make_station; make_station()"]
    return subprocess.run(making, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def make_station() -> None:
    import django

    django.setup()
    from django.core.management import call_command

    from bookings.models import Connector, Evse, Station

    call_command("migrate", verbosity=0)
    station = Station.objects.create(
        name="Harbour", city="Berlin", country="DE", latitude=52.5, longitude=13.4, time_zone="Europe/Berlin",
        source_id="harbour", evse_count=8, max_power_w=60_000,
    )  # fmt: skip
    plugs = [Connector.IEC_62196_T2_COMBO]
    made = [
        Evse(station=station, label=label, current="dc", max_power_w=60_000, connector_types=plugs)
        for label in "12345678"
    ]
    Evse.objects.bulk_create(made)
    print(station.pk)


def measured(kind: str, running: Servers, wanted: argparse.Namespace) -> Result:
    """Open sockets of this kind, let single events happen, then a burst."""
    side = "ours" if kind.startswith("ours") else "theirs"
    teller = running.tellers[side]
    message = None if side == "ours" else message_like(kind, running)
    processes = running.ours if side == "ours" else running.theirs
    used = [memories(processes)]
    with sockets(kind, running, wanted.sockets) as ask:
        used.append(memories(processes))
        delays, missed = quiet(ask, teller, message, wanted)
        bursts = [burst(kind, ask, running, message, wanted)] if wanted.burst else []
        used.append(memories(processes))
    return Result(delays, missed, bursts, used)


def message_like(kind: str, running: Servers) -> object:
    """What ours would send, for theirs to send."""
    if kind.endswith("HTML"):
        return tell(running.tellers["ours"], shown=running.panel)
    station = running.panel.partition(":")[2]
    return {"event": "station_update", "at": "2026-01-01T00:00:00+00:00", "ids": {"station": station}}


def tell(teller: Any, **order: object) -> Any:
    """Give an order; the answer."""
    teller.stdin.write(json.dumps(order) + "\n")
    teller.stdin.flush()
    answer = json.loads(teller.stdout.readline())
    return [int(moment) for moment in answer] if isinstance(answer, list) else answer


@contextlib.contextmanager
def sockets(kind: str, running: Servers, count: int) -> Iterator[Any]:
    """A process with `count` sockets; what it is asked through."""
    side = "ours" if kind.startswith("ours") else "theirs"
    as_json = "&format=json" if kind.endswith("JSON") else ""
    path = f"/live/?panels={running.panel}{as_json}" if side == "ours" else "/socket.io/?EIO=4&transport=websocket"
    context = multiprocessing.get_context("spawn")
    orders, theirs = context.Pipe()
    process = context.Process(target=listen, args=(theirs,), daemon=True)
    process.start()

    def ask(name: str, *details: object) -> Any:
        orders.send((name, *details))
        return orders.recv()

    ask("open", running.ports[side], count, path, side == "theirs")
    time.sleep(1)
    yield ask
    ask("close")
    time.sleep(1)
    process.terminate()
    process.join()


def quiet(ask: Any, teller: Any, message: object, wanted: argparse.Namespace) -> tuple[list[float], int]:
    """Single events: the delay of each frame, in seconds; and how many frames never came."""
    told = [] if message is None else {"message": message}
    ask("forget")
    times = []
    for _event in range(wanted.events):
        times += tell(teller, **dict(told))
        time.sleep(random.uniform(*PAUSES))
    delays, missed = [], 0
    for heard in ask("heard"):
        for start, following in zip(times, [*times[1:], sys.maxsize], strict=True):
            place = bisect_left(heard.times, start)
            if place < len(heard.times) and heard.times[place] < following:
                delays.append((heard.times[place] - start) / 1e9)
            else:
                missed += 1
    return delays, missed


def burst(kind: str, ask: Any, running: Servers, message: object, wanted: argparse.Namespace) -> Burst:
    """RATE events a second; what a watcher got of them, and whether all saw the end."""
    side = "ours" if kind.startswith("ours") else "theirs"
    ask("forget")
    order = {"rate": RATE, "seconds": wanted.burst}
    times = tell(running.tellers[side], **order | ({} if message is None else {"message": message}))
    time.sleep(SETTLE_SECONDS if kind.endswith("panel") else 2 * SETTLE_SECONDS)
    heard: list[Heard] = ask("heard")
    if kind.endswith("panel"):
        shown = digest(tell(running.tellers["ours"], shown=running.panel).encode())
        right = sum(one.last == shown for one in heard)
    else:
        right = sum(len(one.times) == len(times) for one in heard)
    last = [one.times[-1] for one in heard if one.times]
    return Burst(
        frames=sum(len(one.times) for one in heard) / len(heard),
        kilobytes=sum(sum(one.sizes) for one in heard) / len(heard) / 1000,
        most_a_second=max(most_in_a_second(one.times) for one in heard),
        settled=(max(last, default=sys.maxsize) - times[-1]) / 1e9,
        right=right,
        closed=sum(one.closed for one in heard),
    )


def most_in_a_second(times: list[int]) -> int:
    """The greatest number of them that any half-open second holds."""
    return max((n + 1 - bisect_left(times, end - 10**9 + 1) for n, end in enumerate(times)), default=0)


def memories(processes: list[Any]) -> str:
    return ", ".join(memory(process.pid) for process in processes)


def report(processes: int, results: dict[str, list[Result]], wanted: argparse.Namespace) -> None:
    """Three tables: single events, bursts, memory."""
    title = f"{wanted.sockets} sockets on {processes} process{'es' if processes > 1 else ''}"
    delays = {kind: [delay for one in rounds for delay in one.delays] for kind, rounds in results.items()}
    rows = []
    for kind, rounds in results.items():
        spread = "-".join(milliseconds(f(percentile(one.delays, 99) for one in rounds)) for f in (min, max))
        times = [milliseconds(percentile(delays[kind], percent)) for percent in (50, 99)]
        rows.append([kind, *times, spread, sum(one.missed for one in rounds)])
    print(table((title, "p50 ms", "p99 ms", "p99 of the rounds", "frames missed"), rows))
    for ours, theirs in zip(KINDS[::2], KINDS[1::2], strict=True):
        if theirs in delays:
            ratio = percentile(delays[ours], 99) / percentile(delays[theirs], 99)
            print(f"\np99 of {ours} against {theirs}: {ratio:.2f}")
    bursts = [[kind, *cells(one)] for kind, rounds in results.items() for each in rounds for one in each.bursts]
    head = ("burst", "frames a watcher", "kB a watcher", "most frames in a second", "last frame, s after", "complete")
    print("\n" + table((*head, "closed"), bursts))
    used = [[kind, *rounds[0].used] for kind, rounds in results.items()]
    print("\n" + table(("RSS / PSS, MiB", "before", "with sockets", "after the burst"), used) + "\n", flush=True)


def cells(one: Burst) -> list[str]:
    figures = [f"{one.frames:.0f}", f"{one.kilobytes:.0f}", str(one.most_a_second), f"{one.settled:.2f}"]
    return [*figures, str(one.right), str(one.closed)]


if __name__ == "__main__":
    main()
