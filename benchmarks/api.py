"""The API's two figures under load: cached and uncached, at growing histories, beside the first implementation's work.

    python -m benchmarks.api                                   # all that README.md shows
    python -m benchmarks.api --engines mongodb --bookings 10000 --seconds 5

For each engine and size: gunicorn as in production (2 workers of 4 threads) over a database that `benchmarks.filling`
made, 16 connections of wrk. Prints the markdown that stands in README.md.
"""

import argparse
import json
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from benchmarks.filling import filled
from benchmarks.load import CONNECTIONS, Load, generator, load
from benchmarks.measuring import machine, memory, table
from benchmarks.sites import FOLDER, Engines, Site, engines, serving

IMPACT, OVERVIEW = "/api/v1/dashboard/environmental-impact", "/api/v1/operations/overview"
SESSION_COOKIE = "session"
WARM_UP_SECONDS, LONGEST_WARM_UP_SECONDS = 2.0, 30.0
AS_ALWAYS, WITHOUT_CACHE = "evbunker.wsgi:application", "benchmarks.uncached:application"
FRESH = "benchmarks.fresh:application"
FIRST = "benchmarks.first_implementation.wsgi:application"


@dataclass(frozen=True)
class Case:
    """One address, as somebody asks for it."""

    name: str
    path: str
    who: str
    by: str
    application: str

    @property
    def is_cached(self) -> bool:
        return self.name.endswith(", cached")


CASES = [
    Case(f"{name}, {cached}", path, who, by, application)
    for name, path, who in (("impact", IMPACT, "drivers"), ("overview", OVERVIEW, "operators"))
    for cached, application in (("cached", AS_ALWAYS), ("uncached", WITHOUT_CACHE))
    for by in ("token", "cookie")
    if cached == "cached" or by == "token"
]
CASES.append(Case("impact, of new clients", IMPACT, "drivers", "token", FRESH))
FIRST_CASES = [
    Case("first implementation: impact", "/impact", "drivers", "nothing", FIRST),
    Case("first implementation: stats", "/stats", "drivers", "nothing", FIRST),
    Case("first implementation: impact, cached", "/cached/impact", "drivers", "nothing", FIRST),
    Case("first implementation: stats, cached", "/cached/stats", "drivers", "nothing", FIRST),
]


@dataclass(frozen=True)
class Result:
    """What a case came to on one engine at one size; `memory` is RSS / PSS of each worker afterwards."""

    case: Case
    engine: str
    bookings: int
    load: Load
    memory: str


