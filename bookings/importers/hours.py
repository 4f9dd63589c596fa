"""Opening hours as files write them, in the shape that `bookings.opening` reads."""

import datetime as dt
import re
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError

from bookings.importers.values import count, items, mapping, text
from bookings.opening import DAY_AND_NIGHT, validate

Hours = dict[str, Any]
NOT_UNDERSTOOD = "opening hours that could not be read left out"


def time_of_day(said: object) -> str:
    """`HH:MM` of a time, empty if it is none; the last minute of the day means midnight."""
    found = re.fullmatch(r"(\d{1,2}):(\d\d)(?::\d\d)?", text(said), re.ASCII)
    if not found or int(found[1]) > 24 or int(found[2]) > 59:
        return ""
    time = f"{int(found[1]):02}:{found[2]}"
    return "24:00" if time >= "23:59" else time


def weekly(periods: Iterable[tuple[object, object, object]]) -> list[dict[str, Any]]:
    """Regular hours of (weekday, begin, end); what cannot be read is left out, always open is an empty list."""
    read = [period for said in periods if (period := _period(*said))]
    read.sort(key=lambda period: (period["weekday"], period["period_begin"]))
    return [] if read == DAY_AND_NIGHT else read


def _period(weekday: object, opens: object, closes: object) -> dict[str, Any] | None:
    """Closing at 00:00 is closing at midnight."""
    day = count(weekday)
    begin, end = time_of_day(opens).replace("24:00", "00:00"), time_of_day(closes).replace("00:00", "24:00")
    if not 1 <= day <= 7 or not begin or not end or begin == end:
        return None
    return {"weekday": day, "period_begin": begin, "period_end": end}


def of_ocpi(said: object) -> tuple[Hours, tuple[str, ...]]:
    """OCPI's `opening_times`, and a note if something of it could not be read."""
    times = mapping(said)
    hours: Hours = {}
    periods = items(times.get("regular_hours"))
    regular = weekly((day.get("weekday"), day.get("period_begin"), day.get("period_end")) for day in periods)
    if regular and times.get("twentyfourseven") is not True:
        hours["regular_hours"] = regular
    for key in ("exceptional_openings", "exceptional_closings"):
        if exceptions := [_exception(period) for period in items(times.get(key))]:
            hours[key] = exceptions
    try:
        validate(hours)
    except ValidationError:
        return {}, (NOT_UNDERSTOOD,)
    return hours, ()


def _exception(period: dict[str, Any]) -> dict[str, str]:
    return {key: _with_zone(text(period.get(key))) for key in ("period_begin", "period_end")}


def _with_zone(moment: str) -> str:
    """OCPI's instants are UTC where they do not say."""
    try:
        parsed = dt.datetime.fromisoformat(moment)
    except ValueError:
        return moment
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=dt.UTC)).isoformat()
