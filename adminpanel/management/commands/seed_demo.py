"""Fill a site with a made-up operator."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.test.utils import override_settings

from adminpanel.demo.history import OPEN_FOR, WISHES, History, note_seeded, opening_of_the_network, was_seeded, wishes
from adminpanel.demo.network import SOURCE, build_network
from adminpanel.demo.people import DRIVER, OPERATOR, OWNER, PASSWORD, make_people
from adminpanel.rollups import close_days
from bookings.models import Evse, Station
from evbunker import clock
from evbunker.db import not_waiting_for_the_disk

QUIETLY = {"EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend", "SANDBOX_AUTO_WEBHOOK": False}
"""History sends no e-mails and calls no webhooks."""


class Command(BaseCommand):
    help = "Make the Demo network: 8 cities, 40 stations, 92 EVSEs, drivers, staff and three months of bookings."

    def handle(self, *args: Any, **options: Any) -> None:
        if not (settings.SANDBOX_ALLOWED and "sandbox" in settings.PAYMENT_GATEWAYS):
            raise CommandError(
                "The demonstration pays with the sandbox: set PAYMENT_GATEWAYS=sandbox SANDBOX_ALLOWED=1."
            )
        with override_settings(**QUIETLY), not_waiting_for_the_disk():
            opened_at = opening_of_the_network(clock.now())
            with clock.moved_to(opened_at):
                stations = build_network()
            drivers = make_people(opened_at)
            history = self._play(drivers)
            note_seeded(drivers[0])
            close_days(progress=self.stderr.write)
        self.stdout.write(f"{stations} stations and {history.made} bookings made, {history.refused} wishes refused.")
        self.stdout.write(f"Sign in as {DRIVER}, {OPERATOR} or {OWNER} with the password {PASSWORD}")

    def _play(self, drivers: list[Any]) -> History:
        history = History(now=clock.now(), progress=self._progress)
        if was_seeded(drivers[0]):
            return history
        network = list(Station.objects.filter(source=SOURCE).order_by("source_id"))
        evses = list(Evse.objects.filter(station_id__in=[station.pk for station in network]).order_by("label"))
        first_run = (drivers[0].created_at + OPEN_FOR).date()  # a second run makes the same plan
        history.play(list(wishes(today=first_run, drivers=drivers, stations=network, evses=evses)))
        return history

    def _progress(self, made: int) -> None:
        if made % 200 == 0:
            self.stderr.write(f"{made} bookings of {WISHES} wishes")
