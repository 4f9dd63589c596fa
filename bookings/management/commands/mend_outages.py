"""Begin and end outages until they fit the EVSEs' statuses."""

from typing import Any

from django.core.management.base import BaseCommand

from bookings.mending import mend_outages


class Command(BaseCommand):
    help = "Give every EVSE that is down an outage, and end those of the others. Safe to run twice and at once."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{mend_outages()} outages begun or ended.")
