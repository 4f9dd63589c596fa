"""Journey impact: what a client's charging saved so far, and how sure that is."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, Sum

from bookings import eco
from bookings.models import EcoStat
from bookings.models.session import EnergySource
from dashboard.community import community, rank_of, share_percent
from evbunker import clock
from evbunker.live import cached
from evbunker.live.events import client_group

IMPACT_SECONDS = 60
SUMS = {
    "minutes": Sum("charging_minutes"),
    "energy": Sum("energy_wh"),
    "distance": Sum("distance_m"),
    "co2": Sum("co2_saved_g"),
    "co2_known": Count("co2_saved_g"),
    "money": Sum("money_saved_minor"),
    "money_known": Count("money_saved_minor"),
    "fuel": Sum("fuel_saved_ml"),
    "sessions": Count("pk"),
}
Row = dict[str, Any]


@dataclass(frozen=True)
class JourneyImpact:
    """A client's figures, net of the grid; None: nobody knows, so it is not shown.

    `co2_saved_g` and what follows from it covers the `co2_sessions` of all `sessions` whose grid is known,
    `money_saved` ({currency: minor}) the `money_sessions` whose petrol price is. Both may be negative, trees may not.
    `rank` is among the `rank_of` clients with a session. `estimated_percent` says how much of the energy no meter
    has confirmed. `factors` are those that were used, each with value, unit and source.
    """

    energy_wh: int
    distance_m: int
    co2_saved_g: int | None
    co2_sessions: int
    money_saved: dict[str, int]
    money_sessions: int
    fuel_saved_ml: int
    trees: float | None
    charging_minutes: int
    sessions: int
    community_co2_saved_g: int
    contribution_percent: float | None
    rank: int | None
    rank_of: int
    estimated_percent: float | None
    factors: list[dict[str, Any]]
    as_of: dt.datetime

    @property
    def estimated(self) -> bool:
        """Is any of it an estimate?"""
        return bool(self.estimated_percent)


def impact_of(client_id: UUID) -> JourneyImpact:
    """The client's figures, at most a minute old and never older than the last change of its own."""
    return cached(
        "impact", group=client_group(client_id), stale_on={"eco_stats_update"}, ttl=IMPACT_SECONDS,
        compute=lambda: compute_impact(client_id),
    )  # fmt: skip


def compute_impact(client_id: UUID) -> JourneyImpact:
    """All of it from the database, now. The eco stats are added up where they lie, by what they were computed with."""
    stats = EcoStat.objects.filter(client_id=client_id)
    rows = list(stats.values("currency", "source", "factors").annotate(**SUMS))
    total = Counter[str]()
    for row in rows:
        total.update({name: row[name] or 0 for name in SUMS})
    co2_saved_g = total["co2"] if total["co2_known"] or not rows else None
    everybody = community()
    return JourneyImpact(
        energy_wh=total["energy"],
        distance_m=total["distance"],
        co2_saved_g=co2_saved_g,
        co2_sessions=total["co2_known"],
        money_saved=_money(rows),
        money_sessions=total["money_known"],
        fuel_saved_ml=total["fuel"],
        trees=None if co2_saved_g is None else eco.trees(co2_saved_g),
        charging_minutes=total["minutes"],
        sessions=total["sessions"],
        community_co2_saved_g=everybody.co2_saved_g,
        contribution_percent=None if co2_saved_g is None else share_percent(co2_saved_g, everybody),
        rank=rank_of(co2_saved_g) if rows and co2_saved_g is not None else None,
        rank_of=everybody.clients,
        estimated_percent=_estimated_percent(rows),
        factors=_factors(rows),
        as_of=clock.now(),
    )


def _money(rows: Iterable[Row]) -> dict[str, int]:
    saved: Counter[str] = Counter()
    for row in rows:
        if row["money_known"]:
            saved[row["currency"]] += row["money"]
    return dict(sorted(saved.items()))


def _estimated_percent(rows: Iterable[Row]) -> float | None:
    """The part of the energy that is estimated, one decimal; None if there is no energy."""
    energy = Counter[bool]()
    for row in rows:
        energy[row["source"] == EnergySource.ESTIMATED] += row["energy"]
    whole = energy.total()
    return round(100 * energy[True] / whole, 1) if whole else None


def _factors(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Every factor once, in the order of the computation."""
    used: list[dict[str, Any]] = []
    for name in eco.FACTOR_NAMES:
        for row in rows:
            factor = {"name": name, **row["factors"][name]} if name in row["factors"] else None
            if factor and factor not in used:
                used.append(factor)
    return used
