"""Sum up what has ended."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from adminpanel.rollups import close_days


class Command(BaseCommand):
    help = "Sum up the ended days that are new or have changed since. Safe to run twice and at once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--history", action="store_true", help="walk through all days, also those that other programs wrote"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        done = close_days(progress=self.stderr.write, history=options["history"])
        self.stdout.write(f"{done.days} days looked at, {done.totals} totals made or mended.")
