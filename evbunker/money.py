"""How an amount of money is written: integer minor units beside an ISO 4217 code."""

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
