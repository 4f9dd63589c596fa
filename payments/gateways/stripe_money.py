"""Amounts as Stripe writes them: https://docs.stripe.com/currencies.

The currencies without minor units, ISK, HUF and the rule for three digits were compared with excerpts of that page
(2026-11). The least and most amounts, UGX, TWD and MGA are as generally known: where one is wrong, Stripe refuses the
attempt, and the driver reads so.
"""

from evbunker.money import exponent, format_money
from payments.gateways.base import AmountNotTaken, AmountTooSmall

EXPONENTS = {"ISK": 2, "UGX": 2, "MGA": 0}
"""Where Stripe's minor units are not those of ISO 4217 ("Special cases", "Zero-decimal currencies"): ISK and UGX have
none, but are written with two digits that are always 00; MGA has two, but is written without. HUF and TWD are whole in
payouts only, so their charges need nothing."""

IN_TENS = ("BHD", "JOD", "KWD", "OMR", "TND")
""""Three-decimal currencies": the last digit of an amount must be 0."""

LEAST = {
    "AED": 200, "AUD": 50, "BGN": 100, "BRL": 50, "CAD": 50, "CHF": 50, "CZK": 1500, "DKK": 250, "EUR": 50, "GBP": 30,
    "HKD": 400, "HUF": 17500, "INR": 50, "JPY": 50, "MXN": 1000, "MYR": 200, "NOK": 300, "NZD": 50, "PLN": 200,
    "RON": 200, "SEK": 300, "SGD": 50, "THB": 1000, "USD": 50,
}  # fmt: skip
"""What a payment comes to at least, in our minor units ("Minimum and maximum charge amounts"). The others depend on the
currency that Stripe pays out in: there Stripe itself says no."""

MOST = 99_999_999
"""Eight digits, as Stripe writes the amount (the same section; some currencies have more, none has fewer)."""


def check_amount(amount_minor: int, currency: str) -> None:
    """Raise AmountTooSmall or AmountNotTaken for what Stripe is known to refuse."""
    least = LEAST.get(currency, 1)
    if amount_minor < least:
        raise AmountTooSmall(format_money(least, currency))
    if to_stripe(amount_minor, currency) > MOST:
        raise AmountNotTaken


def to_stripe(amount_minor: int, currency: str) -> int:
    """Our minor units as Stripe's; raises AmountNotTaken for what it cannot write."""
    step = 10 if currency in IN_TENS else 1
    figure, rest = _moved(amount_minor, _shift(currency))
    if rest or figure % step:
        raise AmountNotTaken
    return figure


def from_stripe(figure: int, currency: str) -> int:
    """Stripe's minor units as ours. What we cannot write is rounded up, so that it equals nothing we asked for."""
    amount_minor, rest = _moved(figure, -_shift(currency))
    return amount_minor + bool(rest)


def _shift(currency: str) -> int:
    """How many digits more than we Stripe writes."""
    ours = exponent(currency)
    return EXPONENTS.get(currency, ours) - ours


def _moved(figure: int, digits: int) -> tuple[int, int]:
    """`figure` with its point moved, and what does not fit."""
    return (figure * 10**digits, 0) if digits >= 0 else divmod(figure, 10**-digits)
