"""Let made-up drivers use the API."""

import random
import time
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from adminpanel.demo.people import OTHERS, address_of
from adminpanel.demo.traffic import Driver, one_act
from bookings.models import ApiToken, Client
from bookings.tokens import create_token

TOKEN_NAME = "simulate_traffic"  # noqa: S105 (a name)
DRIVERS = 12


class Command(BaseCommand):
    help = "Let the Demo network's drivers book, pay and charge through the API at SITE_URL until stopped."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--per-minute", type=float, default=12, help="acts a minute (default 12)")
        parser.add_argument("--acts", type=int, default=0, help="stop after so many acts (default: never)")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["per_minute"] <= 0:
            raise CommandError("--per-minute must be above 0.")
        drivers = self._drivers()
        done = 0
        with suppress(KeyboardInterrupt):
            while not options["acts"] or done < options["acts"]:
                self.stdout.write(one_act(random.choice(drivers), random.Random()))  # noqa: S311 (play)
                done += 1
                time.sleep(60 / options["per_minute"])
        self.stdout.write(f"{done} acts.")

    def _drivers(self) -> list[Driver]:
        addresses = sorted(map(address_of, OTHERS))[:DRIVERS]
        people = list(Client.objects.filter(email__in=addresses))
        if not people:
            raise CommandError("There are no demo drivers: run seed_demo first.")
        ApiToken.objects.filter(client__in=people, name=TOKEN_NAME).delete()
        return [Driver(settings.SITE_URL, create_token(client=one, name=TOKEN_NAME)[1]) for one in people]
