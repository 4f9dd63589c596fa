"""Time as it is booked: slots of 15 minutes, counted from the epoch, so that no time zone moves them."""

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

SLOT_SECONDS = 900
"""The quantum never changes: claims made with another one would not exclude these."""
SLOT_MINUTES = SLOT_SECONDS // 60
MOST_SLOTS = 32
MOST_DAYS_AHEAD = 30


@dataclass(frozen=True)
class Period:
    """Half-open `[starts_at, ends_at)`, aware UTC."""

    starts_at: dt.datetime
    ends_at: dt.datetime

    @property
    def minutes(self) -> int:
        return int((self.ends_at - self.starts_at).total_seconds()) // 60

    def slots(self) -> range:
        """The slots it covers; both ends must lie on the grid."""
        return range(slot_of(self.starts_at), slot_of(self.ends_at))


def slot_of(moment: dt.datetime) -> int:
    """The slot that `moment` falls into."""
    return int(moment.timestamp()) // SLOT_SECONDS


def start_of(slot: int) -> dt.datetime:
    """When `slot` begins, aware UTC."""
    return dt.datetime.fromtimestamp(slot * SLOT_SECONDS, tz=dt.UTC)


def period_of(starts_at: dt.datetime, minutes: int) -> Period:
    """`minutes` from `starts_at` on; no rule is checked here."""
    begin = starts_at.astimezone(dt.UTC)
    return Period(begin, begin + dt.timedelta(minutes=minutes))


def day_period(day: dt.date, zone: ZoneInfo) -> Period:
    """The local `day` in `zone`, from midnight to midnight: 23 to 25 hours."""
    return Period(_midnight(day, zone), _midnight(day + dt.timedelta(days=1), zone))


def _midnight(day: dt.date, zone: ZoneInfo) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), tzinfo=zone).astimezone(dt.UTC)


def runs(slots: list[int]) -> list[range]:
    """Sorted slots joined into unbroken runs."""
    joined: list[range] = []
    for slot in slots:
        if joined and joined[-1].stop == slot:
            joined[-1] = range(joined[-1].start, slot + 1)
        else:
            joined.append(range(slot, slot + 1))
    return joined
