"""How far the telling is behind the writing."""

from django.conf import settings

from evbunker import clock
from evbunker.health import Standing
from evbunker.models import Relay
from evbunker.relay.lease import NAME

LATE_AFTER_SECONDS = 15
"""Another relay takes over within 10 s, and each beat may be a few seconds old."""


def relay_lag_seconds() -> float | None:
    """For how long a write may have been waiting to be told; None where nothing relays or it never began.

    Up to 3 s is rest: the relay notes so often that it is up to date.
    """
    row = Relay.objects.filter(name=NAME).first() if settings.LIVE_SOURCE == "change-streams" else None
    if row is None or row.told_until is None:
        return None
    return max(0.0, (clock.now() - row.told_until).total_seconds())


def relay_standing() -> Standing:
    """Late also when it never began."""
    if settings.LIVE_SOURCE != "change-streams":
        return Standing("not used")
    lag = relay_lag_seconds()
    if lag is None:
        return Standing("late")
    return Standing("late" if lag > LATE_AFTER_SECONDS else "ok", int(lag))
