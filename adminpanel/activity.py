"""What happened last: the newest of each kind, merged in time."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from bookings.models import Booking, ChargingSession, Client, Station
from evbunker.db import newest
from evbunker.models import Change, Record
from evbunker.moments import format_period
from evbunker.money import format_money
from evbunker.units import ENERGY, format_quantity
from payments.models import Payment

OF_EACH = 5
"""So many of each kind are read, so that an import of a thousand stations does not hide everything else."""
SHOWN = 20
State = ChargingSession.Status
ICONS = {"client": "user", "station": "pin", "booking": "calendar", "payment": "coin", "session": "bolt"}


@dataclass(frozen=True)
class Item:
    """One line of the feed: when, who and what in a sentence, the record's present status and its address."""

    id: str
    kind: str
    at: dt.datetime
    sentence: str
    detail: str
    status: str
    url: str

    @property
    def icon(self) -> str:
        return ICONS[self.kind]


def newest_activity() -> list[Item]:
    """The feed, newest first. Each kind is one read by an index, however many there are."""
    items = [
        *map(_of_client, newest(Client.objects.all(), by="created_at", limit=OF_EACH)),
        *map(_of_station, newest(Station.objects.all(), by="id", limit=OF_EACH)),  # ids are in order of time
        *_of_bookings(),
        *map(_of_payment, newest(Payment.objects.all(), by="created_at", limit=OF_EACH)),
        *_of_sessions(),
    ]
    return sorted(items, key=lambda item: (item.at, item.id), reverse=True)[:SHOWN]


def _of_client(client: Client) -> Item:
    return _item(client, "client", client.created_at, _("%s signed up") % client, client.country)


def _of_station(station: Station) -> Item:
    place = ", ".join(filter(None, [station.city, station.network]))
    return _item(station, "station", station.created_at, _("%s was added") % station, place, station.status)


def _of_bookings() -> Iterator[Item]:
    """Time that was added to a booking is none of its own."""
    rows = newest(Booking.objects.all(), by="created_at", limit=OF_EACH)
    return (_of_booking(row) for row in rows if row.extends_id is None)


def _of_booking(booking: Booking) -> Item:
    sentence = _("%(client)s booked %(station)s, %(evse)s") % _names(booking)
    period = format_period(booking.starts_at, booking.ends_at, booking.station_time_zone)
    return _item(booking, "booking", booking.created_at, sentence, period, booking.status)


def _of_payment(payment: Payment) -> Item:
    amount = format_money(payment.captured_minor or payment.amount_minor, payment.currency)
    said = _("%(client)s paid %(amount)s") if payment.captured_at else _("%(client)s was asked for %(amount)s")
    sentence = said % {"client": payment.client_name, "amount": amount}
    at = payment.captured_at or payment.created_at
    return _item(payment, "payment", at, sentence, payment.station_name, payment.status)


def _of_sessions() -> list[Item]:
    """Sessions by what happened to them last, which the audit trail knows; their rows know how they are now."""
    of_sessions = Change.objects.filter(record_type=ChargingSession._meta.label_lower)
    changes = newest(of_sessions, by="created_at", limit=2 * OF_EACH)
    last = {change.record_id: change.created_at for change in reversed(changes)}
    sessions = ChargingSession.objects.filter(pk__in=sorted(last, key=last.__getitem__)[-OF_EACH:])
    return [_of_session(session, last[session.pk]) for session in sessions]


def _of_session(session: ChargingSession, at: dt.datetime) -> Item:
    sentence = _what_happened(session) % _names(session)
    energy = f"{format_quantity(session.energy_wh, ENERGY)}, {session.get_energy_source_display()}"
    return _item(session, "session", at, sentence, energy if session.energy_wh else "", session.status)


def _what_happened(session: ChargingSession) -> str:
    if session.status == State.ACTIVE:
        return _("%(client)s is charging at %(station)s, %(evse)s")
    if session.status == State.COMPLETED:
        return _("%(client)s charged at %(station)s, %(evse)s")
    if session.status == State.ABORTED and session.started_at is None:
        return _("%(client)s did not come to %(station)s, %(evse)s")
    return _("Charging of %(client)s at %(station)s, %(evse)s")


def _names(record: Booking | ChargingSession) -> dict[str, str]:
    return {"client": record.client_name, "station": record.station_name, "evse": record.evse_label}


def _item(record: Record, kind: str, at: dt.datetime, sentence: str, detail: str, status: str = "") -> Item:
    address = f"admin:{record._meta.app_label}_{record._meta.model_name}_change"
    url = reverse(address, args=[record.pk])
    return Item(f"{kind}-{record.pk}", kind, at, sentence, detail, status, url)
