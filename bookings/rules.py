"""What may be booked at all: every rule that looks at the wish alone, in the order of the API's refusals."""

import datetime as dt

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings import opening, refusals
from bookings.limits import Limits, limits
from bookings.models import Evse, Station
from bookings.slots import SLOT_MINUTES, SLOT_SECONDS, Period, period_of
from evbunker import clock
from evbunker.moments import format_minutes


def checked_period(
    *, evse: Evse, station: Station, starts_at: dt.datetime, minutes: int, energy_wh: int, had_minutes: int = 0
) -> Period:
    """The period that was asked for, or the first refusal of `design.md` 7 that applies to it.

    A booking that already lasts `had_minutes` may last so long, whatever the operator allows new ones.
    """
    check_bookable(evse=evse, station=station)
    if starts_at.tzinfo is None:
        raise refusals.TimeWithoutZone
    check_length(starts_at=starts_at, minutes=minutes, had_minutes=had_minutes)
    check_when(starts_at=starts_at)
    period = period_of(starts_at, minutes)
    if not opening.is_open(station.opening_hours, station.zone, period.starts_at, period.ends_at):
        raise refusals.Closed
    if not 1 <= energy_wh <= most_energy_wh(evse, minutes):
        raise refusals.EnergyOutOfRange
    return period


def check_bookable(*, evse: Evse, station: Station) -> None:
    """Refuse what has no price, is shut down or broken."""
    if not (station.bookable and evse.is_bookable):
        raise refusals.NotBookable


def check_length(*, starts_at: dt.datetime, minutes: int, had_minutes: int = 0) -> None:
    """Refuse what is off the grid of quarter hours, shorter than one slot or longer than the operator allows."""
    if starts_at.timestamp() % SLOT_SECONDS or minutes % SLOT_MINUTES:
        raise refusals.OffGrid
    if minutes < SLOT_MINUTES:
        raise refusals.TooShort
    if minutes > max(limits().minutes, min(had_minutes, Limits().minutes)):
        raise too_long()


def check_when(*, starts_at: dt.datetime) -> None:
    """Refuse the past and the far future."""
    now = clock.now()
    if starts_at < now:
        raise refusals.SlotInPast
    if starts_at > now + dt.timedelta(days=limits().days_ahead):
        raise refusals.TooFarAhead(too_far_ahead())


def too_long() -> refusals.TooLong:
    most = limits()
    if most.slots == Limits().slots:
        return refusals.TooLong()
    return refusals.TooLong(_("A booking lasts at most %(length)s.") % {"length": format_minutes(most.minutes)})


def too_far_ahead() -> str:
    """How far ahead one can book, in a sentence."""
    days = limits().days_ahead
    told = ngettext("You can book up to %(days)s day ahead.", "You can book up to %(days)s days ahead.", days)
    return told % {"days": days}


def most_energy_wh(evse: Evse, minutes: int) -> int:
    """What the EVSE can deliver in that time at full power."""
    return evse.max_power_w * minutes // 60
