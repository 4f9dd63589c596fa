"""How every figure is computed, shown with the code that computes it."""

import datetime as dt
from typing import Any, NamedTuple

from bookings import eco
from bookings.places import country_choices
from bookings.pricing import half_up
from evbunker import clock

EXAMPLE_WH = 20_000
EXAMPLE_PAID_MINOR = 1100
EXAMPLE_COUNTRY, EXAMPLE_CURRENCY = "DE", "EUR"
COMPARED = (("FR", None), ("DE", None), ("IN", None), ("UZ", None), ("UZ", 300))
"""(country, Wh/km): from a clean grid to a dirty one, and there a thirsty van."""
BOOKINGS = ((11_000, 60, 11_000), (22_000, 120, 30_000), (60_000, 30, 20_000), (150_000, 30, 40_000))
"""(power in W, minutes, energy budget in Wh)."""


class Place(NamedTuple):
    """What is known of a country; None where nothing is."""

    code: str
    name: str
    grid: tuple[int, int] | None
    fuel: eco.FuelPrice | None


class Estimate(NamedTuple):
    """One booking's energy, by our estimate and by the one this project started from."""

    power_w: int
    minutes: int
    budget_wh: int
    ours_wh: int
    seed_wh: int


def constants() -> dict[str, Any]:
    """What the text names."""
    return {
        "usual_wh_per_km": eco.USUAL_WH_PER_KM,
        "ev_source": eco.EV_SOURCE,
        "petrol_g_per_km": eco.PETROL_MG_CO2_PER_KM / 1000,
        "petrol_source": eco.PETROL_SOURCE,
        "petrol_g_per_litre": eco.PETROL_G_CO2_PER_LITRE,
        "fuel_source": eco.FUEL_SOURCE,
        "tree_g": eco.TREE_G_CO2,
        "grid_source": eco.GRID_SOURCE,
        "seed_wh_per_hour": eco.SEED_WH_PER_HOUR,
    }


def worked_example() -> dict[str, Any]:
    """One charge, step by step."""
    day = clock.now().date()
    found = eco.impact_of_charge(
        energy_wh=EXAMPLE_WH, country=EXAMPLE_COUNTRY, day=day, paid_minor=EXAMPLE_PAID_MINOR,
        currency=EXAMPLE_CURRENCY,
    )  # fmt: skip
    assert found.co2_saved_g is not None, "the example's country has a grid"
    assert found.money_saved_minor is not None, "the example's country has a petrol price"
    grid_g = half_up(EXAMPLE_WH * found.factors["grid"]["value"], 1000)
    return {
        "impact": found,
        "country": _names()[EXAMPLE_COUNTRY],
        "paid_minor": EXAMPLE_PAID_MINOR,
        "currency": EXAMPLE_CURRENCY,
        "grid_g": grid_g,
        "petrol_g": found.co2_saved_g + grid_g,
        "petrol_minor": found.money_saved_minor + EXAMPLE_PAID_MINOR,
        "trees": eco.trees(found.co2_saved_g),
    }


def comparison() -> list[dict[str, Any]]:
    """The same energy in several places."""
    return [_compared(country, wh_per_km, clock.now().date()) for country, wh_per_km in COMPARED]


def _compared(country: str, wh_per_km: int | None, day: dt.date) -> dict[str, Any]:
    found = eco.impact_of_charge(
        energy_wh=EXAMPLE_WH, country=country, day=day, paid_minor=0, currency="", wh_per_km=wh_per_km
    )
    return {"country": _names()[country], "impact": found, "grid": found.factors["grid"]}


def estimates() -> list[Estimate]:
    """What bookings are estimated at, beside 1 kWh for every hour."""
    return [
        Estimate(
            power_w, minutes, budget_wh,
            eco.estimated_energy_wh(budget_wh, power_w, minutes), eco.seed_estimate_wh(minutes),
        )
        for power_w, minutes, budget_wh in BOOKINGS
    ]  # fmt: skip


def places() -> list[Place]:
    """Every country of which anything is known, by name, with the newest there is."""
    year = clock.now().year
    known = [
        Place(code, name, eco.grid_intensity(code, year), eco.petrol_price(code)) for code, name in country_choices()
    ]
    return [place for place in known if place.grid or place.fuel]


def _names() -> dict[str, str]:
    return dict(country_choices())
