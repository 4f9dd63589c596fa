"""Has the site been stopped? Nothing can know for certain; jobs that were done a moment ago show."""

import datetime as dt

from django.apps import apps

from evbunker import clock
from evbunker.copying.refusing import Refused

QUIET_SECONDS = 30
"""A scheduler that runs does a job every five seconds (`adminpanel/scheduling.py`)."""


def refuse_if_at_work(side: str) -> None:
    """Raise Refused if a periodic job was done lately on this side, "source" or "target"."""
    beats = apps.get_model("adminpanel", "Beat")._base_manager
    since = clock.now() - dt.timedelta(seconds=QUIET_SECONDS)
    if beats.filter(beaten_at__gt=since).exists():
        raise Refused(
            f"A periodic job was done on the {side} in the last {QUIET_SECONDS} seconds. Stop the site with its "
            "scheduler, wait so long, and run the same command again."
        )
