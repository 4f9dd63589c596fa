"""The figures of a whole range above its charts, beside those of as many days before."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from adminpanel.analytics import Seen
from adminpanel.analytics_charts import NONE, co2_of, count, energy, mass, money, share
from adminpanel.analytics_range import Scope
from adminpanel.figures import Figures


class Card(NamedTuple):
    """A figure and that of the days before; `change` in per cent, None if there was nothing to compare with."""

    label: str | Promise
    icon: str
    figure: str
    before: str
    change: int | None = None
    estimated: bool = False


def cards(found: Seen, scope: Scope) -> list[Card]:
    now, before = found.total(), found.before
    used = [_utilisation(now, before)]
    if scope.kind == "class":
        return [*used, _card(_("Sessions"), "bolt", _number, (now.used("sessions"), before.used("sessions")))]
    made = [_card(_("Bookings"), "calendar", _number, (now.of("bookings"), before.of("bookings")))]
    for code in sorted({*now.minor("revenue_minor"), *before.minor("revenue_minor")}):
        taken = (now.minor("revenue_minor").get(code, 0), before.minor("revenue_minor").get(code, 0))
        made.append(_card(_("Revenue"), "coin", partial(_money, code), taken))
    estimated = bool(now.of("estimated_energy_wh"))
    charged = (now.of("energy_wh"), before.of("energy_wh"))
    made.append(_card(_("Energy"), "bolt", lambda wh: energy(wh).text, charged, estimated))
    made.append(_card(_("CO₂ saved"), "leaf", lambda g: mass(g).text, (co2_of(now), co2_of(before)), estimated))
    return made + used


def _number(number: int) -> str:
    return count(number).text


def _money(code: str, minor: int) -> str:
    return money(minor, code).text


def _card(
    label: str, icon: str, show: Callable[[int], str], figures: tuple[int | None, int | None], estimated: bool = False
) -> Card:  # fmt: skip
    now, before = figures
    figure, earlier = (NONE if one is None else show(one) for one in figures)
    change = round(100 * (now - before) / before) if now is not None and before is not None and before > 0 else None
    return Card(label, icon, figure, earlier, change, estimated)


def _utilisation(now: Figures, before: Figures) -> Card:
    """A share already: it has no change in per cent."""
    figure, earlier = (share(one.used("booked_minutes"), one.used("open_minutes")).text for one in (now, before))
    return Card(_("Utilisation"), "gauge", figure, earlier)
