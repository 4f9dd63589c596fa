"""What charging saved against a petrol car: pure arithmetic, net of the grid, so it can be small or negative.

The petrol car is counted at its tailpipe, the electricity over its life cycle: what is left out (making and moving the
petrol) would make the saving larger, so the figures err on the low side.
"""

import csv
import datetime as dt
import functools
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from bookings.pricing import half_up

FACTORS = Path(__file__).parent / "factors"

USUAL_WH_PER_KM = 180
"""Where the car is not known: 18 kWh/100 km, the mean of 197 battery cars in open-ev-data (2022)."""
PETROL_MG_CO2_PER_KM = 248_500
"""About 400 g a mile at the tailpipe: US EPA, "Greenhouse Gas Emissions from a Typical Passenger Vehicle"."""
PETROL_G_CO2_PER_LITRE = 2348
"""8,887 g a US gallon: US EPA 420-F-11-041."""
TREE_G_CO2 = 60_000
"""0.060 t for an urban tree seedling grown for 10 years: US EPA, Greenhouse Gas Equivalencies."""
SEED_WH_PER_HOUR = 1000
"""The first estimate this project started from, kept beside ours for comparison."""

FACTOR_NAMES = ("electric_car", "petrol_car", "petrol", "grid", "fuel_price")
"""The factors of an impact, in the order of the computation."""
EV_SOURCE = "open-ev-data, mean of 197 battery cars (2022)"
PETROL_SOURCE = "US EPA, typical passenger vehicle, tailpipe"
FUEL_SOURCE = "US EPA 420-F-11-041"
GRID_SOURCE = "Our World in Data from Ember and Energy Institute (CC BY 4.0), life cycle"


class FuelPrice(NamedTuple):
    """What a litre of petrol costs somewhere, in minor units."""

    currency: str
    minor_per_litre: int
    date: str
    source: str


@dataclass(frozen=True)
class Impact:
    """What one charge saved. None: a factor is missing, so nobody knows. Saved amounts may be negative."""

    energy_wh: int
    distance_m: int
    co2_saved_g: int | None
    money_saved_minor: int | None
    fuel_saved_ml: int
    factors: dict[str, Any] = field(default_factory=dict)


def estimated_energy_wh(budget_wh: int, power_w: int, minutes: int) -> int:
    """The estimate until a meter says better: the budget, at most full power for the whole time; 0 before it begins."""
    return min(budget_wh, power_w * max(0, minutes) // 60)


def seed_estimate_wh(minutes: int) -> int:
    """1 kWh for every booked hour, whatever the EVSE: shown only beside the real estimate."""
    return SEED_WH_PER_HOUR * minutes // 60


def impact_of_charge(
    *, energy_wh: int, country: str, day: dt.date, paid_minor: int, currency: str, wh_per_km: int | None = None
) -> Impact:  # fmt: skip
    """The impact of `energy_wh` charged in `country` on `day` for `paid_minor`; each factor stands in `factors`."""
    consumption = wh_per_km or USUAL_WH_PER_KM
    distance_m = half_up(energy_wh * 1000, consumption)
    fuel_ml = half_up(distance_m * PETROL_MG_CO2_PER_KM, 1000 * PETROL_G_CO2_PER_LITRE)
    grid, fuel = grid_intensity(country, day.year), fuel_price(country, currency)
    return Impact(
        energy_wh=energy_wh,
        distance_m=distance_m,
        co2_saved_g=None if grid is None else _co2_saved_g(distance_m, energy_wh, grid[1]),
        money_saved_minor=None if fuel is None else half_up(fuel_ml * fuel.minor_per_litre, 1000) - paid_minor,
        fuel_saved_ml=fuel_ml,
        factors=_factors(consumption, known_car=wh_per_km is not None, country=country, grid=grid, fuel=fuel),
    )


def _co2_saved_g(distance_m: int, energy_wh: int, grid_g_per_kwh: int) -> int:
    """What the petrol car would have emitted, less what making the electricity did."""
    return half_up(distance_m * PETROL_MG_CO2_PER_KM, 1_000_000) - half_up(energy_wh * grid_g_per_kwh, 1000)


def trees(co2_saved_g: int) -> float:
    """Tree seedlings grown for ten years that take up as much; one decimal, never negative."""
    return round(max(0, co2_saved_g) / TREE_G_CO2, 1)


def _factors(
    consumption: int, *, known_car: bool, country: str, grid: tuple[int, int] | None, fuel: FuelPrice | None
) -> dict[str, Any]:  # fmt: skip
    car = "the driver's vehicle" if known_car else EV_SOURCE
    used: dict[str, Any] = {
        "electric_car": {"value": consumption, "unit": "Wh/km", "source": car},
        "petrol_car": {"value": PETROL_MG_CO2_PER_KM // 100 / 10, "unit": "g CO2/km", "source": PETROL_SOURCE},
        "petrol": {"value": PETROL_G_CO2_PER_LITRE, "unit": "g CO2/L", "source": FUEL_SOURCE},
    }
    if grid:
        used["grid"] = {
            "value": grid[1], "unit": "g CO2e/kWh", "country": country, "year": grid[0], "source": GRID_SOURCE,
        }  # fmt: skip
    if fuel:
        used["fuel_price"] = {
            "value": fuel.minor_per_litre, "unit": f"{fuel.currency} minor/L", "country": country, "date": fuel.date,
            "source": fuel.source,
        }  # fmt: skip
    return used


def grid_intensity(country: str, year: int) -> tuple[int, int] | None:
    """(year, g CO2e/kWh) of the newest figure not after `year`, or the oldest there is; None for unknown countries."""
    by_year = _grid().get(country)
    if not by_year:
        return None
    best = max((known for known in by_year if known <= year), default=min(by_year))
    return best, by_year[best]


def petrol_price(country: str) -> FuelPrice | None:
    """What petrol costs in `country`, if we know."""
    return _fuel().get(country)


def fuel_price(country: str, currency: str) -> FuelPrice | None:
    """What petrol costs in `country`, if we know it in that currency."""
    price = petrol_price(country)
    return price if price and price.currency == currency else None


@functools.cache
def _grid() -> dict[str, dict[int, int]]:
    table: dict[str, dict[int, int]] = {}
    for row in _rows("grid_intensity.csv"):
        table.setdefault(row["country"], {})[int(row["year"])] = int(row["g_per_kwh"])
    return table


@functools.cache
def _fuel() -> dict[str, FuelPrice]:
    return {
        row["country"]: FuelPrice(row["currency"], int(row["minor_per_litre"]), row["date"], row["source"])
        for row in _rows("fuel_prices.csv")
    }


def _rows(name: str) -> list[dict[str, str]]:
    with (FACTORS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
