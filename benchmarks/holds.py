"""Holds a second: `bookings.holding.hold` against the bare engine writing the same rows in one transaction.

    python -m benchmarks.holds [--engines sqlite,mongodb] [--workers 1x1,2x2,2x8] [--slices 10] [--seconds 2]

The same workers (processes x threads) do both in turns, slice after slice (service, bare, bare, service, ...), on the
same tables with the same indexes and the same durability. Nobody is refused: each hold has a client and a time of its
own, on EVSEs that no other worker uses. Bare means pymongo or sqlite3 alone and the writes alone: the documents or
rows that a hold left behind, copied with other ids, slots and owners.
"""

import argparse
import contextlib
import cProfile
import itertools
import multiprocessing
import os
import pstats
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.bare import TABLES, Hold, Rows, Ticket, bare, rows_of
from benchmarks.engines import engine_running
from benchmarks.measuring import again, machine, memory, milliseconds, percentile, table

MINUTES, ENERGY_WH = 60, 20_000
SLOTS = MINUTES // 15
PERIODS = 600
"""Periods of one EVSE: 25 of the 30 days ahead that may be booked."""
TURNS = ("service", "bare", "bare", "service")
WARM_UP = 2
"""Slices, one of each kind, that do not count."""


class Done(NamedTuple):
    """What one thread did in one slice."""

    kind: str
    slice: int
    seconds: float
    latencies: list[float]


