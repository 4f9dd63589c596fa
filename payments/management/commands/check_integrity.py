"""Does everything fit together?"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from payments.integrity import check_integrity


class Command(BaseCommand):
    help = "Check that claims, bookings, sessions, money and sums fit; exit 1 if anything does not. Changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        found = check_integrity()
        for sentence in found:
            self.stderr.write(sentence)
        if found:
            raise CommandError(f"{len(found)} findings.", returncode=1)
        self.stdout.write("Everything fits.")
