"""Everybody's saving together, and how one client's compares with it.

All clients are walked through at most once after each change of anybody's saving, for their sum, from the index alone.
A rank is counted from the nearest one that somebody else has asked for since that change: what is left to count shrinks
with every question, so what one question costs does not grow with the number of clients.
"""

from dataclasses import dataclass

from django.core.cache import cache
from django.db.models import Count, Sum

from bookings.models import ClientTotal
from evbunker.live import cached
from evbunker.live.events import OPERATORS
from evbunker.live.versions import version_of

COMMUNITY_SECONDS = 300
STALE_ON = frozenset({"eco_stats_update"})
MOST_MARKS = 1000
"""So many known ranks are kept at a time, about 10 KB: between two of them lies a thousandth of all clients."""
Marks = dict[int, int]
"""Saving in grams -> how many saved strictly more."""
LEAST_G = -(2**63)
"""Below every saving: a lower bound makes MongoDB read the index on savings instead of the collection."""


@dataclass(frozen=True)
class Community:
    """What all clients with a session saved in all (may be negative), and how many they are."""

    co2_saved_g: int
    clients: int


def community() -> Community:
    """The sum over everybody; up to 5 minutes old, never older than the last change of anybody's."""
    return cached("community", group=OPERATORS, stale_on=STALE_ON, ttl=COMMUNITY_SECONDS, compute=compute_community)


def compute_community() -> Community:
    everybody = ClientTotal.objects.filter(co2_saved_g__gte=LEAST_G)
    # What is counted is the indexed field itself, never null: neither engine then looks at a row.
    found = everybody.aggregate(grams=Sum("co2_saved_g"), clients=Count("co2_saved_g"))
    return Community(co2_saved_g=found["grams"] or 0, clients=found["clients"])


def rank_of(co2_saved_g: int) -> int:
    """1 is the best: one more than the clients who saved strictly more, so that equal ones share a rank."""
    version = version_of(OPERATORS, STALE_ON)
    key = f"live:ranks:{version}"
    marks: Marks = (cache.get(key) if version else None) or {}
    if co2_saved_g not in marks:
        marks[co2_saved_g] = above(co2_saved_g, marks)
        if version and len(marks) <= MOST_MARKS:
            cache.set(key, marks, COMMUNITY_SECONDS)  # two at once: one mark is lost, and nothing else
    return marks[co2_saved_g] + 1


def above(co2_saved_g: int, marks: Marks) -> int:
    """How many saved strictly more, counted from the nearest of `marks` on, or from the best if there is none."""
    everybody = ClientTotal.objects.all()
    nearest = min(marks, key=lambda mark: abs(mark - co2_saved_g), default=None)
    if nearest is None:
        return everybody.filter(co2_saved_g__gt=co2_saved_g).count()
    low, high = sorted((nearest, co2_saved_g))
    between = everybody.filter(co2_saved_g__gt=low, co2_saved_g__lte=high).count()
    return marks[nearest] + (between if nearest > co2_saved_g else -between)


def share_percent(co2_saved_g: int, everybody: Community) -> float | None:
    """How much of everybody's saving is one's own, one decimal; None where a share says nothing.

    With negative savings around, a part can be larger than the whole: then nobody's share means anything.
    """
    if not 0 <= co2_saved_g <= everybody.co2_saved_g or not everybody.co2_saved_g:
        return None
    return round(100 * co2_saved_g / everybody.co2_saved_g, 1)
