"""Live pieces of the operators' pages."""

import datetime as dt
from typing import NamedTuple

from django.utils import timezone

from adminpanel import activity_panels, needs  # noqa: F401 - declares its panels
from adminpanel.feeding import newest_of_each
from adminpanel.stats import OVERVIEW_SECONDS, Overview, overview
from adminpanel.trends import trends_of
from bookings.models import ChargingSession
from evbunker.live import panel
from evbunker.live.events import NAMES

SESSIONS_SHOWN = 20
ALERTS_SHOWN = 5
ACTIVITY_SHOWN, OF_EACH = 12, 4
"""On the overview."""
ALERT_SECONDS = 30
"""Time alone begins and ends some."""
WEEK = 7
BAR = 1000
"""The state bar's length, in its own units."""


class Share(NamedTuple):
    """One part of the state bar."""

    state: str
    evses: int
    offset: int
    length: int


@panel(
    "overview-cards", audience="operators", stale_on=NAMES, ttl=OVERVIEW_SECONDS,
    template="adminpanel/overview/_cards.html",
)  # fmt: skip
def overview_cards() -> dict[str, object]:
    """The network and its day, in figures."""
    seen = overview()
    return {"overview": seen, "trends": trends_of(seen.days)}


@panel(
    "overview-network", audience="operators", stale_on=NAMES, ttl=OVERVIEW_SECONDS,
    template="adminpanel/overview/_network.html",
)  # fmt: skip
def overview_network() -> dict[str, object]:
    """Stations and EVSEs by state."""
    seen = overview()
    return {"overview": seen, "evse_shares": shares(seen)}


def shares(seen: Overview) -> list[Share]:
    """The EVSEs' states side by side, each as long as its count."""
    found, offset = [], 0
    for state, count in seen.evses.items():
        length = round(BAR * count / seen.evses_total) if seen.evses_total else 0
        found.append(Share(state, count, offset, length))
        offset += length
    return found


@panel(
    "overview-week", audience="operators", stale_on=NAMES, ttl=OVERVIEW_SECONDS,
    template="adminpanel/overview/_week.html", by_time=True,
)  # fmt: skip
def overview_week() -> dict[str, object]:
    """Today and the six days before it, each with its date by the reader's own clock."""
    seen = overview()
    today = seen.as_of.astimezone(timezone.get_current_timezone()).date()
    days = seen.days[:WEEK]
    return {
        "days": [(today - dt.timedelta(days=ago), figures) for ago, figures in enumerate(days)],
        "is_empty": all(figures.is_empty for figures in days),
    }


@panel(
    "activity",
    audience="operators",
    stale_on=NAMES,
    ttl=OVERVIEW_SECONDS,
    template="adminpanel/overview/_activity.html",
)
def activity() -> dict[str, object]:
    """What happened last."""
    return {"items": newest_of_each(OF_EACH, ACTIVITY_SHOWN)}


@panel(
    "overview-sessions", audience="operators", stale_on={"charging_session_update"}, ttl=OVERVIEW_SECONDS,
    template="adminpanel/overview/_sessions.html",
)  # fmt: skip
def overview_sessions() -> dict[str, object]:
    """Who is charging now, the next to end first: never more than there are EVSEs."""
    active = ChargingSession.objects.active().order_by("scheduled_end")[: SESSIONS_SHOWN + 1]
    rows = list(active)
    return {
        "sessions": rows[:SESSIONS_SHOWN],
        "more": len(rows) > SESSIONS_SHOWN,
    }


@panel(
    "alerts", audience="operators", stale_on=needs.STALE_ON, ttl=ALERT_SECONDS, by_time=True,
    template="adminpanel/alerts/_alerts.html",
)  # fmt: skip
def alerts() -> dict[str, object]:
    """All that needs an operator."""
    return {"needs": needs.needs()}


@panel(
    "overview-alerts", audience="operators", stale_on=needs.STALE_ON, ttl=ALERT_SECONDS, by_time=True,
    template="adminpanel/overview/_alerts.html",
)  # fmt: skip
def overview_alerts() -> dict[str, object]:
    """The worst of it."""
    found = needs.needs()
    return {"needs": found[:ALERTS_SHOWN], "more": max(0, len(found) - ALERTS_SHOWN)}


@panel(
    "alerts-count", audience="operators", stale_on=needs.STALE_ON, ttl=ALERT_SECONDS, by_time=True,
    template="adminpanel/alerts/_count.html",
)  # fmt: skip
def alerts_count() -> dict[str, object]:
    """How much of it there is, in the header of every page."""
    found = needs.needs()
    return {"number": len(found), "severity": found[0].severity if found else ""}
