"""Changing stations, EVSEs and tariffs; what is derived from them is kept in step here."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from bookings.models import Booking, Client, Evse, SearchWord, Station, Tariff
from bookings.outages import follow_status
from bookings.signals import station_changed
from bookings.words import connector_word, folded, words_to_find
from evbunker.audit import record_change
from evbunker.db import atomic, on_commit
from evbunker.errors import DomainError
from evbunker.models import Change, Record

SORT_KEY_LENGTH = 200
DERIVED = ("bookable", "evse_count", "max_power_w", "connector_types", "sort_key")
STATION_FIELDS = (
    "name", "network", "address", "city", "country", "latitude", "longitude", "time_zone", "currency", "status",
    "opening_hours", "tariff_id",
)  # fmt: skip
EVSE_FIELDS = ("station_id", "label", "current", "max_power_w", "connector_types", "status", "ocpp_identity")
TARIFF_FIELDS = (
    "name", "currency", "session_fee_minor", "per_hour_minor", "per_kwh_minor", "idle_per_minute_minor", "tax_bp",
    "free_cancel_hours", "late_refund_bp", "no_show_fee_bp",
)  # fmt: skip


class WrongCurrency(DomainError):
    code = "wrong_currency"
    message = _("The tariff is in another currency than the station.")
    field = "tariff"


class TariffInUse(DomainError):
    code = "tariff_in_use"
    message = _("Stations use this tariff. Make a new tariff for the other currency.")
    field = "currency"


@atomic
def refresh_station(station: Station) -> None:
    """Derive anew what is derived: bookable, counts, power, connectors, order and search words. Safe to repeat.

    The row is read again first: what was not saved of `station` is gone.
    """
    # A write that really changes the row: of two units that derive one station at once from different EVSEs, neither
    # seeing the other's, MongoDB then lets one run again.
    Station.objects.filter(pk=station.pk).update(sort_key="")
    station.refresh_from_db()
    derive(station, Evse.objects.filter(station=station), station.tariff)
    station.save(update_fields=DERIVED)
    _index(station)
    announce(station.pk)


def derive(station: Station, evses: Iterable[Evse], tariff: Tariff | None) -> None:
    """Set what `station` derives from its `evses` and its `tariff`; nothing is saved."""
    evses = list(evses)
    priced = tariff is not None and tariff.currency == station.currency
    usable = station.status == Station.Status.ACTIVE and any(evse.is_bookable for evse in evses)
    station.bookable = priced and usable
    station.evse_count = len(evses)
    station.max_power_w = max((evse.max_power_w for evse in evses), default=0)
    station.connector_types = sorted({connector for evse in evses for connector in evse.connector_types})
    station.sort_key = sort_key(station)


def sort_key(station: Station) -> str:
    """Bookable stations first, then by name; unique by the id at its end."""
    return f"{0 if station.bookable else 1}|{folded(station.name)[:SORT_KEY_LENGTH]}|{station.pk.hex}"


def search_words(station: Station) -> set[str]:
    """What `station` is found by; each is a row of `SearchWord`."""
    found_by = words_to_find(station.name, station.network, station.city)
    return found_by | {connector_word(connector) for connector in station.connector_types}


def _index(station: Station) -> None:
    wanted = search_words(station)
    kept = {row.word: row.pk for row in SearchWord.objects.filter(station=station)}
    if gone := [kept[word] for word in kept.keys() - wanted]:
        SearchWord.objects.filter(pk__in=gone).delete()
    SearchWord.objects.bulk_create([SearchWord(word=word, station=station) for word in sorted(wanted - kept.keys())])


def announce(station_id: UUID) -> None:
    """Tell whoever watches, after the unit has committed."""
    on_commit(lambda: station_changed.send_robust(Station, station_id=station_id))


@atomic
def save_station(*, station: Station, actor: Client | str, reason: str = "") -> Station:
    """Save an edited or a new station, note what changed, and derive the rest."""
    kept = Station.objects.filter(pk=station.pk).first()
    station.source_id = station.source_id or station.pk.hex
    station.save()
    _note(station, kept, STATION_FIELDS, actor=actor, action="station.saved", reason=reason)
    refresh_station(station)
    return station


@atomic
def set_station_status(*, station: Station, status: str, actor: Client | str, reason: str = "") -> bool:
    """Open, close or retire the station; False if that was so. Bookings stay."""
    if not _set(station, actor=actor, action="station.status", reason=reason, status=status):
        return False
    refresh_station(station)
    return True


@atomic
def set_tariff(*, station: Station, tariff: Tariff | None, actor: Client | str, reason: str = "") -> bool:
    """Price the station, or make it free of a price and so not bookable; False if that was so. Raises WrongCurrency."""
    if tariff is not None and tariff.currency != station.currency:
        raise WrongCurrency
    tariff_id = None if tariff is None else tariff.pk
    if not _set(station, actor=actor, action="station.tariff", reason=reason, tariff_id=tariff_id):
        return False
    refresh_station(station)
    return True


@atomic
def save_evse(*, evse: Evse, actor: Client | str, reason: str = "") -> Evse:
    """Save an edited or a new EVSE, note what changed, and what its station derives from it."""
    kept = Evse.objects.filter(pk=evse.pk).first()
    evse.save()
    follow_status(evse, note=reason)
    _note(evse, kept, EVSE_FIELDS, actor=actor, action="evse.saved", reason=reason)
    _refresh_station_of(evse)
    return evse


@atomic
def set_evse_status(
    *, evse: Evse, status: str, actor: Client | str, reason: str = "", cause: str = ""
) -> bool:  # fmt: skip
    """Say how the EVSE is and, if it is down, why (an `Outage.Cause`); False if that was so. Bookings stay.

    Another `cause` of an EVSE that is down holds from now on. Raises UnknownCause.
    """
    changed = _set(evse, actor=actor, action="evse.status", reason=reason, also={"cause": cause}, status=status)
    if not follow_status(evse, cause=cause, note=reason) and not changed:
        return False
    if not changed:
        record_change(actor=actor, action="evse.cause", record=evse, reason=reason, after={"cause": cause})
    _refresh_station_of(evse)
    return True


@atomic
def remove_evse(*, evse: Evse, actor: Client | str, reason: str = "") -> bool:
    """Delete the EVSE, or put it out of service where bookings name it or may be under way; True if it was deleted."""
    station = Station.objects.get(pk=evse.station_id)
    if station.bookable or Booking.objects.filter(evse=evse).exists():
        set_evse_status(evse=evse, status=Evse.Status.OUT_OF_SERVICE, actor=actor, reason=reason)
        return False
    before = {name: _plain(getattr(evse, name)) for name in EVSE_FIELDS}
    record_change(actor=actor, action="evse.removed", record=evse, before=before, reason=reason)
    evse.delete()
    refresh_station(station)
    return True


@atomic
def save_tariff(*, tariff: Tariff, actor: Client | str) -> Tariff:
    """Save an edited or a new tariff. Bookings keep the terms they were held under. Raises TariffInUse.

    The currency of a tariff in use stays, so no station has to be derived anew.
    """
    kept = Tariff.objects.filter(pk=tariff.pk).first()
    if kept and kept.currency != tariff.currency and Station.objects.filter(tariff=kept).exists():
        raise TariffInUse
    tariff.save()
    _note(tariff, kept, TARIFF_FIELDS, actor=actor, action="tariff.saved")
    return tariff


def set_by_hand(record: Record, field: str) -> bool:
    """Whether a person, and not an import or a job, was the last to set `field`: the audit trail knows."""
    changes = [change for change in Change.objects.filter(record_id=record.pk) if field in change.after]
    return bool(changes) and max(changes, key=lambda change: change.pk).actor_id is not None


def _refresh_station_of(evse: Evse) -> None:
    refresh_station(Station.objects.get(pk=evse.station_id))


def _set(
    record: Record, *, actor: Client | str, action: str, reason: str, also: dict[str, str] | None = None, **fields: Any
) -> bool:
    """Set fields of the row as it is now, and note it with what was `also` said; False if they were so."""
    record.refresh_from_db()
    before = {name: getattr(record, name) for name in fields}
    if before == fields:
        return False
    for name, value in fields.items():
        setattr(record, name, value)
    record.save(update_fields=set(fields))
    before, after = ({name: _plain(value) for name, value in values.items()} for values in (before, fields))
    after |= {name: value for name, value in (also or {}).items() if value}
    record_change(actor=actor, action=action, record=record, before=before, after=after, reason=reason)
    return True


def _note(
    record: Record, kept: Record | None, fields: Iterable[str], *, actor: Client | str, action: str, reason: str = ""
) -> None:
    """Write what differs between the row as it was `kept` and as it is now into the audit trail, if anything does."""
    after = {name: _plain(getattr(record, name)) for name in fields}
    before = {} if kept is None else {name: _plain(getattr(kept, name)) for name in fields}
    changed = [name for name in after if kept is None or before[name] != after[name]]
    if changed:
        record_change(
            actor=actor, action=action, record=record, reason=reason,
            before={name: before[name] for name in changed if name in before},
            after={name: after[name] for name in changed},
        )  # fmt: skip


def _plain(value: Any) -> Any:
    """`value` as JSON has it."""
    return str(value) if isinstance(value, UUID) else value
