"""Journey impact: equal to a slow recomputation from the raw rows, unknown where nobody knows, nobody else's."""

import random
from fractions import Fraction

import pytest

from bookings.eco import FACTOR_NAMES
from bookings.models import Client, EcoStat, Evse, Tariff
from bookings.totals import remove_eco_stat
from dashboard.community import Community, share_percent
from dashboard.impact import JourneyImpact, compute_impact, impact_of
from tests.eco_history import charge
from tests.people import make_client
from tests.places import make_evse, make_station
from tests.plans import no_scans

PLACES = {"DE": "EUR", "GB": "GBP", "IN": "INR", "JP": "JPY", "UZ": "EUR", "": "EUR"}
"""Country -> currency: petrol prices are known in three, the grid in all but the last."""


@pytest.fixture
def evses(tariff: Tariff) -> list[Evse]:
    return [
        make_evse(make_station(f"In {country}", tariff=tariff, country=country, currency=currency))
        for country, currency in PLACES.items()
    ]


def slow_saving(client: Client) -> int | None:
    known = [
        row.co2_saved_g for row in EcoStat.objects.all() if row.client_id == client.pk and row.co2_saved_g is not None
    ]
    return sum(known) if known else None


def slow_rank(client: Client, clients: list[Client]) -> int | None:
    """Who has nothing that is known counts as nothing for the others, and has no rank itself."""
    charged = [one for one in clients if any(row.client_id == one.pk for row in EcoStat.objects.all())]
    own = slow_saving(client)
    if client not in charged or own is None:
        return None
    return 1 + sum((slow_saving(one) or 0) > own for one in charged)


def check(seen: JourneyImpact, client: Client, clients: list[Client]) -> None:
    """Every figure of `seen`, from all rows there are."""
    rows = [row for row in EcoStat.objects.all() if row.client_id == client.pk]
    assert seen.sessions == len(rows)
    for name in ("energy_wh", "distance_m", "fuel_saved_ml", "charging_minutes"):
        assert getattr(seen, name) == sum(getattr(row, name) for row in rows)
    assert seen.co2_saved_g == (slow_saving(client) if rows else 0)
    money = {}
    for row in rows:
        if row.money_saved_minor is not None:
            money[row.currency] = money.get(row.currency, 0) + row.money_saved_minor
    assert seen.money_saved == money
    assert seen.money_sessions == sum(row.money_saved_minor is not None for row in rows)
    estimated = sum(row.energy_wh for row in rows if row.source == "estimated")
    assert seen.estimated_percent == (pytest.approx(100 * estimated / seen.energy_wh, abs=0.05) if rows else None)
    everybody = sum(row.co2_saved_g or 0 for row in EcoStat.objects.all())
    assert seen.community_co2_saved_g == everybody
    assert seen.rank == slow_rank(client, clients)
    assert seen.rank_of == len({row.client_id for row in EcoStat.objects.all()})
    if seen.contribution_percent is not None:
        assert seen.contribution_percent == pytest.approx(float(Fraction(100 * seen.co2_saved_g, everybody)), abs=0.05)
    kept = [{"name": name, **row.factors[name]} for row in rows for name in FACTOR_NAMES if name in row.factors]
    assert all(factor in seen.factors for factor in kept)
    assert all(factor in kept for factor in seen.factors)
    assert len(seen.factors) == len([n for n, factor in enumerate(seen.factors) if factor not in seen.factors[:n]])


@pytest.mark.parametrize("seed", range(3))
def test_every_figure_equals_a_slow_recomputation(evses: list[Evse], seed: int) -> None:
    dice = random.Random(seed)
    clients = [make_client(f"driver{n}") for n in range(5)]
    for _ in range(24):
        source = dice.choice(["estimated", "metered"])
        stat = charge(
            dice.choice(clients[:-1]), dice.choice(evses), energy_wh=dice.randint(1, 60_000),
            minutes=dice.randint(15, 480), paid_minor=dice.randint(0, 5_000), source=source,
        )  # fmt: skip
        if dice.random() < 0.2:
            remove_eco_stat(booking=stat.booking)
    for client in clients:
        check(compute_impact(client.pk), client, clients)


