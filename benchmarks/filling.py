"""Fill a database with an invented network and so many confirmed bookings.

    python -m benchmarks.filling --engines mongodb,sqlite --bookings 10000,100000

Data lie in var/bench (or --folder) and are used again as long as they are of today and made by the same code. The rows
go past the models, straight into the engine, with the growing tables' indexes dropped before and made again afterwards
exactly as the migrations had made them. `--check` runs the product's `check_integrity` over the result, and
`close_days --history`, which must find no total of a day to be made or mended.
"""

import argparse
import datetime as dt
import hashlib
import json
import time
from pathlib import Path
from typing import Any

from benchmarks.sites import FOLDER, Engines, Site, engines
from deploy.parts import ROOT

CLIENTS = 10_000
MADE_BY = ("bulk", "network", "charges", "history", "days", "filling", "first_implementation/data")


def filled(running: Engines, bookings: int, *, again: bool = False) -> Site:
    """The site of that size; made, unless there is one of today."""
    site = running.site(f"bench_{bookings}")
    wanted = _stamp(bookings)
    if again or not site.sign_ins.exists() or json.loads(site.sign_ins.read_text())["stamp"] != wanted:
        site.sign_ins.unlink(missing_ok=True)
        began = time.monotonic()
        site.run("-m", "benchmarks.filling", "--worker", f"{site.sign_ins}", "--bookings", str(bookings))
        known = json.loads(site.sign_ins.read_text())
        site.sign_ins.write_text(json.dumps(known | {"stamp": wanted, "seconds": round(time.monotonic() - began)}))
    else:
        site.run("manage.py", "migrate", "--verbosity", "0")
    return site


def _stamp(bookings: int) -> str:
    """Changes when the day does, or what makes the data."""
    digest = hashlib.sha256(f"{dt.datetime.now(dt.UTC).date()} {bookings}".encode())
    for name in MADE_BY:
        digest.update((ROOT / "benchmarks" / f"{name}.py").read_bytes())
    return digest.hexdigest()


def fill(bookings: int, sign_ins: Path) -> None:
    """Make the database of the settings anew."""
    from django.core.management import call_command

    from adminpanel.models import Beat, DailyTotal, DailyUse, NetworkDay
    from adminpanel.rollups import HISTORY
    from benchmarks.bulk import engine_in_use
    from benchmarks.first_implementation.data import add_documents
    from benchmarks.history import GROWING, History
    from benchmarks.network import fill_network, fill_sign_ins
    from bookings.models import ClientTotal, Evse
    from evbunker import clock
    from payments.models import ReceiptSeries

    empty()
    call_command("migrate", verbosity=0)
    now, engine = clock.now(), engine_in_use()
    # Fewer bookings than clients happen only in tests.
    history = History(engine, fill_network(engine, min(CLIENTS, bookings), now), bookings, now)
    restore = [engine.drop_indexes(model) for model in GROWING]
    for charges, rows in history.batches():
        engine.insert_all(rows)
        add_documents(charges)
    engine.insert_all({
        ClientTotal: history.totals(), DailyTotal: history.days.rows(), DailyUse: history.days.use_rows(),
        NetworkDay: history.days.network_rows(), ReceiptSeries: history.series(),
    })  # fmt: skip
    Beat.objects.create(name=HISTORY, beaten_at=now)
    for make_indexes in restore:
        make_indexes()
    Evse.objects.filter(pk__in=history.occupied).update(status=Evse.Status.OCCUPIED)
    fill_sign_ins(history.network.clients, sign_ins)
    engine.settle()


def empty() -> None:
    """Drop what the database holds; on SQLite, its file."""
    from django.db import connection

    if connection.vendor == "mongodb":
        connection.ensure_connection()
        mongodb: Any = connection
        mongodb.connection.drop_database(connection.settings_dict["NAME"])
        return
    connection.close()
    for suffix in ("", "-wal", "-shm"):
        Path(f"{connection.settings_dict['NAME']}{suffix}").unlink(missing_ok=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engines", default="mongodb,sqlite")
    parser.add_argument("--bookings", default="10000", help="how many, several sizes with commas")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--check", action="store_true", help="see whether everything fits afterwards")
    parser.add_argument("--again", action="store_true", help="even if the data are there")
    parser.add_argument("--worker", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    wanted = arguments()
    if wanted.worker:
        import django

        django.setup()
        fill(int(wanted.bookings), wanted.worker)
        return
    for engine in wanted.engines.split(","):
        with engines(engine, wanted.folder) as running:
            for bookings in map(int, wanted.bookings.split(",")):
                site = filled(running, bookings, again=wanted.again)
                took = json.loads(site.sign_ins.read_text())["seconds"]
                print(f"{engine} {bookings}: filled in {took} s", flush=True)
                if wanted.check:
                    site.run("manage.py", "check_integrity")
                    site.run("manage.py", "close_days", "--history")


if __name__ == "__main__":
    main()
