"""The one function that prices: quote, live cost and receipt all come from it. Integers only, minor units."""

from dataclasses import asdict, dataclass
from typing import Any, Self

from bookings.models import Tariff

WHOLE_BP = 10_000
"""Basis points in a whole."""
MINUTES_AN_HOUR = 60
WH_A_KWH = 1000


@dataclass(frozen=True)
class TariffTerms:
    """What a tariff charges, as copied onto a booking. Prices include `tax_bp` basis points of tax."""

    currency: str
    session_fee_minor: int
    per_hour_minor: int
    per_kwh_minor: int
    idle_per_minute_minor: int
    tax_bp: int

    @classmethod
    def of(cls, tariff: Tariff) -> Self:
        return cls(**{name: getattr(tariff, name) for name in cls.__dataclass_fields__})

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Self:
        return cls(**kept)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Price:
    """What is to be paid. Each line: `code`, `quantity` in `unit`, `unit_price_minor`, `amount_minor`, `tax_minor`.

    The lines' amounts and taxes sum exactly to `total_minor` and `tax_minor`; tax is part of the amounts.
    """

    lines: list[dict[str, Any]]
    total_minor: int
    tax_minor: int
    currency: str


def price(*, terms: TariffTerms, minutes: int, energy_wh: int, idle_minutes: int = 0) -> Price:
    """Session fee, booked time, energy and idle time; each line rounded once, half up."""
    lines = [
        _line("session_fee", 1, "session", terms.session_fee_minor, 1),
        _line("time", minutes, "minute", terms.per_hour_minor, MINUTES_AN_HOUR),
        _line("energy", energy_wh, "Wh", terms.per_kwh_minor, WH_A_KWH),
        _line("idle", idle_minutes, "minute", terms.idle_per_minute_minor, 1),
    ]
    return _summed(lines, terms)


def price_added(*, terms: TariffTerms, minutes: int, energy_wh: int, more_minutes: int, more_energy_wh: int) -> Price:
    """What the whole costs more than `minutes` and `energy_wh` alone: no fee twice, and no rounding lost."""
    before = {line["code"]: line for line in price(terms=terms, minutes=minutes, energy_wh=energy_wh).lines}
    whole = price(terms=terms, minutes=minutes + more_minutes, energy_wh=energy_wh + more_energy_wh)
    nothing = {"quantity": 0, "amount_minor": 0}
    return _summed([_minus(line, before.get(line["code"], nothing)) for line in whole.lines], terms)


def _minus(line: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    return line | {name: line[name] - part[name] for name in ("quantity", "amount_minor")}


def _summed(lines: list[dict[str, Any]], terms: TariffTerms) -> Price:
    """The lines that cost something, each with its share of the tax."""
    charged = [line for line in lines if line["amount_minor"]]
    total = sum(line["amount_minor"] for line in charged)
    tax = half_up(total * terms.tax_bp, WHOLE_BP + terms.tax_bp)
    shares = split(tax, [line["amount_minor"] for line in charged])
    taxed = [line | {"tax_minor": share} for line, share in zip(charged, shares, strict=True)]
    return Price(taxed, total, tax, terms.currency)


def _line(code: str, quantity: int, unit: str, unit_price_minor: int, per: int) -> dict[str, Any]:
    """`unit_price_minor` is the price of `per` units."""
    assert quantity >= 0, f"{code} cannot be negative"
    return {
        "code": code,
        "quantity": quantity,
        "unit": unit,
        "unit_price_minor": unit_price_minor,
        "amount_minor": half_up(quantity * unit_price_minor, per),
    }


def half_up(numerator: int, denominator: int) -> int:
    """A quotient of non-negative integers, halves rounded up."""
    return (2 * numerator + denominator) // (2 * denominator)


def split(whole: int, weights: list[int]) -> list[int]:
    """Share `whole` out by `weights` so that the shares sum exactly to it: the largest remainders get what is left."""
    total = sum(weights)
    if not total:
        return [0] * len(weights)
    shares = [whole * weight // total for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda n: (-(whole * weights[n] % total), n))
    for n in by_remainder[: whole - sum(shares)]:
        shares[n] += 1
    return shares
