"""Fifty at once: the unique index decides, and the test fails without it."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.db import connection

from bookings.holding import hold
from bookings.models import Booking, Client, Evse, SlotClaim, Tariff
from evbunker.errors import DomainError
from tests.booking_steps import slot_in
from tests.people import make_client
from tests.places import make_evse, make_station

CROWD = 50


def at_once(tasks: list[Callable[[], object]]) -> Counter[str]:
    """Run all tasks in threads that start together; how often which code (or "won") came out."""
    gate = threading.Barrier(len(tasks))

    def run(task: Callable[[], object]) -> str:
        gate.wait()
        try:
            task()
        except DomainError as error:
            return error.code
        finally:
            connection.close()
        return "won"

    with ThreadPoolExecutor(len(tasks)) as pool:
        return Counter(pool.map(run, tasks))


@pytest.fixture
def crowd() -> list[Client]:
    return [make_client(f"driver{number}") for number in range(CROWD)]


def wish(client: Client, evse: Evse, in_minutes: int, minutes: int) -> Callable[[], Booking]:
    starts_at = slot_in(in_minutes)
    return lambda: hold(client=client, evse=evse, starts_at=starts_at, minutes=minutes, energy_wh=1000)


@pytest.mark.race
def test_one_of_fifty_wins_a_slot_and_the_others_are_told(crowd: list[Client], evse: Evse) -> None:
    outcome = at_once([wish(client, evse, 60, 30) for client in crowd])

    assert outcome == {"won": 1, "slot_taken": CROWD - 1}
    assert SlotClaim.objects.count() == 2


@pytest.mark.race
def test_overlapping_ranges_leave_no_partial_claim(crowd: list[Client], evse: Evse) -> None:
    outcome = at_once([wish(client, evse, 60 + 15 * (n % 8), 15 * (1 + n % 5)) for n, client in enumerate(crowd)])

    assert set(outcome) <= {"won", "slot_taken"}
    assert outcome["won"] == Booking.objects.count() >= 1


@pytest.mark.race
def test_one_driver_gets_two_holds_however_fast(dara: Client, evse: Evse) -> None:
    outcome = at_once([wish(dara, evse, 60 * (1 + n), 15) for n in range(12)])

    assert outcome["won"] == 2
    assert set(outcome) == {"won", "too_many_holds"}


@pytest.mark.race
def test_one_driver_is_in_one_place_however_fast(dara: Client, tariff: Tariff) -> None:
    places = [make_evse(make_station(f"Station {number}", tariff=tariff)) for number in range(8)]
    outcome = at_once([wish(dara, evse, 60, 15) for evse in places])
    assert outcome == {"won": 1, "own_overlap": 7}


def test_without_the_unique_index_slots_are_sold_twice(crowd: list[Client], evse: Evse) -> None:
    """The negative control: the index alone decides, so the race tests above do see races."""
    with without_unique_claims():
        outcome = at_once([wish(client, evse, 60, 15) for client in crowd])
        sold = SlotClaim.objects.filter(evse=evse).count()
        SlotClaim.objects.all().delete()
        assert outcome["won"] == sold > 1, outcome


@contextmanager
def without_unique_claims() -> Iterator[None]:
    """Drop the unique index of slot claims for a moment."""
    constraints = SlotClaim._meta.constraints
    unique = next(constraint for constraint in constraints if constraint.name == "slotclaim_once")
    SlotClaim._meta.constraints = []  # SQLite rebuilds the table from the model
    try:
        with connection.schema_editor() as editor:
            editor.remove_constraint(SlotClaim, unique)
        yield
    finally:
        SlotClaim._meta.constraints = constraints
        with connection.schema_editor() as editor:
            editor.add_constraint(SlotClaim, unique)
