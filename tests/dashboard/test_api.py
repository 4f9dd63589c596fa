"""GET /dashboard/environmental-impact: the caller's own figures, as the contract names them."""

from bookings.models import Client, Evse, Tariff
from tests.api.conftest import Caller, caller, refusal
from tests.eco_history import charge
from tests.places import make_evse, make_station

PATH = "/dashboard/environmental-impact"
FIELDS = {
    "energy_wh", "distance_m", "co2_saved_g", "money_saved", "fuel_saved_ml", "trees", "charging_minutes", "sessions",
    "community_co2_saved_g", "contribution_percent", "rank", "rank_of", "estimated_percent", "factors", "as_of",
}  # fmt: skip


def test_signed_out_it_is_refused() -> None:
    assert refusal(Caller().get(PATH))[0] == 401


def test_it_answers_with_everything_the_contract_names(dara: Client, eli: Client, evse: Evse) -> None:
    charge(dara, evse, energy_wh=20_000, paid_minor=900)
    charge(eli, evse, energy_wh=60_000)
    answer = caller(dara).get(PATH)
    assert answer.status_code == 200
    impact = answer.data
    assert set(impact) == FIELDS
    figures = {name: impact[name] for name in FIELDS - {"factors", "as_of", "community_co2_saved_g"}}
    assert figures == {
        "energy_wh": 20_000, "distance_m": 111_111, "co2_saved_g": 20_731, "money_saved": {"EUR": 1181},
        "fuel_saved_ml": 11_759, "trees": 0.3, "charging_minutes": 60, "sessions": 1, "contribution_percent": 25.0,
        "rank": 2, "rank_of": 2, "estimated_percent": 100.0,
    }  # fmt: skip
    assert impact["as_of"].endswith("Z")


def test_factors_come_with_their_sources(dara: Client, evse: Evse) -> None:
    charge(dara, evse)
    factors = {factor["name"]: factor for factor in caller(dara).get(PATH).data["factors"]}
    assert set(factors) == {"electric_car", "petrol_car", "petrol", "grid", "fuel_price"}
    assert all(factor["source"] and factor["unit"] for factor in factors.values())
    assert (factors["grid"]["value"], factors["grid"]["year"], factors["grid"]["country"]) == (344, 2024, "DE")
    assert factors["fuel_price"]["date"] == "2023-12-25"


def test_what_nobody_knows_is_null(dara: Client, tariff: Tariff) -> None:
    charge(dara, make_evse(make_station("Nowhere", tariff=tariff, country="")))
    impact = caller(dara).get(PATH).data
    assert (impact["co2_saved_g"], impact["trees"], impact["rank"], impact["contribution_percent"]) == (None,) * 4
    assert (impact["money_saved"], impact["energy_wh"]) == ({}, 20_000)


def test_each_caller_gets_its_own(dara: Client, eli: Client, evse: Evse) -> None:
    charge(dara, evse)
    assert caller(dara).get(PATH).data["sessions"] == 1
    assert caller(eli).get(PATH).data["sessions"] == 0


def test_staff_get_their_own_too(opal: Client, dara: Client, evse: Evse) -> None:
    charge(dara, evse)
    assert caller(opal).get(PATH).data["sessions"] == 0
