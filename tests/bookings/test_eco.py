"""What charging saves: arithmetic with sourced factors, net of the grid."""

import csv
import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookings import eco
from bookings.eco import estimated_energy_wh, fuel_price, grid_intensity, impact_of_charge, seed_estimate_wh, trees
from evbunker.money import EXPONENTS, SYMBOLS

DAY = dt.date(2026, 11, 20)


def impact(**changes: object) -> eco.Impact:
    facts = {"energy_wh": 20_000, "country": "DE", "day": DAY, "paid_minor": 900, "currency": "EUR"}
    return impact_of_charge(**(facts | changes))


def test_a_charge_in_germany_by_hand() -> None:
    saved = impact()
    grid = 20 * grid_intensity("DE", 2026)[1]
    assert saved.distance_m == 111_111  # 20 kWh at 18 kWh/100 km
    assert saved.co2_saved_g == 27_611 - grid  # 111.111 km at 248.5 g/km, less what the electricity cost
    assert saved.fuel_saved_ml == 11_759  # the petrol whose burning emits those 27,611 g
    price = fuel_price("DE", "EUR")
    assert price is not None
    assert saved.money_saved_minor == (11_759 * price.minor_per_litre + 500) // 1000 - 900


def test_every_factor_says_what_it_is_and_where_it_is_from() -> None:
    factors = impact().factors
    assert set(factors) == {"electric_car", "petrol_car", "petrol", "grid", "fuel_price"}
    for factor in factors.values():
        assert {"value", "unit", "source"} <= set(factor)
        assert factor["source"]
    assert factors["grid"]["year"] == 2024  # the newest there is for 2026
    assert factors["fuel_price"]["date"]


def test_a_dirty_grid_makes_the_saving_negative() -> None:
    saved = impact(country="XK", wh_per_km=300)
    assert saved.co2_saved_g is not None
    assert saved.co2_saved_g < 0
    assert trees(saved.co2_saved_g) == 0


def test_what_nobody_knows_is_not_shown() -> None:
    unknown = impact(country="")
    assert (unknown.co2_saved_g, unknown.money_saved_minor) == (None, None)
    assert (unknown.distance_m, unknown.fuel_saved_ml) == (111_111, 11_759)
    assert {"grid", "fuel_price"} & set(unknown.factors) == set()


def test_a_fuel_price_in_another_currency_is_no_price() -> None:
    assert impact(currency="USD").money_saved_minor is None
    assert impact(currency="USD").co2_saved_g is not None


def test_dear_charging_saves_no_money() -> None:
    assert impact(paid_minor=100_000).money_saved_minor < 0


def test_the_drivers_own_car_counts() -> None:
    assert impact(wh_per_km=200).distance_m == 100_000
    assert impact(wh_per_km=200).factors["electric_car"]["value"] == 200
    assert impact(wh_per_km=None).factors["electric_car"]["source"] == eco.EV_SOURCE


def test_the_grid_is_that_of_the_year_or_the_nearest_before() -> None:
    assert grid_intensity("DE", 2022) == (2022, 420)
    assert grid_intensity("DE", 2030) == (2024, 344)
    assert grid_intensity("AE", 2026)[0] == 2023
    assert grid_intensity("DE", 1999)[0] == 2021  # before all: the oldest, and it says so
    assert grid_intensity("XX", 2026) is None


@given(
    energy_wh=st.integers(0, 3_000_000), country=st.sampled_from(["DE", "FR", "IN", "PL", "XK", "NO", "XX"]),
    paid_minor=st.integers(0, 10_000_000), wh_per_km=st.one_of(st.none(), st.integers(80, 500)),
)  # fmt: skip
def test_rounding_never_adds_up_to_more_than_a_unit(
    energy_wh: int, country: str, paid_minor: int, wh_per_km: int | None
) -> None:
    saved = impact(energy_wh=energy_wh, country=country, paid_minor=paid_minor, wh_per_km=wh_per_km)
    km = Decimal(energy_wh) / Decimal(wh_per_km or 180)
    assert abs(saved.distance_m - km * 1000) <= Decimal("0.5")
    assert abs(saved.fuel_saved_ml - km * Decimal("248.5") / Decimal("2.348")) <= 1
    known = grid_intensity(country, DAY.year)
    if known is None:
        assert saved.co2_saved_g is None
    else:
        exact = km * Decimal("248.5") - Decimal(energy_wh) / 1000 * known[1]
        assert abs(saved.co2_saved_g - exact) <= 2


@pytest.mark.parametrize(
    ("budget_wh", "power_w", "minutes", "expected"),
    [(20_000, 60_000, 60, 20_000), (20_000, 11_000, 60, 11_000), (20_000, 60_000, 10, 10_000), (20_000, 60_000, 0, 0)],
)
def test_the_estimate_is_the_budget_at_most_full_power(
    budget_wh: int, power_w: int, minutes: int, expected: int
) -> None:
    assert estimated_energy_wh(budget_wh, power_w, minutes) == expected


def test_the_first_estimate_of_a_kilowatt_hour_an_hour_stays_for_comparison() -> None:
    assert [seed_estimate_wh(minutes) for minutes in (15, 60, 90)] == [250, 1000, 1500]


def test_trees_are_seedlings_grown_for_ten_years() -> None:
    assert [trees(grams) for grams in (60_000, 89_000, 0, -60_000)] == [1.0, 1.5, 0, 0]


def rows(name: str) -> list[dict[str, str]]:
    with (eco.FACTORS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_files_hold_plausible_facts_once_each() -> None:
    grid, fuel = rows("grid_intensity.csv"), rows("fuel_prices.csv")
    assert len({(row["country"], row["year"]) for row in grid}) == len(grid)
    assert all(0 <= int(row["g_per_kwh"]) <= 1500 for row in grid)
    assert len({row["country"] for row in fuel}) == len(fuel)
    for row in fuel:
        assert row["currency"] in SYMBOLS or row["currency"] == "NOK"
        assert EXPONENTS.get(row["currency"], 2) == 2
        assert dt.date.fromisoformat(row["date"]) <= dt.date(2026, 12, 31)
        assert row["source"]
