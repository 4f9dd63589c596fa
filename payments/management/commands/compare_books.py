"""Compare the books of the gateways with ours."""

import argparse
import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand

from payments.comparing import compare_day, days_due, gateways_used
from payments.gateways.base import GatewayDown


class Command(BaseCommand):
    help = "Compare a day of every gateway's books with ours, both ways. Safe to run twice and at once."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--day", type=dt.date.fromisoformat, help="a UTC day, YYYY-MM-DD; without it: what is due")

    def handle(self, *args: Any, day: dt.date | None, **options: Any) -> None:
        due = [(name, one) for name in gateways_used() for one in ([day] if day else days_due(name))]
        for name, one in due:
            self._compare(name, one)
        self.stdout.write(f"Compared: {len(due)}.")

    def _compare(self, name: str, day: dt.date) -> None:
        try:
            row = compare_day(gateway=name, day=day)
        except GatewayDown as error:
            self.stderr.write(f"{name} {day}: not compared, {error}")
            return
        self.stdout.write(f"{name} {day}: {row.get_state_display()}")
        for line in row.differences:
            self.stdout.write(f"  {line}")
