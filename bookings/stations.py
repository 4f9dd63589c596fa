"""Changing stations, EVSEs and tariffs; what is derived from them is kept in step here."""

from typing import Any

from bookings.models import Client, Evse, SearchWord, Station, Tariff
from bookings.signals import station_changed
from bookings.words import connector_word, folded, words_of
from evbunker.audit import record_change
from evbunker.db import atomic, on_commit

SORT_KEY_LENGTH = 200
TARIFF_FIELDS = (
    "name",
    "currency",
    "session_fee_minor",
    "per_hour_minor",
    "per_kwh_minor",
    "idle_per_minute_minor",
    "tax_bp",
    "free_cancel_hours",
    "late_refund_bp",
    "no_show_fee_bp",
)


@atomic
def refresh_station(station: Station) -> None:
    """Derive anew what is derived: bookable, counts, power, connectors, order and search words. Safe to repeat."""
    evses = list(Evse.objects.filter(station=station))
    usable = [evse for evse in evses if evse.is_bookable]
    tariff = station.tariff
    priced = tariff is not None and tariff.currency == station.currency
    station.bookable = bool(station.status == Station.Status.ACTIVE and priced and usable)
    station.evse_count = len(evses)
    station.max_power_w = max((evse.max_power_w for evse in evses), default=0)
    station.connector_types = sorted({connector for evse in evses for connector in evse.connector_types})
    station.sort_key = sort_key(station)
    station.save()
    _index(station)
    station_id = station.pk
    on_commit(lambda: station_changed.send_robust(Station, station_id=station_id))


def sort_key(station: Station) -> str:
    """Bookable stations first, then by name; unique by the id at its end."""
    return f"{0 if station.bookable else 1}|{folded(station.name)[:SORT_KEY_LENGTH]}|{station.pk.hex}"


def _index(station: Station) -> None:
    wanted = words_of(station.name, station.network, station.city)
    wanted |= {connector_word(connector) for connector in station.connector_types}
    kept = {row.word: row for row in SearchWord.objects.filter(station=station)}
    gone = [kept[word].pk for word in kept.keys() - wanted]
    if gone:
        SearchWord.objects.filter(pk__in=gone).delete()
    SearchWord.objects.bulk_create([SearchWord(word=word, station=station) for word in sorted(wanted - kept.keys())])


@atomic
def save_station(*, station: Station, actor: Client | str, before: dict[str, Any] | None = None) -> Station:
    """Save an edited or a new station, note who changed what, and derive the rest."""
    station.save()
    fields = {name: getattr(station, name) for name in ("name", "status", "currency", "time_zone")}
    after = {**fields, "tariff": str(station.tariff_id) if station.tariff_id else None}
    record_change(actor=actor, action="station.saved", record=station, before=before, after=after)
    refresh_station(station)
    return station


@atomic
def save_evse(*, evse: Evse, actor: Client | str) -> Evse:
    """Save an edited or a new EVSE, and what its station derives from it."""
    evse.save()
    after = {"label": evse.label, "status": evse.status, "max_power_w": evse.max_power_w}
    record_change(actor=actor, action="evse.saved", record=evse, after=after)
    refresh_station(Station.objects.get(pk=evse.station_id))
    return evse


@atomic
def save_tariff(*, tariff: Tariff, actor: Client | str) -> Tariff:
    """Save an edited or a new tariff. Bookings keep the terms they were held under."""
    tariff.save()
    after = {name: getattr(tariff, name) for name in TARIFF_FIELDS}
    record_change(actor=actor, action="tariff.saved", record=tariff, after=after)
    for station in Station.objects.filter(tariff=tariff):
        refresh_station(station)
    return tariff
