"""One box for everything: whatever an operator pastes or types, looked up in the indexes that know it.

An e-mail address or the words of a name find clients, words find stations; an id, a gateway's reference or the number
of a receipt find what they name and what belongs to it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Model
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from adminpanel.addresses import address_of
from adminpanel.finding import named
from bookings.client_words import after, marked
from bookings.models import Booking, ChargingSession, Client, Evse, SearchWord, Station
from bookings.search import find_stations
from bookings.words import MOST_WORDS, words_of
from evbunker.admin import uuid_of
from evbunker.db import by_key
from evbunker.moments import format_period
from evbunker.money import format_money
from evbunker.units import ENERGY, format_quantity
from payments.models import Payment, Receipt, Refund

SHOWN = 8
"""Of each kind."""
LOOKED_UP = 200
"""So many clients with one of the words are considered."""
LEAST_LETTERS = 2


@dataclass(frozen=True)
class Hit:
    """One thing that was found: what it is, more about it, how it stands (empty: nothing to say), where to see it."""

    title: str
    detail: str
    status: str
    model: str
    address: str


@dataclass(frozen=True)
class Group:
    """Hits of one kind; `more`: there are others, so better words are needed."""

    label: str | Promise
    icon: str
    hits: list[Hit]
    more: bool = False


def search(text: str, *, viewer: Client) -> list[Group]:
    """What `text` finds, kinds without a hit left out."""
    text = text.strip()
    if len(text) < LEAST_LETTERS:
        return []
    records = dict.fromkeys([*_by_text(text, viewer), *_by_name(text)])
    return list(_grouped(list(records)))


def _by_text(text: str, viewer: Client) -> list[Model]:
    if "@" in text:
        client = by_key(Client, "email", text.lower())
        return [client] if client else []
    if uuid_of(text):
        return []
    found = find_stations(text=text, limit=SHOWN + 1, client=viewer).items
    stations = Station.objects.in_bulk([row.id for row in found])
    return [*_clients_named(text), *(stations[row.id] for row in found)]


def _clients_named(text: str) -> list[Client]:
    """Those whose name or address has words that begin with all of these."""
    ids: set[UUID] | None = None
    for word in sorted(map(marked, words_of(text)), key=len, reverse=True)[:MOST_WORDS]:
        rows = SearchWord.objects.filter(word__gte=word, word__lt=after(word))
        if ids is not None:
            rows = rows.filter(client_id__in=ids)
        ids = {row.client_id for row in rows[:LOOKED_UP] if row.client_id}
    clients = Client.objects.filter(pk__in=list(ids or ())[: SHOWN + 1])
    return sorted(clients, key=lambda client: (str(client).casefold(), client.pk))


def _by_name(text: str) -> Iterator[Model]:
    """What an id, a reference or a number names, and the payments of it."""
    if pk := uuid_of(text):
        for model in (Client, Station, Booking, ChargingSession, Refund, Receipt):
            yield from model._default_manager.filter(pk=pk)
        yield from Station.objects.filter(pk__in=list(Evse.objects.filter(pk=pk).values_list("station_id", flat=True)))
    elif "@" not in text:
        yield from Refund.objects.filter(gateway_ref=text)[:1]
        yield from Receipt.objects.filter(reference=text.upper())[:1]
    if "@" not in text:
        payments = named(text)
        yield from payments
        yield from Booking.objects.filter(pk__in={payment.booking_id for payment in payments})


def _grouped(records: list[Any]) -> Iterator[Group]:
    for model, (label, icon, hit) in KINDS.items():
        found = [record for record in records if isinstance(record, model)]
        if found:
            yield Group(label, icon, [hit(record) for record in found[:SHOWN]], len(found) > SHOWN)


def _client(client: Client) -> Hit:
    detail = " · ".join(filter(None, [client.email, client.country]))
    return Hit(str(client), detail, "" if client.is_active else "closed", "client", address_of(client))


def _station(station: Station) -> Hit:
    detail = " · ".join(filter(None, [station.network, station.city, station.country]))
    return Hit(station.name, detail, station.status, "station", address_of(station))


def _booking(booking: Booking) -> Hit:
    when = format_period(booking.starts_at, booking.ends_at, booking.zone)
    title = f"{booking.station_name}, {booking.evse_label}"
    return Hit(title, f"{booking.client_name} · {when}", booking.status, "booking", address_of(booking))


def _session(session: ChargingSession) -> Hit:
    title = f"{session.station_name}, {session.evse_label}"
    detail = f"{session.client_name} · {format_quantity(session.energy_wh, ENERGY)}"
    return Hit(title, detail, session.status, "session", address_of(session))


def _payment(payment: Payment) -> Hit:
    title = format_money(payment.amount_minor, payment.currency)
    detail = " · ".join(filter(None, [payment.client_name, payment.station_name, payment.gateway_ref]))
    return Hit(title, detail, payment.status, "payment", address_of(payment))


def _refund(refund: Refund) -> Hit:
    title = _("%(amount)s back") % {"amount": format_money(refund.amount_minor, refund.currency)}
    detail = f"{refund.client_name} · {refund.get_reason_display()}"
    return Hit(title, detail, refund.status, "refund", address_of(refund))


def _receipt(receipt: Receipt) -> Hit:
    amount = format_money(receipt.amount_minor, receipt.currency)
    return Hit(receipt.reference, f"{receipt.get_kind_display()} · {amount}", "", "receipt", address_of(receipt))


KINDS: dict[type[Model], tuple[str | Promise, str, Any]] = {
    Client: (gettext_lazy("Clients"), "user", _client),
    Station: (gettext_lazy("Stations"), "pin", _station),
    Booking: (gettext_lazy("Bookings"), "calendar", _booking),
    ChargingSession: (gettext_lazy("Sessions"), "bolt", _session),
    Payment: (gettext_lazy("Payments"), "card", _payment),
    Refund: (gettext_lazy("Refunds"), "arrow-left", _refund),
    Receipt: (gettext_lazy("Receipts"), "receipt", _receipt),
}
"""How each kind is shown, in the order of the page."""
