"""Import stations from a file."""

import time
from argparse import ArgumentTypeError
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from bookings.importers import plain
from bookings.importers.files import FALLBACK, SourceFile
from bookings.importers.kinds import JSON_FORMATS, LONGEST_SOURCE, READERS
from bookings.importers.places import country_code
from bookings.importers.reading import Options
from bookings.importers.rows import NotStations, Unusable
from bookings.importers.storing import Import, Tally
from bookings.models import Tariff

SHOWN = 20
ERASE = "\033[K"
"""Tells a terminal to clear the rest of the line."""
TTY_SECONDS, LOG_SECONDS = 0.2, 5.0
"""How often progress is told: on a terminal in place, elsewhere a line each."""


def column_names(said: str) -> dict[str, str]:
    """`name=Title,latitude=Lat` as a mapping."""
    pairs = [pair.partition("=") for pair in said.split(",") if pair.strip()]
    names = {column.strip(): name.strip() for column, _equals, name in pairs}
    for column, name in names.items():
        if column not in plain.COLUMNS or not name:
            raise ArgumentTypeError(f"write {'|'.join(plain.COLUMNS)}=COLUMN, separated by commas")
    return names


def positive(said: str) -> int:
    if not said.isdecimal() or int(said) < 1:
        raise ArgumentTypeError("write a whole number from 1")
    return int(said)


def country(said: str) -> str:
    try:
        return country_code(said)
    except Unusable as error:
        raise ArgumentTypeError(f"there is no country {said!r}") from error


class Command(BaseCommand):
    help = (
        "Import stations from a file, plain or gzip. Repeating it updates what changed and adds what is new. A row "
        "that cannot be used is skipped with its reason; a file that holds no stations of the format changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--format", required=True, choices=READERS, help="what kind of file it is")
        parser.add_argument("--source", default="", help="what the ids in the file belong to (default: the format)")
        parser.add_argument("--tariff", default="", help="give stations without a tariff this one, in its currency")
        parser.add_argument("--map", type=column_names, default={}, metavar="NAME=COLUMN,…", help="columns of a csv")
        parser.add_argument("--country", type=country, default="", help="the country of csv rows that name none")
        parser.add_argument("--limit", type=positive, help="read no more than this many rows")
        parser.add_argument("--dry-run", action="store_true", help="say what would be done and write nothing")
        parser.add_argument("--show-skipped", type=int, default=SHOWN, help=f"skipped rows to list (default: {SHOWN})")

    def handle(self, *args: Any, **options: Any) -> None:
        self.stderr.style_func = None
        self._told_at = time.monotonic()
        form, source = options["format"], options["source"] or options["format"]
        if form != "csv" and (options["map"] or options["country"]):
            raise CommandError("--map and --country are for --format csv.")
        if len(source) > LONGEST_SOURCE:
            raise CommandError(f"A source has at most {LONGEST_SOURCE} characters.")
        into = Import(source, _tariff(options["tariff"]), options["dry_run"])
        tally = Tally(keep=options["show_skipped"])
        try:
            file = SourceFile(options["file"])
            rows = READERS[form](file, Options(options["map"], options["country"], options["limit"]))
            into.store(rows, tally, lambda: self._progress(file, tally))
        except NotStations as error:
            if tally.created or tally.updated or tally.unchanged:
                self._show(tally, into, form)
            raise CommandError(str(error)) from error
        self._show(tally, into, form)
        if file.encoding == FALLBACK:
            self.stdout.write("The file is not UTF-8: it was read as Windows-1252.")

    def _progress(self, file: SourceFile, tally: Tally) -> None:
        terminal = self.stderr.isatty()
        if time.monotonic() - self._told_at < (TTY_SECONDS if terminal else LOG_SECONDS):
            return
        self._told_at = time.monotonic()
        told = f"{file.percent} %: {tally.read} read, {tally.created} created, {tally.updated} updated"
        self.stderr.write(f"\r{told}{ERASE}" if terminal else told, ending="" if terminal else "\n")

    def _show(self, tally: Tally, into: Import, form: str) -> None:
        """Skipped rows on standard error, the closing table on standard output."""
        if self.stderr.isatty():
            self.stderr.write(f"\r{ERASE}", ending="")
        unit = "record" if form in JSON_FORMATS else "line"
        for row in tally.kept:
            self.stderr.write(f"{unit} {row.line}: {row.reason}" + (f" ({row.detail})" if row.detail else ""))
        if 0 < len(tally.kept) < tally.skipped.total():
            self.stderr.write(f"… --show-skipped {tally.skipped.total()} lists all skipped rows.")
        for number, words in _table(tally, into.tariff):
            self.stdout.write(f"{number:>9,}  {words}")
        if into.dry_run:
            self.stdout.write("A dry run: nothing was written.")


def _table(tally: Tally, tariff: Tariff | None) -> Iterator[tuple[int, str]]:
    """Figures and what they count."""
    yield from ((getattr(tally, name), name) for name in ("read", "created", "updated", "unchanged"))
    yield tally.skipped.total(), "skipped"
    yield from ((number, f"  {reason}") for reason, number in tally.skipped.most_common())
    if tally.closed:
        yield tally.closed, "closed: imported before, now taken back by the source"
    yield from ((number, f"note: {note}") for note, number in tally.notes.most_common())
    if tariff is not None:
        yield tally.priced, f"given the tariff {tariff.name}"
        others = ", ".join(sorted(tally.other_currencies))
        yield tally.other_currencies.total(), f"not given it: priced in {others or 'another currency'}"


def _tariff(name: str) -> Tariff | None:
    tariff = Tariff.objects.filter(name=name).first() if name else None
    if name and tariff is None:
        raise CommandError(f"There is no tariff {name!r}.")
    return tariff
