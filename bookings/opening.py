"""When a station is open. The shape is OCPI's `Hours`, kept on `Station.opening_hours`:

`regular_hours` is a list of `{"weekday": 1..7, "period_begin": "08:00", "period_end": "22:00"}` in local time (Monday
is 1; an end at or before the begin lies on the next day, "24:00" is midnight); without it the station is open day and
night, so `{}` is always open. `exceptional_openings` and `exceptional_closings` are lists of `{"period_begin",
"period_end"}` in ISO 8601 with offset; a closing wins over whatever opens.
"""

import datetime as dt
import re
from collections.abc import Iterator
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _

from evbunker import clock
from evbunker.moments import format_period

Interval = tuple[dt.datetime, dt.datetime]
Hours = dict[str, Any]
KEYS = {"regular_hours", "exceptional_openings", "exceptional_closings"}
DAY_AND_NIGHT = [{"weekday": day, "period_begin": "00:00", "period_end": "24:00"} for day in range(1, 8)]
ONE_DAY = dt.timedelta(days=1)


def is_open(hours: Hours, zone: ZoneInfo, starts_at: dt.datetime, ends_at: dt.datetime) -> bool:
    """Is it open for the whole of `[starts_at, ends_at)`?"""
    if not hours:
        return True
    reached = starts_at
    for begin, end in _intervals(hours, zone, starts_at.astimezone(zone).date(), ends_at.astimezone(zone).date()):
        if begin <= reached < end:
            reached = end
    return reached >= ends_at


def open_intervals(hours: Hours, zone: ZoneInfo, day: dt.date) -> list[Interval]:
    """When it is open within the local `day`, aware UTC, in order."""
    begin, end = _local(day, dt.time(), zone), _local(day + ONE_DAY, dt.time(), zone)
    if not hours:
        return [(begin, end)]
    return [(max(a, begin), min(b, end)) for a, b in _intervals(hours, zone, day, day) if a < end and b > begin]


def _intervals(hours: Hours, zone: ZoneInfo, first: dt.date, last: dt.date) -> list[Interval]:
    """Open times that touch these local days, joined and in order."""
    days = [first + n * ONE_DAY for n in range(-1, (last - first).days + 1)]
    regular = [interval for day in days for interval in _regular(hours, zone, day)]
    opened = _joined(sorted([*regular, *_exceptions(hours, "exceptional_openings")]))
    for begin, end in _exceptions(hours, "exceptional_closings"):
        opened = [part for interval in opened for part in _without(interval, begin, end)]
    return opened


def _regular(hours: Hours, zone: ZoneInfo, day: dt.date) -> Iterator[Interval]:
    for period in hours.get("regular_hours", DAY_AND_NIGHT):
        if period["weekday"] == day.isoweekday():
            begin, end = _time(period["period_begin"]), _time(period["period_end"])
            yield _local(day, begin, zone), _local(day + ONE_DAY if end <= begin else day, end, zone)


def _exceptions(hours: Hours, key: str) -> list[Interval]:
    return [(_moment(period["period_begin"]), _moment(period["period_end"])) for period in hours.get(key, [])]


def _joined(intervals: list[Interval]) -> list[Interval]:
    joined: list[Interval] = []
    for begin, end in intervals:
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return joined


def _without(interval: Interval, begin: dt.datetime, end: dt.datetime) -> list[Interval]:
    parts = [(interval[0], min(interval[1], begin)), (max(interval[0], end), interval[1])]
    return [(a, b) for a, b in parts if a < b]


def _local(day: dt.date, time: dt.time, zone: ZoneInfo) -> dt.datetime:
    return dt.datetime.combine(day, time, tzinfo=zone).astimezone(dt.UTC)


def _time(text: str) -> dt.time:
    return dt.time() if text == "24:00" else dt.time.fromisoformat(text)


def _moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).astimezone(dt.UTC)


def validate(hours: object) -> None:
    """Raise ValidationError with a sentence unless `hours` has the shape above."""
    if not isinstance(hours, dict) or not set(hours) <= KEYS:
        raise ValidationError(_("Opening hours may have only the keys %(keys)s.") % {"keys": ", ".join(sorted(KEYS))})
    try:
        for period in hours.get("regular_hours", []):
            _check_regular(period["weekday"], period["period_begin"], period["period_end"])
        for key in ("exceptional_openings", "exceptional_closings"):
            for period in hours.get(key, []):
                _check_exception(period["period_begin"], period["period_end"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValidationError(
            _("Opening hours are written like 08:00; exceptions like 2026-12-24T12:00+01:00.")
        ) from error


def _check_regular(weekday: object, begin: str, end: str) -> None:
    if type(weekday) is not int or not 1 <= weekday <= 7:
        raise ValidationError(_("A weekday is a number from 1, Monday, to 7."))
    if not (re.fullmatch(r"\d\d:\d\d", begin) and re.fullmatch(r"\d\d:\d\d", end)):
        raise ValueError("not hours and minutes")
    _time(begin), _time(end)


def _check_exception(begin: str, end: str) -> None:
    starts_at, ends_at = dt.datetime.fromisoformat(begin), dt.datetime.fromisoformat(end)
    if starts_at.tzinfo is None or ends_at.tzinfo is None or starts_at >= ends_at:
        raise ValidationError(_("An exception begins before it ends, both with a time zone."))


def describe(hours: Hours, zone: ZoneInfo) -> list[tuple[str, str]]:
    """Lines for a page, (when, times): the week with equal days joined, then the exceptions that are not over."""
    return [*_week(hours), *_coming(hours, zone)]


def _week(hours: Hours) -> Iterator[tuple[str, str]]:
    if "regular_hours" not in hours:
        yield _("Every day"), _("day and night")
        return
    by_day = [(day, _times(hours, day)) for day in range(1, 8)]
    for times, group in groupby(by_day, key=lambda pair: pair[1]):
        days = [day for day, _same in group]
        yield _days(days[0], days[-1]), times or _("closed")


def _coming(hours: Hours, zone: ZoneInfo) -> Iterator[tuple[str, str]]:
    kinds = {"exceptional_closings": _("closed"), "exceptional_openings": _("open as an exception")}
    for key, what in kinds.items():
        for begin, end in sorted(_exceptions(hours, key)):
            if end > clock.now():
                yield format_period(begin, end, zone), what


def _times(hours: Hours, day: int) -> str:
    periods = [period for period in hours.get("regular_hours", []) if period["weekday"] == day]
    return ", ".join(f"{period['period_begin']}–{period['period_end']}" for period in periods)


def _days(first: int, last: int) -> str:
    if (first, last) == (1, 7):
        return _("Every day")
    names = [str(WEEKDAYS[day - 1]) for day in dict.fromkeys((first, last))]
    return "–".join(names)
