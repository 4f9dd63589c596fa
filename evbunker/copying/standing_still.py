"""Has the site been stopped? Nothing can know for certain; a scheduler at work shows."""

import datetime as dt

from django.apps import apps

from evbunker import clock
from evbunker.copying.refusing import Refused

QUIET_SECONDS = 30
"""A scheduler that works beats every five seconds (`adminpanel/scheduling.py`)."""


def refuse_if_at_work(side: str) -> None:
    """Raise Refused if a scheduler has finished a job lately on this side, "source" or "target"."""
    beats = apps.get_model("adminpanel", "Beat")._base_manager
    since = clock.now() - dt.timedelta(seconds=QUIET_SECONDS)
    if beats.filter(beaten_at__gt=since).exists():
        raise Refused(
            f"A scheduler was at work on the {side} in the last {QUIET_SECONDS} seconds. Stop the site, wait so long, "
            "and run the same command again."
        )
