"""Live pieces of analytics. Looked at again every REFRESH_SECONDS, computed again if anything happened since: events
come by the dozen, and figures of months do not have to keep up with each."""

import datetime as dt
import math
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _

from adminpanel import analytics_charts as charts
from adminpanel.analytics import Seen, by_city, by_station, seen, sign_ups
from adminpanel.analytics_cards import cards
from adminpanel.analytics_range import MOST_DAYS, STEPS, WHOLE, Range, Scope, cities
from adminpanel.analytics_rows import rows_behind
from evbunker.live import panel

REFRESH_SECONDS = 14
"""A little less than the hub's own beat, at which it looks for what time alone changes."""
SHADES = 9


class Hour(NamedTuple):
    """One hour of a weekday: EVSEs booked on average, and how dark that is, from 0 to SHADES."""

    booked: str
    shade: int


def key_of(asked: Range, scope: Scope) -> str:
    """The key of the panel."""
    return f"{asked.first}:{asked.last}:{asked.step}:{scope}"


def parse(key: str) -> tuple[Range, Scope]:
    """Raises LookupError."""
    try:
        first, last, step, scope = key.split(":")
        asked = Range(dt.date.fromisoformat(first), dt.date.fromisoformat(last), step)
    except ValueError as error:
        raise LookupError(key) from error
    if step not in STEPS or not 0 < asked.days <= MOST_DAYS:
        raise LookupError(key)
    return asked, Scope.parse(scope)


@panel(
    "analytics", audience="operators", stale_on=(), ttl=REFRESH_SECONDS, by_time=True, keyed=True,
    template="adminpanel/analytics/_analytics.html",
)  # fmt: skip
def analytics(key: str) -> dict[str, object]:
    """All figures of a range and a part of the network."""
    asked, scope = parse(key)
    found = seen(asked, scope)
    shown = [chart for chart in charts_of(found, scope) if chart.rows]
    for chart in shown:
        chart.links = rows_behind(chart.name, asked, scope)
    return {
        "range": asked,
        "scope": scope,
        "cards": cards(found, scope),
        "charts": shown,
        "hours": hours(found),
        "running": bool(found.running),
        "zone": timezone.get_current_timezone_name(),
        "is_empty": all(chart.is_empty for chart in shown),
    }


def charts_of(found: Seen, scope: Scope) -> list[charts.Chart]:
    used = [charts.utilisation(found), charts.estimates(found)]
    if scope.kind == "class":  # bookings and money do not say of which class they are
        return used
    asked = found.range
    made = [charts.bookings(found), charts.revenue(found), charts.energy_chart(found), charts.co2(found), *used]
    zone = ZoneInfo(timezone.get_current_timezone_name())
    signed_up = sign_ups(asked, zone) if scope.kind == WHOLE else None
    made += [charts.conversion(found), charts.lost(found), charts.clients(found, signed_up), charts.classes(found)]
    return made + (_places(asked) if scope.kind == WHOLE else [])


def _places(asked: Range) -> list[charts.Chart]:
    stations, towns = by_station(asked), by_city(asked)
    scopes = {label: scope for scope, label in cities()}
    named = [", ".join(filter(None, place.key)) for place in towns[0]]
    rows = [charts.Row(name or _("No city"), [], f"?of={scopes[name]}" if name in scopes else "") for name in named]
    return [
        charts.places("stations", _("By station"), stations, charts.station_rows(stations[0])),
        charts.places("cities", _("By city"), towns, rows),
    ]


def hours(found: Seen) -> list[tuple[str, list[Hour]]]:
    """The week hour by hour, with the names of its days; empty if nothing was booked."""
    week = found.week()
    most = max(max(row) for row in week)
    if not most:
        return []
    return [(str(WEEKDAYS_ABBR[day]), [_hour(booked, most) for booked in row]) for day, row in enumerate(week)]


def _hour(booked: float, most: float) -> Hour:
    return Hour(f"{booked:.1f}" if booked else "0", math.ceil(booked * SHADES / most))
