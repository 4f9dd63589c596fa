"""Ask the gateways for what was cut off."""

from typing import Any

from django.core.management.base import BaseCommand

from payments.reconciling import reconcile_payments


class Command(BaseCommand):
    help = "Settle payments under way, work off kept webhooks and the outbox. Safe to run twice and at once."

    def handle(self, *args: Any, **options: Any) -> None:
        done = reconcile_payments()
        self.stdout.write(
            f"{done.cancelled} attempts to pay cancelled, {done.payments} payments asked for, "
            f"{done.events} events worked off, {done.commands} commands done, "
            f"{done.receipts} earlier payments given receipts."
        )
