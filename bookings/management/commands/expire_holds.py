"""Expire holds that nobody paid."""

from typing import Any

from django.core.management.base import BaseCommand

from bookings.holding import expire_holds


class Command(BaseCommand):
    help = "Expire holds whose deadline and grace are over. Safe to run twice and at once."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{expire_holds()} holds expired.")
