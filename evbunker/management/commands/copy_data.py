"""Move a site with everything to another database."""

import argparse
import signal
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evbunker.copying import Refused
from evbunker.copying.marker import unmark
from evbunker.copying.processes import copy, refuse_addresses
from evbunker.copying.reading import read_source
from evbunker.copying.record_types import NOT_COPIED, all_types
from evbunker.copying.writing import write_target
from evbunker.db import DATABASE_ERRORS
from evbunker.errors import DomainError


class Command(BaseCommand):
    help = (
        "Copy everything from one database into another, empty one, and compare both. Stop the site first. "
        "Repeating it goes on where it was cut off."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--from", dest="source", metavar="URL", help="the DATABASE_URL that the site has now")
        parser.add_argument("--to", dest="target", metavar="URL", help="the one that it is to have")
        parser.add_argument("--part", choices=("read", "write", "finish"), help=argparse.SUPPRESS)

    def handle(self, *args: Any, **options: Any) -> None:
        self.stderr.style_func = None
        try:
            if options["part"]:
                signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that was called ends, and so the lines
                getattr(self, f"_{options['part']}")()
            else:
                self._copy(options["source"], options["target"])
        except Refused as error:
            raise CommandError(str(error)) from error

    def _copy(self, source: str | None, target: str | None) -> None:
        if not (source and target):
            raise CommandError("Say --from and --to.")
        refuse_addresses(source, target)
        try:
            copy(source, target)
        except KeyboardInterrupt:
            raise CommandError("Stopped. The same command goes on from there.", returncode=130) from None
        for model in all_types():
            if (reason := NOT_COPIED.get(model._meta.label)) is not None:
                self.stdout.write(f"Not copied: {model._meta.label} ({reason}).")
        self.stdout.write("Both sides hold the same, and check_integrity finds nothing on either.")

    def _read(self) -> None:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # the writer has ended: so does this
        try:
            read_source(sys.stdout)
        except DATABASE_ERRORS as error:
            raise Refused(f"The source cannot be read ({error}). Is the site stopped?") from error

    def _write(self) -> None:
        try:
            write_target(sys.stdin, self.stdout.write, self.stderr.write)
        except (*DATABASE_ERRORS, DomainError) as error:
            raise Refused(f"The target cannot be written ({error}).") from error

    def _finish(self) -> None:
        unmark()