def main() -> None:
    wanted = arguments()
    if not wanted.worker:
        print(f"{machine()}\n")
        for engine in wanted.engines.split(","):
            with engine_running(engine) as environment:
                again("benchmarks.holds", "--worker", *sys.argv[1:], **environment)
        return
    import django

    django.setup()
    prepare(wanted.clients)
    engine = "MongoDB" if os.environ["DATABASE_URL"].startswith("mongodb") else "SQLite"
    rows = [measured(engine, shape, wanted) for shape in wanted.workers.split(",")]
    head = ("", "service /s", "bare /s", "ratio", "worst-best", "p50 service", "p50 bare", "p99 service", "p99 bare")
    print(table((*head, "RSS / PSS after, MiB"), rows))
    print(f"\nTimes in ms. {data_size()}\n", flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engines", default="sqlite,mongodb")
    parser.add_argument("--workers", default="1x1,2x2,2x8", help="processes x threads, several with commas")
    parser.add_argument("--slices", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=2.0, help="of one slice")
    parser.add_argument("--clients", type=int, default=40_000)
    parser.add_argument("--profile", action="store_true", help="print what the service's time goes to")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def prepare(clients: int) -> None:
    """A site with a tariff, stations of four EVSEs, and clients."""
    from django.core.management import call_command

    from bookings.models import Client, Connector, Evse, Station, Tariff

    call_command("migrate", verbosity=0)
    tariff = Tariff.objects.create(name="Standard", currency="EUR", per_hour_minor=300, per_kwh_minor=45, tax_bp=1900)
    plugs = [Connector.IEC_62196_T2_COMBO]
    for number in range(64):
        station = Station.objects.create(
            name=f"Station {number}", city="Berlin", country="DE", latitude=52.5, longitude=13.4, evse_count=4,
            time_zone="Europe/Berlin", currency="EUR", tariff=tariff, source_id=str(number), bookable=True,
            max_power_w=60_000, connector_types=plugs,
        )  # fmt: skip
        for label in "1234":
            Evse.objects.create(station=station, label=label, current="dc", max_power_w=60_000, connector_types=plugs)
    for first in range(0, clients, 5000):
        wanted = range(first, min(first + 5000, clients))
        Client.objects.bulk_create([Client(email=f"driver{n}@example.org", password="!") for n in wanted])


def measured(engine: str, shape: str, wanted: argparse.Namespace) -> list[str]:
    """A row of the table: what workers of this shape did, from empty tables on."""
    processes, threads = map(int, shape.split("x"))
    rows = a_hold_s_rows()
    context = multiprocessing.get_context("spawn")
    gate, results = context.Barrier(processes * threads), context.Queue()
    plan = [*TURNS[:WARM_UP], *itertools.islice(itertools.cycle(TURNS), wanted.slices)]
    crew = (processes, threads)
    running = [
        context.Process(target=work, args=(gate, results, plan, wanted, rows, n, crew)) for n in range(processes)
    ]
    for process in running:
        process.start()
    answers = [results.get() for _ in running]
    for process in running:
        process.join()
    assert not any(process.exitcode for process in running), "a worker failed"
    done = [one for answer, _memory in answers for one in answer if one.slice >= WARM_UP]
    return [f"{engine}, {shape} workers", *figures(done), ", ".join(used for _done, used in answers)]


def figures(done: list[Done]) -> list[str]:
    """Rates, their ratio (over all, and the worst and best pair of slices), percentiles."""
    rates: dict[tuple[str, int], float] = {}
    for one in done:
        rates[one.kind, one.slice] = rates.get((one.kind, one.slice), 0) + len(one.latencies) / one.seconds
    by_kind = {kind: [rates[key] for key in sorted(rates) if key[0] == kind] for kind in ("service", "bare")}
    pairs = [service / bare for service, bare in zip(by_kind["service"], by_kind["bare"], strict=True)]
    service, bare = (sum(by_kind[kind]) / len(by_kind[kind]) for kind in ("service", "bare"))
    times = {kind: [t for one in done if one.kind == kind for t in one.latencies] for kind in by_kind}
    percentiles = [milliseconds(percentile(times[kind], p)) for p in (50, 99) for kind in ("service", "bare")]
    spread = f"{min(pairs):.0%}-{max(pairs):.0%}"
    return [f"{service:.0f}", f"{bare:.0f}", f"**{service / bare:.0%}**", spread, *percentiles]


def work(
    gate: Any, results: Any, plan: list[str], wanted: argparse.Namespace, rows: Rows, place: int, crew: tuple[int, int]
) -> None:
    """The process number `place` of `crew`: so many processes of so many threads."""
    import django

    django.setup()
    from bookings.models import Client, Evse

    clients = [Client(pk=pk, email=email) for pk, email in Client.objects.order_by("email").values_list("pk", "email")]
    evses = list(Evse.objects.order_by("pk"))
    profile = cProfile.Profile() if wanted.profile and place == 0 else None
    done: list[Done] = []

    def run(number: int) -> None:
        tickets = tickets_of(number, crew[0] * crew[1], clients, evses)
        kinds: dict[str, Hold] = {"service": by_service, "bare": bare(rows)}
        for n, kind in enumerate(plan):
            gate.wait()
            watched = profile if number == 0 and kind == "service" and n >= WARM_UP else None
            with watched or contextlib.nullcontext():
                done.append(slice_of(kind, n, kinds[kind], tickets, wanted.seconds))

    try:
        with ThreadPoolExecutor(crew[1]) as threads:
            list(threads.map(guarded(gate, run), range(place * crew[1], (place + 1) * crew[1])))
    finally:
        results.put((done, memory(os.getpid())))
    if profile:
        pstats.Stats(profile).sort_stats("cumulative").print_stats(70)


def guarded(gate: Any, run: Callable[[int], None]) -> Callable[[int], None]:
    """Let nobody wait for one that failed."""

    def run_or_abort(number: int) -> None:
        try:
            run(number)
        except BaseException:
            gate.abort()
            raise

    return run_or_abort


def slice_of(kind: str, place: int, hold: Hold, tickets: Iterator[Ticket], seconds: float) -> Done:
    """Hold as often as can be in `seconds`."""
    latencies: list[float] = []
    began = time.perf_counter()
    while (start := time.perf_counter()) < began + seconds:
        hold(next(tickets))
        latencies.append(time.perf_counter() - start)
    return Done(kind, place, time.perf_counter() - began, latencies)


def tickets_of(number: int, workers: int, clients: list[Any], evses: list[Any]) -> Iterator[Ticket]:
    """This worker's wishes, each with a client of its own, on EVSEs that only this worker books."""
    from bookings.slots import slot_of
    from evbunker import clock

    first_slot = slot_of(clock.now()) + 96
    for n in itertools.count():
        evse, period = evses[(n // PERIODS) * workers + number], n % PERIODS
        yield Ticket(clients[n * workers + number], evse, first_slot + period * SLOTS)


def by_service(ticket: Ticket) -> object:
    """As a view calls it."""
    from bookings.holding import hold
    from bookings.slots import start_of

    return hold(
        client=ticket.client, evse=ticket.evse, starts_at=start_of(ticket.slot), minutes=MINUTES, energy_wh=ENERGY_WH
    )


def a_hold_s_rows() -> Rows:
    """What one hold by the service leaves in the empty tables: what bare workers copy. The last client's."""
    from bookings.models import Client, Evse

    empty()
    last = Client.objects.order_by("-email")[0]
    by_service(next(tickets_of(0, 1, [last], list(Evse.objects.order_by("-pk")[:1]))))
    rows = {name: rows_of(name) for name in TABLES}
    assert [len(rows[name]) for name in TABLES] == [1, SLOTS, SLOTS, 1, 1], "a hold writes more than we copy"
    return rows


def empty() -> None:
    """Forget all holds."""
    from django.db import connection

    for name in reversed(TABLES):
        if connection.vendor == "mongodb":
            connection.get_collection(name).delete_many({})
        else:
            with connection.cursor() as cursor:
                cursor.execute(f'DELETE FROM "{name}"')


def data_size() -> str:
    """How much there is at the end of the last row of the table."""
    from django.db import connection

    if connection.vendor == "mongodb":
        stats = connection.database.command("dbStats")
        size = stats["storageSize"] + stats["indexSize"]
        holds = connection.get_collection(TABLES[0]).estimated_document_count()
    else:
        size = Path(connection.settings_dict["NAME"]).stat().st_size
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT COUNT(*) FROM "{TABLES[0]}"')
            holds = cursor.fetchone()[0]
    return f"At the end {holds} holds of {SLOTS} slots each, {size / 2**20:.0f} MiB with indexes."


if __name__ == "__main__":
    main()
