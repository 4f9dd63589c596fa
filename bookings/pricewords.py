"""Prices in words: the lines of a quote or receipt, and a tariff before anything is chosen."""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _

from bookings.models import Tariff
from evbunker.moments import format_minutes
from evbunker.money import format_money
from evbunker.units import ENERGY, format_quantity

Line = dict[str, Any]


def price_table(lines: list[Line], currency: str) -> dict[str, Any]:
    """What `components/prices.html` shows of the price lines of `bookings.pricing`: words, and sums of the lines."""
    return {
        "lines": [_worded(line, currency) for line in lines],
        "total_minor": sum(line["amount_minor"] for line in lines),
        "tax_minor": sum(line["tax_minor"] for line in lines),
        "currency": currency,
    }


def _worded(line: Line, currency: str) -> Line:
    label, how = WORDS[line["code"]]
    unit_price = format_money(line["unit_price_minor"], currency)
    return {"label": label(), "how": how(line["quantity"], unit_price), "amount_minor": line["amount_minor"]}


def _by_the_hour(minutes: int, unit_price: str) -> str:
    return _("%(length)s at %(price)s an hour") % {"length": format_minutes(minutes), "price": unit_price}


def _by_the_kwh(energy_wh: int, unit_price: str) -> str:
    return _("%(energy)s at %(price)s a kWh") % {"energy": format_quantity(energy_wh, ENERGY), "price": unit_price}


def _by_the_minute(minutes: int, unit_price: str) -> str:
    return _("%(length)s at %(price)s a minute") % {"length": format_minutes(minutes), "price": unit_price}


WORDS: dict[str, tuple[Callable[[], str], Callable[[int, str], str]]] = {
    "session_fee": (lambda: _("Session fee"), lambda _quantity, _price: ""),
    "time": (lambda: _("Time"), _by_the_hour),
    "energy": (lambda: _("Energy"), _by_the_kwh),
    "idle": (lambda: _("Idle time"), _by_the_minute),
}
"""Code of a line -> what it is called, and how its amount comes about."""


def tariff_facts(tariff: Tariff) -> list[tuple[str, str]]:
    """(what, price) for everything that costs something."""
    prices = [
        (_("A kWh"), tariff.per_kwh_minor),
        (_("An hour"), tariff.per_hour_minor),
        (_("A session"), tariff.session_fee_minor),
        (_("A minute of standing there after charging"), tariff.idle_per_minute_minor),
    ]
    return [(what, format_money(minor, tariff.currency)) for what, minor in prices if minor]
