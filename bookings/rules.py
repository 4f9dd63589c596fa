"""What may be booked at all: every rule that looks at the wish alone, in the order of the API's refusals."""

import datetime as dt

from bookings import opening, refusals
from bookings.models import Evse, Station
from bookings.slots import MOST_DAYS_AHEAD, MOST_SLOTS, SLOT_MINUTES, SLOT_SECONDS, Period, period_of
from evbunker import clock


def checked_period(*, evse: Evse, station: Station, starts_at: dt.datetime, minutes: int, energy_wh: int) -> Period:
    """The period that was asked for, or the first refusal of `design.md` 7 that applies to it."""
    check_bookable(evse=evse, station=station)
    if starts_at.tzinfo is None:
        raise refusals.TimeWithoutZone
    check_length(starts_at=starts_at, minutes=minutes)
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


def check_length(*, starts_at: dt.datetime, minutes: int) -> None:
    """Refuse what is off the grid of quarter hours, shorter than one slot or longer than 32."""
    if starts_at.timestamp() % SLOT_SECONDS or minutes % SLOT_MINUTES:
        raise refusals.OffGrid
    if minutes < SLOT_MINUTES:
        raise refusals.TooShort
    if minutes > MOST_SLOTS * SLOT_MINUTES:
        raise refusals.TooLong


def check_when(*, starts_at: dt.datetime) -> None:
    """Refuse the past and the far future."""
    now = clock.now()
    if starts_at < now:
        raise refusals.SlotInPast
    if starts_at > now + dt.timedelta(days=MOST_DAYS_AHEAD):
        raise refusals.TooFarAhead


def most_energy_wh(evse: Evse, minutes: int) -> int:
    """What the EVSE can deliver in that time at full power."""
    return evse.max_power_w * minutes // 60
