"""Prices: exact, in integers, whatever the tariff."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookings.models import Tariff
from bookings.pricing import TariffTerms, half_up, price, split

PRICES = st.integers(min_value=0, max_value=10_000_000)
TERMS = st.builds(
    TariffTerms,
    currency=st.sampled_from(["EUR", "JPY", "KWD"]),
    session_fee_minor=PRICES,
    per_hour_minor=PRICES,
    per_kwh_minor=PRICES,
    idle_per_minute_minor=PRICES,
    tax_bp=st.integers(min_value=0, max_value=10_000),
)
WISHES = {
    "minutes": st.integers(min_value=0, max_value=480),
    "energy_wh": st.integers(min_value=0, max_value=3_000_000),
    "idle_minutes": st.integers(min_value=0, max_value=10_000),
}


@given(terms=TERMS, **WISHES)
def test_lines_sum_exactly_to_the_total_and_its_tax(
    terms: TariffTerms, minutes: int, energy_wh: int, idle_minutes: int
) -> None:
    cost = price(terms=terms, minutes=minutes, energy_wh=energy_wh, idle_minutes=idle_minutes)
    assert sum(line["amount_minor"] for line in cost.lines) == cost.total_minor
    assert sum(line["tax_minor"] for line in cost.lines) == cost.tax_minor
    assert cost.currency == terms.currency
    for line in cost.lines:
        assert 0 <= line["tax_minor"] <= line["amount_minor"]
        assert line["amount_minor"] > 0


@given(terms=TERMS, **WISHES)
def test_each_line_is_rounded_once(terms: TariffTerms, minutes: int, energy_wh: int, idle_minutes: int) -> None:
    cost = price(terms=terms, minutes=minutes, energy_wh=energy_wh, idle_minutes=idle_minutes)
    exact = {
        "session_fee": Fraction(terms.session_fee_minor),
        "time": Fraction(minutes * terms.per_hour_minor, 60),
        "energy": Fraction(energy_wh * terms.per_kwh_minor, 1000),
        "idle": Fraction(idle_minutes * terms.idle_per_minute_minor),
    }
    for line in cost.lines:
        assert Fraction(-1, 2) < line["amount_minor"] - exact[line["code"]] <= Fraction(1, 2)
    shown = {line["code"] for line in cost.lines}
    assert all(amount < Fraction(1, 2) for code, amount in exact.items() if code not in shown)


@given(terms=TERMS, more=st.integers(min_value=0, max_value=1000), **WISHES)
def test_more_never_costs_less(terms: TariffTerms, more: int, minutes: int, energy_wh: int, idle_minutes: int) -> None:
    less = price(terms=terms, minutes=minutes, energy_wh=energy_wh, idle_minutes=idle_minutes)
    longer = price(terms=terms, minutes=minutes + more, energy_wh=energy_wh + more, idle_minutes=idle_minutes + more)
    assert longer.total_minor >= less.total_minor


@given(terms=TERMS)
def test_terms_survive_being_kept_as_json(terms: TariffTerms) -> None:
    assert TariffTerms.from_json(terms.as_json()) == terms


@given(whole=st.integers(min_value=0, max_value=10**12), weights=st.lists(PRICES, min_size=1, max_size=9))
def test_shares_are_fair_and_sum_exactly(whole: int, weights: list[int]) -> None:
    shares = split(whole, weights)
    if not any(weights):
        assert shares == [0] * len(weights)
        return
    assert sum(shares) == whole
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share - Fraction(whole * weight, sum(weights))) < 1


@pytest.mark.parametrize(
    ("numerator", "denominator", "rounded"), [(1, 2, 1), (3, 2, 2), (5, 4, 1), (0, 7, 0), (7, 3, 2)]
)
def test_halves_are_rounded_up(numerator: int, denominator: int, rounded: int) -> None:
    assert half_up(numerator, denominator) == rounded


def test_a_quote_reads_like_a_receipt(tariff: Tariff) -> None:
    cost = price(terms=TariffTerms.of(tariff), minutes=90, energy_wh=28_000)
    assert [(line["code"], line["quantity"], line["unit"], line["amount_minor"]) for line in cost.lines] == [
        ("session_fee", 1, "session", 100),
        ("time", 90, "minute", 450),
        ("energy", 28_000, "Wh", 1260),
    ]
    assert (cost.total_minor, cost.tax_minor, cost.currency) == (1810, 289, "EUR")  # 18.10 holds 2.89 of 19 %
    assert [line["tax_minor"] for line in cost.lines] == [16, 72, 201]


def test_nothing_costs_nothing() -> None:
    free = TariffTerms("EUR", 0, 0, 0, 0, 1900)
    assert price(terms=free, minutes=60, energy_wh=10_000).lines == []
    assert price(terms=free, minutes=60, energy_wh=10_000).total_minor == 0


def test_a_negative_quantity_is_a_bug_not_a_price(tariff: Tariff) -> None:
    with pytest.raises(AssertionError):
        price(terms=TariffTerms.of(tariff), minutes=-1, energy_wh=0)
