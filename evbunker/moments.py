"""How instants and spans of time are written, in the time zone of the place they are about."""

import datetime as dt
from zoneinfo import ZoneInfo

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from evbunker import clock
from evbunker.money import MINUS, NO_BREAK_SPACE

DAY = "D j M"
DAY_AND_YEAR = "D j M Y"
TIME = "H:i"
EN_DASH = "\N{EN DASH}"


def in_zone(moment: dt.datetime, zone: str | ZoneInfo) -> dt.datetime:
    """The wall clock of `zone` at `moment`."""
    return moment.astimezone(zone if isinstance(zone, ZoneInfo) else ZoneInfo(zone))


def zone_name(local: dt.datetime) -> str:
    """`CET`, `IST`; zones that have no letters of their own read `UTC+3`, `UTC+5:30`."""
    name = local.tzname() or "UTC"
    if name[0] not in "+-":
        return name
    hours, minutes = name[1:3].lstrip("0") or "0", name[3:5]
    sign = MINUS if name[0] == "-" else "+"
    return f"UTC{sign}{hours}{':' + minutes if minutes not in ('', '00') else ''}"


def format_day(day: dt.date) -> str:
    """`Sat 21 Nov`; with the year when it is not this one."""
    return formats.date_format(day, DAY if day.year == clock.now().year else DAY_AND_YEAR)


def format_time(moment: dt.datetime, zone: str | ZoneInfo) -> str:
    """`14:30`."""
    return formats.date_format(in_zone(moment, zone), TIME)


def format_moment(moment: dt.datetime, zone: str | ZoneInfo) -> str:
    """`Sat 21 Nov, 14:30 CET`."""
    local = in_zone(moment, zone)
    return f"{format_day(local.date())}, {formats.date_format(local, TIME)}{NO_BREAK_SPACE}{zone_name(local)}"


def format_period(starts_at: dt.datetime, ends_at: dt.datetime, zone: str | ZoneInfo) -> str:
    """`Sat 21 Nov, 14:30` to `15:30 CET`; the day and the zone's name a second time only where they change."""
    start, end = in_zone(starts_at, zone), in_zone(ends_at, zone)
    if start.date() != end.date():
        return f"{format_moment(starts_at, zone)} {EN_DASH} {format_moment(ends_at, zone)}"
    opening = formats.date_format(start, TIME)
    if zone_name(start) != zone_name(end):
        opening += f"{NO_BREAK_SPACE}{zone_name(start)}"
    closing = f"{formats.date_format(end, TIME)}{NO_BREAK_SPACE}{zone_name(end)}"
    return f"{format_day(start.date())}, {opening}{EN_DASH}{closing}"


def format_minutes(minutes: int) -> str:
    """`45 min`, `2 h`, `1 h 30 min`."""
    hours, rest = divmod(minutes, 60)
    parts = [_("%(hours)d h") % {"hours": hours}] if hours else []
    if rest or not hours:
        parts.append(_("%(minutes)d min") % {"minutes": rest})
    return NO_BREAK_SPACE.join(parts).replace(" ", NO_BREAK_SPACE)


def format_ago(moment: dt.datetime) -> str:
    """`just now`, `5 min ago`, `in 2 h`, `3 days ago`; how far `moment` is from now."""
    seconds = int((clock.now() - moment).total_seconds())
    if abs(seconds) < 60:
        return _("just now")
    span = _span(abs(seconds) // 60)
    return _("%(span)s ago") % {"span": span} if seconds > 0 else _("in %(span)s") % {"span": span}


def _span(minutes: int) -> str:
    if minutes < 60:
        return _("%(minutes)d min") % {"minutes": minutes}
    if minutes < 24 * 60:
        return _("%(hours)d h") % {"hours": minutes // 60}
    days = minutes // (24 * 60)
    return ngettext("%(days)d day", "%(days)d days", days) % {"days": days}
