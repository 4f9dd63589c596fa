"""The last days as small bars: what each came to, in words for those who do not see them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from django.utils.translation import gettext as _

from adminpanel.days import DayFigures
from evbunker.money import format_money
from evbunker.units import ENERGY, MASS, format_quantity

STEP, WIDTH, HEIGHT = 10, 7, 24
"""From one bar to the next, and how large one may be, in the drawing's own units."""
LEAST = 1
"""What is not nothing can be seen."""


@dataclass(frozen=True)
class Bar:
    """One day's bar; `is_today` for the day that is not over."""

    x: int
    y: int
    height: int
    is_today: bool


@dataclass(frozen=True)
class Trend:
    """The bars of the days, oldest first, and the same in words; `then` is the whole of the same day last week."""

    bars: list[Bar]
    words: str
    then: str

    @property
    def is_flat(self) -> bool:
        """Is there nothing to see?"""
        return not any(bar.height for bar in self.bars)


def trends_of(days: Sequence[DayFigures]) -> dict[str, list[Trend] | Trend]:
    """`days` are today and those before it. Revenue is in currencies, each with a trend of its own."""
    currencies = sorted({currency for day in days for currency in day.revenue})
    return {
        "bookings": _trend([day.bookings for day in days], str),
        "energy": _trend([day.energy_wh for day in days], lambda wh: format_quantity(wh, ENERGY)),
        "co2": _trend([day.co2_saved_g or 0 for day in days], lambda grams: format_quantity(grams, MASS)),
        "revenue": [_trend([day.revenue.get(one, 0) for day in days], partial(_money, one)) for one in currencies],
    }


def _trend(amounts: Sequence[int], written: Callable[[int], str]) -> Trend:
    most = max(*amounts, 1)
    oldest_first = list(reversed(amounts))
    bars = [_bar(number, amount, most, len(amounts)) for number, amount in enumerate(oldest_first)]
    said = ", ".join(map(written, oldest_first))
    words = _("The last %(n)d days, today last: %(said)s") % {"n": len(amounts), "said": said}
    return Trend(bars, words, written(amounts[-1]))


def _money(currency: str, minor: int) -> str:
    return format_money(minor, currency)


def _bar(number: int, amount: int, most: int, days: int) -> Bar:
    """What is below nothing has no height: the words say it."""
    height = max(LEAST, round(HEIGHT * amount / most)) if amount > 0 else 0
    return Bar(number * STEP, HEIGHT - height, height, number == days - 1)
