"""How milestones and savings are written."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from dashboard.milestones import Next, Reached
from evbunker.money import format_money
from evbunker.units import DISTANCE, ENERGY, MASS, Step, format_quantity


@dataclass(frozen=True)
class Metric:
    """What a milestone counts. `unit` is None for sessions, which have a word instead."""

    icon: str
    title: Promise
    unit: list[Step] | None


METRICS = {
    "energy_wh": Metric("bolt", _("Energy charged"), ENERGY),
    "co2_saved_g": Metric("leaf", _("CO₂ saved"), MASS),
    "distance_m": Metric("road", _("Distance"), DISTANCE),
    "sessions": Metric("plug", _("Sessions"), None),
}


def figure(metric: str, value: int) -> str:
    """`250 kWh`, `10`."""
    unit = METRICS[metric].unit
    return format_quantity(value, [step._replace(bare=True) for step in unit]) if unit else str(value)


def reached_words(milestone: Reached) -> dict[str, object]:
    """A milestone that was passed: `250 kWh`, `10 sessions`, and what that is of."""
    metric, value = METRICS[milestone.metric], milestone.value
    if metric.unit is None:
        sessions = ngettext("%(count)d session", "%(count)d sessions", value) % {"count": value}
        return {"icon": metric.icon, "figure": sessions, "title": "", "day": milestone.day}
    return {"icon": metric.icon, "figure": figure(milestone.metric, value), "title": metric.title, "day": milestone.day}


def next_words(milestone: Next) -> dict[str, object]:
    """A milestone to come, how far one is, and the level of its battery in percent."""
    metric = METRICS[milestone.metric]
    return {
        "icon": metric.icon,
        "title": metric.title,
        "now": figure(milestone.metric, milestone.now),
        "goal": figure(milestone.metric, milestone.value),
        "percent": milestone.percent,
    }


def money_words(money: dict[str, int]) -> str:
    """`€12.50 · £3.10`: currencies are never added up."""
    return " · ".join(format_money(minor, currency) for currency, minor in money.items())
