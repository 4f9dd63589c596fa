"""Receipts for accounting."""

import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from payments.receipt_export import csv_of


class Command(BaseCommand):
    help = "Write receipts and credit notes as CSV to the standard output."

    def add_arguments(self, parser: CommandParser) -> None:
        for name, text in (("from", "the first day"), ("to", "the last day")):
            parser.add_argument(
                f"--{name}", required=True, type=dt.date.fromisoformat, dest=name, help=f"{text}, such as 2026-03-31"
            )

    def handle(self, *args: Any, **options: Any) -> None:
        for piece in csv_of(options["from"], options["to"]):
            self.stdout.write(piece, ending="")
