"""Everybody's saving together, and how one client's compares with it."""

from dataclasses import dataclass

from django.db.models import Count, Sum

from bookings.models import ClientTotal
from evbunker.live import cached
from evbunker.live.events import OPERATORS

COMMUNITY_SECONDS = 300
LEAST_G = -(2**63)
"""Below every saving: a lower bound makes MongoDB read the index on savings instead of the collection."""


@dataclass(frozen=True)
class Community:
    """What all clients with a session saved in all (may be negative), and how many they are."""

    co2_saved_g: int
    clients: int


def community() -> Community:
    """The sum over everybody; up to 5 minutes old, never older than the last change of anybody's."""
    return cached(
        "community", group=OPERATORS, stale_on={"eco_stats_update"}, ttl=COMMUNITY_SECONDS, compute=compute_community
    )


def compute_community() -> Community:
    everybody = ClientTotal.objects.filter(co2_saved_g__gte=LEAST_G)
    # What is counted is the indexed field itself, never null: neither engine then looks at a row.
    found = everybody.aggregate(grams=Sum("co2_saved_g"), clients=Count("co2_saved_g"))
    return Community(co2_saved_g=found["grams"] or 0, clients=found["clients"])


def rank_of(co2_saved_g: int) -> int:
    """1 is the best: one more than the clients who saved strictly more, so that equal ones share a rank."""
    return ClientTotal.objects.filter(co2_saved_g__gt=co2_saved_g).count() + 1


def share_percent(co2_saved_g: int, everybody: Community) -> float | None:
    """How much of everybody's saving is one's own, one decimal; None where a share says nothing.

    With negative savings around, a part can be larger than the whole: then nobody's share means anything.
    """
    if not 0 <= co2_saved_g <= everybody.co2_saved_g or not everybody.co2_saved_g:
        return None
    return round(100 * co2_saved_g / everybody.co2_saved_g, 1)
