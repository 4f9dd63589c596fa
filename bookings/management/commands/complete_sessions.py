"""Close charging sessions whose time is over."""

from typing import Any

from django.core.management.base import BaseCommand

from bookings.charging import complete_sessions


class Command(BaseCommand):
    help = "Complete sessions and close bookings nobody used, once their time is over. Safe to run twice and at once."

    def handle(self, *args: Any, **options: Any) -> None:
        completed, unused = complete_sessions()
        self.stdout.write(f"{completed} sessions completed, {unused} bookings not used.")
