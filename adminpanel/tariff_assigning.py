"""Giving one tariff to several stations: which there are, which of them would change, which cannot."""

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from bookings.models import Client, SearchWord, Station, Tariff
from bookings.stations import WrongCurrency, set_tariff
from bookings.words import beginning_with, words_of
from evbunker.db import lowest

SHOWN = 50
FOUND_BY = 100


class Plan(NamedTuple):
    """What giving the tariff to some stations would do. `other_currency` cannot have it; `same` have it already."""

    changes: list[Station]
    same: list[Station]
    other_currency: list[Station]

    def sentences(self) -> list[str]:
        """What whoever agrees has read: the stations, and what they have now."""
        return [f"{kind} {one.pk} {one.tariff_id}" for kind, rows in self._asdict().items() for one in rows]


def stations_called(term: str) -> tuple[list[Station], bool]:
    """Stations by how a word of name, city or network begins, those drivers see first; and whether there are more."""
    if not term.strip():
        found = lowest(Station.objects.all(), by="sort_key", limit=SHOWN + 1)
        return found[:SHOWN], len(found) > SHOWN
    word = max(words_of(term), key=len, default="")
    rows = SearchWord.objects.filter(station__isnull=False, **beginning_with(word))[:FOUND_BY]
    ids = {row.station_id for row in rows} if word else set()
    found = sorted(Station.objects.filter(pk__in=ids), key=lambda one: one.sort_key)
    return found[:SHOWN], len(found) > SHOWN or len(rows) == FOUND_BY


def plan(tariff: Tariff, ids: Iterable[UUID]) -> Plan:
    found = sorted(Station.objects.filter(pk__in=list(ids)[:SHOWN]), key=lambda one: one.sort_key)
    fits = [one for one in found if one.currency == tariff.currency]
    return Plan(
        changes=[one for one in fits if one.tariff_id != tariff.pk],
        same=[one for one in fits if one.tariff_id == tariff.pk],
        other_currency=[one for one in found if one.currency != tariff.currency],
    )


def assign(tariff: Tariff, stations: Iterable[Station], actor: Client) -> int:
    """Give each the tariff, one unit of work each; how many changed. Safe to repeat."""
    changed = 0
    for station in stations:
        try:
            changed += set_tariff(station=station, tariff=tariff, actor=actor)
        except WrongCurrency:  # somebody gave it another currency meanwhile: then it stays as it is
            continue
    return changed


def users_of(tariff: Tariff, limit: int) -> tuple[list[Station], bool]:
    """Stations that use the tariff, and whether there are more."""
    found = list(Station.objects.filter(tariff=tariff)[: limit + 1])
    return sorted(found[:limit], key=lambda one: one.sort_key), len(found) > limit
