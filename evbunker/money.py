"""How an amount of money is written: integer minor units beside an ISO 4217 code."""

import re
from decimal import Decimal

WHOLE = (
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF",
)  # fmt: skip
THOUSANDTHS = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")
EXPONENTS = {**dict.fromkeys(WHOLE, 0), **dict.fromkeys(THOUSANDTHS, 3)}
"""Digits after the point where they are not two (ISO 4217, list one)."""

SYMBOLS = {
    "AUD": "A$", "BRL": "R$", "CAD": "CA$", "CNY": "CN¥", "EUR": "€", "GBP": "£", "HKD": "HK$", "ILS": "₪", "INR": "₹",
    "JPY": "¥", "KRW": "₩", "MXN": "MX$", "NGN": "₦", "NZD": "NZ$", "PHP": "₱", "SGD": "S$", "TRY": "₺", "TWD": "NT$",
    "UAH": "₴", "USD": "$", "VND": "₫",
}  # fmt: skip
"""Signs that name one currency only; every other one is shown by its code."""

MINUS = "\N{MINUS SIGN}"
NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"
WRITTEN = re.compile(r"([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,15})(?:\.([0-9]*))?", re.ASCII)
"""An amount in whole units, perhaps with commas between thousands, as we write it ourselves."""


def exponent(currency: str) -> int:
    """How many digits of `currency` are minor units: 2 for EUR, 0 for JPY, 3 for KWD."""
    return EXPONENTS.get(currency, 2)


def major(minor: int, currency: str) -> Decimal:
    """The amount in whole units of `currency`, exact."""
    return Decimal(minor).scaleb(-exponent(currency))


def format_money(minor: int, currency: str) -> str:
    """`€12.50`, `₹1,250.00`, `¥980`, `KWD 1.250` (no-break space), a real minus sign; the same in every language."""
    sign = MINUS if minor < 0 else ""
    figure = f"{abs(major(minor, currency)):,.{exponent(currency)}f}"
    symbol = SYMBOLS.get(currency) or f"{currency}{NO_BREAK_SPACE}"
    return f"{sign}{symbol}{figure}"


def parse_money(text: str, currency: str) -> int | None:
    """The minor units that `text` means in `currency`: `12.5`, `1,250.00`, `€12.50`; None if it is no such amount.

    Exact: more digits after the point than the currency has are refused, not rounded.
    """
    bare = text.replace(NO_BREAK_SPACE, " ").strip()
    for sign in (SYMBOLS.get(currency), currency):
        if sign and bare.startswith(sign):
            bare = bare.removeprefix(sign).strip()
    written = WRITTEN.fullmatch(bare)
    if written is None:
        return None
    whole, fraction = written[1].replace(",", ""), (written[2] or "").rstrip("0")
    digits = exponent(currency)
    if len(fraction) > digits:
        return None
    return int(whole + fraction.ljust(digits, "0"))
