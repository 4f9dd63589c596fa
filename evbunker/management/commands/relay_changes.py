"""Turn what any program writes into the database into live events."""

import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from evbunker.db import is_standalone
from evbunker.relay.running import Relaying


class Command(BaseCommand):
    help = (
        "Follow MongoDB's change streams and tell open pages what changed, until stopped (LIVE_SOURCE=change-streams). "
        "Several at once do no harm: one leads, and another takes over within ten seconds."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        _refuse()
        relaying = Relaying(self._say)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: relaying.stop.set())
        relaying.run()
        self._say("Stopped.")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def _refuse() -> None:
    """Raise CommandError, with the reason, where there is nothing to relay."""
    if settings.LIVE_SOURCE != "change-streams":
        raise CommandError(
            f"LIVE_SOURCE is {settings.LIVE_SOURCE!r}: the servers tell their events themselves. "
            "Set LIVE_SOURCE=change-streams, for them too, to have them relayed."
        )
    if not settings.ON_MONGODB or not settings.REDIS_URL:
        raise CommandError("Change streams need MongoDB (DATABASE_URL) and Redis (REDIS_URL).")
    if is_standalone():
        raise CommandError("This MongoDB server belongs to no replica set, so it has no change streams.")