def test_a_new_client_has_saved_nothing_yet(dara: Client, eli: Client, evse: Evse) -> None:
    charge(eli, evse)
    seen = compute_impact(dara.pk)
    assert (seen.sessions, seen.energy_wh, seen.co2_saved_g, seen.trees, seen.money_saved) == (0, 0, 0, 0, {})
    assert (seen.rank, seen.rank_of, seen.contribution_percent, seen.estimated_percent) == (None, 1, 0, None)


def test_what_nobody_knows_is_none_and_not_nothing(dara: Client, tariff: Tariff) -> None:
    charge(dara, make_evse(make_station("Nowhere", tariff=tariff, country="")))
    seen = compute_impact(dara.pk)
    assert (seen.co2_saved_g, seen.trees, seen.rank, seen.contribution_percent) == (None, None, None, None)
    assert (seen.money_saved, seen.co2_sessions, seen.money_sessions) == ({}, 0, 0)
    assert (seen.energy_wh, seen.distance_m) == (20_000, 111_111)


def test_a_saving_says_how_many_sessions_it_covers(dara: Client, evse: Evse, tariff: Tariff) -> None:
    charge(dara, evse)
    charge(dara, make_evse(make_station("Nowhere", tariff=tariff, country="")))
    seen = compute_impact(dara.pk)
    assert (seen.sessions, seen.co2_sessions, seen.money_sessions) == (2, 1, 1)
    assert seen.co2_saved_g == EcoStat.objects.get(station_id=evse.station_id).co2_saved_g


def test_ranks_are_the_right_way_round_and_ties_share(evse: Evse) -> None:
    clients = {name: make_client(name) for name in ("most", "tie", "same", "least")}
    for name, energy_wh in {"most": 40_000, "tie": 20_000, "same": 20_000, "least": 5_000}.items():
        charge(clients[name], evse, energy_wh=energy_wh)
    ranks = {name: compute_impact(client.pk).rank for name, client in clients.items()}
    assert ranks == {"most": 1, "tie": 2, "same": 2, "least": 4}
    assert {compute_impact(client.pk).rank_of for client in clients.values()} == {4}


def test_who_has_no_session_stands_in_nobodys_way(evse: Evse, tariff: Tariff, eli: Client) -> None:
    negative = make_client("negative")
    charge(negative, make_evse(make_station("Yard", tariff=tariff, country="TM")), energy_wh=10_000)
    EcoStat.objects.all().update(co2_saved_g=-500)
    stat = charge(eli, evse)
    remove_eco_stat(booking=stat.booking)
    assert compute_impact(eli.pk).rank is None
    assert compute_impact(negative.pk).rank_of == 1


@pytest.mark.parametrize(
    ("own", "everybody", "expected"),
    [
        (25, 100, 25.0),
        (1, 3, 33.3),
        (0, 100, 0.0),
        (5, 5, 100.0),
        (0, 0, None),
        (-5, 100, None),
        (10, 5, None),
        (-5, -5, None),
    ],
)
def test_a_share_is_shown_only_where_it_means_something(own: int, everybody: int, expected: float | None) -> None:
    assert share_percent(own, Community(everybody, 2)) == expected


def test_the_cache_never_outlives_a_change(dara: Client, evse: Evse) -> None:
    assert impact_of(dara.pk).sessions == 0
    stat = charge(dara, evse)
    assert impact_of(dara.pk).sessions == 1
    remove_eco_stat(booking=stat.booking)
    assert impact_of(dara.pk).sessions == 0


def test_it_is_computed_once_however_often_it_is_asked_for(
    dara: Client, evse: Evse, django_assert_num_queries: object
) -> None:
    charge(dara, evse)
    impact_of(dara.pk)
    with django_assert_num_queries(0):
        impact_of(dara.pk)


def test_two_clients_never_share_figures(dara: Client, eli: Client, evse: Evse) -> None:
    charge(dara, evse, energy_wh=30_000)
    charge(eli, evse, energy_wh=1_000)
    assert [impact_of(client.pk).energy_wh for client in (dara, eli, dara)] == [30_000, 1_000, 30_000]


def test_no_query_scans_what_grows(dara: Client, evses: list[Evse]) -> None:
    for evse in evses:
        charge(dara, evse)
    with no_scans():
        compute_impact(dara.pk)
