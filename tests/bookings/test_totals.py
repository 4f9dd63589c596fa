"""What a client saved in all is the sum of what its bookings saved, whatever happened in between."""

import datetime as dt
import random
from collections import Counter
from uuid import UUID

import pytest

from bookings.integrity import total_findings
from bookings.models import Booking, Client, ClientTotal, EcoStat, Evse, Vehicle
from bookings.signals import eco_stats_changed
from bookings.totals import SUMMED, remove_eco_stat, write_eco_stat
from evbunker.db import atomic
from tests.bookings.test_hold_races import at_once
from tests.eco_history import charge, confirmed
from tests.places import make_evse, make_station


def write(booking: Booking, energy_wh: int = 20_000, source: str = "estimated") -> EcoStat:
    return write_eco_stat(booking=booking, energy_wh=energy_wh, minutes=60, source=source)


def slow_sums(client: Client) -> dict[str, object]:
    stats = list(EcoStat.objects.filter(client=client))
    money: Counter[str] = Counter()
    for stat in stats:
        money[stat.currency] += stat.money_saved_minor or 0
    return {
        **{name: sum(getattr(stat, name) or 0 for stat in stats) for name in SUMMED},
        "sessions": len(stats),
        "estimated_energy_wh": sum(stat.energy_wh for stat in stats if stat.source == "estimated"),
        "money_saved": {currency: minor for currency, minor in money.items() if minor},
    }


def kept_sums(client: Client) -> dict[str, object]:
    total = ClientTotal.objects.get(client=client)
    return {name: getattr(total, name) for name in slow_sums(client)}


def test_the_day_is_the_stations_own(dara: Client, evse: Evse) -> None:
    stat = charge(dara, evse, day=dt.date(2026, 11, 20))
    assert (stat.day, stat.charging_minutes, stat.source) == (dt.date(2026, 11, 20), 60, "estimated")


def test_metered_energy_replaces_the_estimate(dara: Client, evse: Evse) -> None:
    booking = confirmed(dara, evse)
    first, second = write(booking, 20_000), write(booking, 12_345, "metered")
    assert first.pk == second.pk
    total = ClientTotal.objects.get(client=dara)
    assert (total.sessions, total.energy_wh, total.estimated_energy_wh) == (1, 12_345, 0)


def test_it_is_safe_to_repeat(dara: Client, evse: Evse) -> None:
    booking = confirmed(dara, evse)
    for _ in range(3):
        write(booking)
    assert ClientTotal.objects.get(client=dara).sessions == EcoStat.objects.count() == 1


def test_what_came_to_nothing_leaves_nothing(dara: Client, evse: Evse) -> None:
    booking = confirmed(dara, evse)
    write(booking)
    assert remove_eco_stat(booking=booking) is True
    assert remove_eco_stat(booking=booking) is False
    assert not EcoStat.objects.exists()
    assert not ClientTotal.objects.exists()


def test_an_unknown_saving_is_not_a_saving_of_nothing(dara: Client, tariff: object) -> None:
    nowhere = make_evse(make_station("Nowhere", tariff=tariff, country=""))
    stat = charge(dara, nowhere)
    assert (stat.co2_saved_g, stat.money_saved_minor) == (None, None)
    assert ClientTotal.objects.get(client=dara).money_saved == {}


def test_the_clients_only_car_counts(dara: Client, evse: Evse) -> None:
    Vehicle.objects.create(client=dara, name="Van", usable_battery_wh=60_000, ac_max_w=11_000, wh_per_km=250)
    assert charge(dara, evse).distance_m == 80_000
    Vehicle.objects.create(client=dara, name="City car", usable_battery_wh=30_000, ac_max_w=7_400, wh_per_km=130)
    assert charge(dara, evse).distance_m == 111_111  # nobody said which of the two it was


def test_it_tells_after_the_commit_with_ids_alone(dara: Client, evse: Evse) -> None:
    told: list[dict[str, UUID]] = []

    def listen(**facts: UUID) -> None:
        told.append({name: facts[name] for name in ("client_id", "station_id", "booking_id")})

    eco_stats_changed.connect(listen)
    try:
        stat = charge(dara, evse)
        with pytest.raises(RuntimeError):
            write_and_fail(stat.booking)
    finally:
        eco_stats_changed.disconnect(listen)
    assert told == [{"client_id": dara.pk, "station_id": evse.station_id, "booking_id": stat.booking_id}]


@atomic
def write_and_fail(booking: Booking) -> None:
    write(booking, 1)
    raise RuntimeError


@pytest.mark.parametrize("seed", range(3))
def test_sums_follow_any_history(dara: Client, eli: Client, tariff: object, seed: int) -> None:
    dice = random.Random(seed)
    places = [
        make_evse(make_station(country, tariff=tariff, country=country, currency=currency))
        for country, currency in (("DE", "EUR"), ("GB", "GBP"), ("IN", "INR"), ("", "EUR"))
    ]
    bookings = [confirmed(dice.choice([dara, eli]), dice.choice(places)) for _ in range(12)]
    for _ in range(40):
        booking = dice.choice(bookings)
        if dice.random() < 0.3:
            remove_eco_stat(booking=booking)
        else:
            write(booking, dice.randint(0, 60_000), dice.choice(["estimated", "metered"]))
    for client in (dara, eli):
        if EcoStat.objects.filter(client=client).exists():
            assert kept_sums(client) == slow_sums(client)
    assert list(total_findings()) == []


@pytest.mark.race
def test_a_clients_first_bookings_at_once_lose_nothing(dara: Client, evse: Evse) -> None:
    bookings = [confirmed(dara, evse, status="cancelled", confirmed_at=None) for _ in range(12)]
    outcome = at_once([lambda booking=booking: write(booking) for booking in bookings])
    assert EcoStat.objects.count() == outcome["won"] >= 1
    assert set(outcome) <= {"won", "busy"}
    assert kept_sums(dara) == slow_sums(dara)
    for booking in bookings:  # cancelled bookings have none, as the check of the whole database knows
        remove_eco_stat(booking=booking)
    assert not ClientTotal.objects.exists()
