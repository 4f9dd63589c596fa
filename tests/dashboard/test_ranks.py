"""Ranks equal a slow count, ties and all, in whatever order they are asked for, and cost less the more are known."""

import random

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bookings.models import Client, ClientTotal, Evse
from dashboard import community
from dashboard.community import compute_community, rank_of
from evbunker.live import Event, publish
from tests.eco_history import charge
from tests.people import make_client

GRAMS = st.integers(-5, 5) | st.integers(-(10**6), 10**6) | st.sampled_from([-(2**40), 2**40])


def save_totals(savings: list[int]) -> None:
    """A client each, past the services."""
    ClientTotal.objects.all().delete()
    known = list(Client.objects.filter(email__startswith="saver")[: len(savings)])
    new = [Client(email=f"saver{n}@example.org") for n in range(len(known), len(savings))]
    clients = known + Client.objects.bulk_create(new)
    ClientTotal.objects.bulk_create(
        ClientTotal(client=client, sessions=1, co2_saved_g=grams)
        for client, grams in zip(clients, savings, strict=True)
    )
    publish(Event("eco_stats_update"))


def slow_rank(grams: int, savings: list[int]) -> int:
    return 1 + sum(other > grams for other in savings)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(savings=st.lists(GRAMS, max_size=12), asked=st.lists(GRAMS, max_size=12))
def test_any_rank_equals_a_slow_count(transactional_db: None, savings: list[int], asked: list[int]) -> None:
    save_totals(savings)
    for grams in [*asked, *savings, *asked]:
        assert rank_of(grams) == slow_rank(grams, savings)
    seen = compute_community()
    assert (seen.co2_saved_g, seen.clients) == (sum(savings), len(savings))


@pytest.mark.parametrize("seed", range(2))
def test_ranks_follow_what_changes_in_between(evse: Evse, seed: int) -> None:
    dice = random.Random(seed)
    clients = [make_client(f"driver{n}") for n in range(5)]
    for _ in range(12):
        charge(dice.choice(clients), evse, energy_wh=dice.randint(1, 5) * 1000)
        savings = list(ClientTotal.objects.values_list("co2_saved_g", flat=True))
        for grams in dice.sample(savings, len(savings)):
            assert rank_of(grams) == slow_rank(grams, savings)


def test_a_known_rank_is_not_asked_for_again(evse: Evse) -> None:
    save_totals([5, 5, 3, 1])
    assert [rank_of(grams) for grams in (5, 3, 1)] == [1, 3, 4]
    with CaptureQueriesContext(connection) as asked:
        assert [rank_of(grams) for grams in (1, 5, 3)] == [4, 1, 3]
    assert len(asked) == 0


def test_only_what_lies_between_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a hundred ranks known, what one more costs has shrunk to a hundredth."""
    savings = list(range(1000))
    random.Random(7).shuffle(savings)
    save_totals(savings)
    counted: list[int] = []
    above = community.above

    def count(grams: int, marks: dict[int, int]) -> int:
        found = above(grams, marks)
        nearest = min(marks, key=lambda mark: abs(mark - grams), default=None)
        counted.append(found if nearest is None else abs(found - marks[nearest]))
        return found

    monkeypatch.setattr(community, "above", count)
    for grams in savings[:200]:
        assert rank_of(grams) == 1000 - grams
    assert sum(counted[100:]) / 100 < 1000 / 100


def test_there_is_a_limit_to_what_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(community, "MOST_MARKS", 3)
    save_totals(list(range(9)))
    assert [rank_of(grams) for grams in range(9)] == [9 - grams for grams in range(9)]


def test_without_a_cache_ranks_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(community, "version_of", lambda *_scope: "")
    save_totals([5, 5, 3, 1])
    cache.clear()
    assert [rank_of(grams) for grams in (5, 3, 1, 1)] == [1, 3, 4, 4]