def main() -> None:
    wanted = arguments()
    print(f"{machine()} Load: {generator()}, {CONNECTIONS} connections, {wanted.seconds:.0f} s each.\n", flush=True)
    results = []
    for engine in wanted.engines.split(","):
        with engines(engine, wanted.folder) as running:
            for bookings in map(int, wanted.bookings.split(",")):
                for result in measured(running, bookings, wanted):
                    results.append(result)
                    print(f"<!-- {_line(result)} -->", flush=True)
    print("\n" + report(results), flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engines", default="mongodb,sqlite")
    parser.add_argument("--bookings", default="10000,100000,1000000", help="several sizes with commas")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where data outlive the run")
    parser.add_argument("--only", default="", help="cases whose name has this in it")
    parser.add_argument("--first-up-to", type=int, default=100_000, help="largest size for the first implementation")
    return parser.parse_args()


def measured(running: Engines, bookings: int, wanted: argparse.Namespace) -> Iterator[Result]:
    """Every case at one size."""
    site = filled(running, bookings)
    cases = list(CASES)
    if running.engine == "mongodb" and bookings <= wanted.first_up_to:
        cases += FIRST_CASES
    cases = [case for case in cases if wanted.only in f"{case.name}, {case.by}"]
    sign_ins = json.loads(site.sign_ins.read_text())
    for application in dict.fromkeys(case.application for case in cases):
        redis.Redis(port=running.redis).flushall()  # figures of another size
        with serving(site, application) as web:
            for case in (case for case in cases if case.application == application):
                headers = [_header(case, sign_in) for sign_in in sign_ins[case.who]]
                if application == FIRST:
                    headers = headers[:1] if case.is_cached else headers  # its hits were measured with one user
                else:
                    check(site, web.url, case, headers[0], sign_ins[case.who][0]["client"])
                warm_up(web.url + case.path, headers if case.is_cached else headers[:1])
                seen = load(web.url + case.path, headers, seconds=wanted.seconds)
                assert seen.failed == 0, f"{case} failed {seen.failed} times: see the logs in {site.folder}"
                used = ", ".join(memory(pid) for pid in web.workers())
                yield Result(case, running.engine, bookings, seen, used)


def warm_up(url: str, headers: list[str]) -> None:
    """Until everybody who will ask has asked: what is cached is cached then."""
    asked, ends = 0, time.monotonic() + LONGEST_WARM_UP_SECONDS
    while asked < len(headers) and time.monotonic() < ends:
        asked += load(url, headers[asked:] + headers[:asked], seconds=WARM_UP_SECONDS).requests


def _header(case: Case, sign_in: dict[str, str]) -> str:
    if case.by == "token":
        return f"Authorization: Bearer {sign_in['token']}"
    if case.by == "cookie":
        return f"Cookie: {SESSION_COOKIE}={sign_in['session']}"
    return f"X-User: {sign_in['client']}"


def check(site: Site, url: str, case: Case, header: str, client: str) -> None:
    """AssertionError if the answer differs from what all rows come to."""
    name, _, value = header.partition(": ")
    with urllib.request.urlopen(urllib.request.Request(url + case.path, headers={name: value})) as response:
        answer: dict[str, Any] = json.load(response)
    whose = [client] if case.path == IMPACT else []
    expected = json.loads(site.ask("-m", "benchmarks.expected", *whose))
    different = {name: (answer[name], value) for name, value in expected.items() if answer[name] != value}
    assert not different, f"{case.name} at {site.name} on {site.engine} answers wrongly: {different}"


def _line(result: Result) -> str:
    case, seen = result.case, result.load
    return f"{result.engine} {result.bookings} {case.name} by {case.by}: {seen.per_second:.1f}/s {seen.p50_ms:.1f} ms"


def report(results: list[Result]) -> str:
    """Tables: what was measured, how it grows, how it compares."""
    rows = [
        [
            f"{result.case.name}, {result.case.by}", result.engine, f"{result.bookings:,}",
            f"{result.load.per_second:.{0 if result.load.per_second >= 100 else 1}f}", f"{result.load.p50_ms:.1f}",
            f"{result.load.p99_ms:.1f}", result.memory,
        ]
        for result in results
    ]  # fmt: skip
    head = ("figure, signed in by", "engine", "bookings", "req/s", "p50 ms", "p99 ms", "worker RSS / PSS, MiB")
    parts = [table(head, rows)]
    sizes = sorted({result.bookings for result in results})
    if len(sizes) > 1:
        grown = ("p50 against that at the smallest size", *(f"{size:,}" for size in sizes))
        parts.append(table(grown, growth(results, sizes)))
    if ratios := list(compared(results)):
        parts.append(table(("against the first implementation's work", "bookings", "ours", "its", "ratio"), ratios))
    return "\n\n".join(parts)


def growth(results: list[Result], sizes: list[int]) -> Iterator[list[str]]:
    """A row for each case and engine that was measured at every size."""
    p50 = {(result.case, result.engine, result.bookings): result.load.p50_ms for result in results}
    for case, engine in dict.fromkeys((result.case, result.engine) for result in results):
        times = [p50.get((case, engine, size)) for size in sizes]
        if all(times):
            yield [f"{case.name}, {case.by}, {engine}", *(f"{(time or 0) / (times[0] or 1):.2f}" for time in times)]


def compared(results: list[Result]) -> Iterator[list[str]]:
    """Each case on MongoDB beside what the first implementation's did in the same run at the same size."""
    rates = {(result.case.name, result.bookings): result.load.per_second for result in results}
    for result in results:
        figure, _, cached = result.case.name.partition(", ")
        its_name = f"first implementation: {'impact' if figure == 'impact' else 'stats'}"
        its = rates.get((its_name + (", cached" if cached == "cached" else ""), result.bookings))
        if its and result.engine == "mongodb" and result.case.application != FIRST:
            rate = result.load.per_second
            name = f"{result.case.name}, {result.case.by}"
            yield [name, f"{result.bookings:,}", f"{rate:.0f}", f"{its:.1f}", f"{rate / its:.1f}"]


if __name__ == "__main__":
    main()
