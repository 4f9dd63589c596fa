"""Which local days are to be summed up (again): the half that is certain.

Totals of days are kept above (`adminpanel/rollups.py`), where nothing here may look. So every unit of work that changes
what a day comes to inserts a mark, which is there exactly if the change is: `bookings/totals.py` for all that writes or
removes an eco stat (a confirmation, a session's end, a no-show), `payments/settling.py` for a capture. Whoever changes
a confirmed booking's status or a captured payment in another way marks its day as well.
"""

import datetime as dt
from uuid import UUID
from zoneinfo import ZoneInfo

from bookings.models import StaleDay


def mark_stale(*, station_id: UUID, day: dt.date, time_zone: str) -> None:
    """Say, inside the unit of work that does it, that figures of the station's local `day` change."""
    StaleDay.objects.create(station_id=station_id, day=day, ends_at=end_of_day(day, time_zone))


def end_of_day(day: dt.date, time_zone: str) -> dt.datetime:
    """When `day` is over in that zone, as an aware instant in UTC."""
    midnight = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), tzinfo=ZoneInfo(time_zone))
    return midnight.astimezone(dt.UTC)
