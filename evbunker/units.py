"""How quantities are written: one unit, one rounding (half up), a no-break space before the unit."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from evbunker.money import MINUS, NO_BREAK_SPACE


class Step(NamedTuple):
    """Show a quantity in `unit`, `size` base units each, with `digits` after the point, while it is under `limit`."""

    unit: str
    size: int
    digits: int
    limit: int | None = None
    bare: bool = False
    """Leave out a fraction of zero: `50 kW`, not `50.0 kW`."""


ENERGY = [Step("kWh", 1_000, 1, 10_000), Step("MWh", 1_000_000, 1)]
POWER = [Step("kW", 1_000, 1, bare=True)]
DISTANCE = [Step("m", 1, 0, 1_000), Step("km", 1_000, 1, 10, bare=True), Step("km", 1_000, 0)]
MASS = [Step("g", 1, 0, 1_000), Step("kg", 1_000, 1, 1_000), Step("t", 1_000_000, 1)]
VOLUME = [Step("L", 1_000, 1)]


def format_quantity(amount: int, steps: Sequence[Step]) -> str:
    """`amount` base units in the first step whose limit the rounded figure stays under."""
    for step in steps:
        figure = rounded(Decimal(abs(amount)) / step.size, step.digits)
        if step.limit is None or figure < step.limit:
            break
    digits = 0 if step.bare and figure == figure.to_integral_value() else step.digits
    sign = MINUS if amount < 0 and figure else ""
    return f"{sign}{figure:,.{digits}f}{NO_BREAK_SPACE}{step.unit}"


def rounded(figure: Decimal, digits: int) -> Decimal:
    """Half up, away from zero on a tie."""
    return figure.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
