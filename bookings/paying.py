"""Beginning to pay: the one time that a hold gets more time."""

import datetime as dt

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from bookings.holding import announce
from bookings.models import Booking
from bookings.refusals import HoldExpired, NotPayable, Paid
from evbunker import clock
from evbunker.audit import record_change
from evbunker.db import RunAgain, atomic, claim

LEAST_SECONDS = 60
"""Nobody begins to pay with less time left: the money would come when the hold is over (`booking-payments.md` 2.4)."""


def check_payable(booking: Booking) -> None:
    """Refuse what is paid, over or out of time."""
    if booking.is_paid:
        raise Paid(_("This booking is paid already."))
    if booking.status == Booking.Status.EXPIRED or (booking.expires_at and booking.expires_at <= clock.now()):
        raise HoldExpired
    if not booking.is_held:
        raise NotPayable


@atomic
def begin_paying(*, booking: Booking) -> Booking:
    """The hold as it stands when its driver begins to pay: the first time it gets more time, never again.

    It then lasts BOOKING_HOLD_SECONDS from now, but not longer than the booked time. Raises Paid, NotPayable, or
    HoldExpired, also where less than LEAST_SECONDS are left.
    """
    held = Booking.objects.get(pk=booking.pk)
    check_payable(held)
    assert held.expires_at is not None, "a hold has a deadline"
    now = clock.now()
    if held.expires_at < now + least():
        raise HoldExpired(_("Too little time is left to pay for this booking. Please give it up and book again."))
    if held.paying_since is None:
        until = min(now + dt.timedelta(seconds=settings.BOOKING_HOLD_SECONDS), held.ends_at)
        _give_time(held, until=max(held.expires_at, until), now=now)
    return held


def least() -> dt.timedelta:
    """How much time must be left: LEAST_SECONDS, or half of a hold that is hardly longer than that."""
    return dt.timedelta(seconds=min(LEAST_SECONDS, settings.BOOKING_HOLD_SECONDS / 2))


def _give_time(held: Booking, *, until: dt.datetime, now: dt.datetime) -> None:
    """The row decides between this and whoever expires, takes over or gives up the hold at the same moment."""
    before = held.expires_at
    first = Booking.objects.held().filter(pk=held.pk, paying_since__isnull=True, expires_at=before)
    if not claim(first, paying_since=now, expires_at=until):
        raise RunAgain
    held.paying_since, held.expires_at = now, until
    record_change(
        actor="starting to pay", action="booking.hold_extended", record=held,
        before={"expires_at": before and before.isoformat()}, after={"expires_at": until.isoformat()},
    )  # fmt: skip
    announce(held)
