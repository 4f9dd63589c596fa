"""One line of the feed: who did what, in a sentence, and how it stands now."""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from adminpanel.addresses import address_of, addresses_of
from adminpanel.audit_words import action_words
from bookings.models import Booking, ChargingSession, Client, Station
from evbunker.models import Change
from evbunker.moments import format_period
from evbunker.money import format_money
from evbunker.paging import Place
from evbunker.units import ENERGY, format_quantity
from payments.models import Payment

State = ChargingSession.Status
ICONS = {
    "client": "user", "booking": "calendar", "payment": "coin", "session": "bolt", "station": "pin", "act": "shield",
}  # fmt: skip


@dataclass(frozen=True)
class Item:
    """`kind` and `place` say where it stands in the feed; `id` names its record. An act has no `status`; empty
    `address`: there is nothing to open."""

    id: str
    kind: str
    place: Place
    sentence: str
    detail: str
    status: str
    address: str

    @property
    def icon(self) -> str:
        return ICONS[self.kind]

    @property
    def at(self) -> dt.datetime:
        return self.place.at


def items_of(rows: Sequence[Any], kind: str, by: str) -> Iterator[Item]:
    """The lines that `rows`, of `kind` and in the order of `by`, are."""
    seen_at = addresses_of(rows) if kind == "act" else {}
    for row in rows:
        sentence, detail = WORDS[kind](row)
        status = getattr(row, "status", "")
        address = seen_at.get(row.pk) or address_of(row)
        yield Item(str(row.pk), kind, Place.of(row, by), sentence, detail, status, address)


def _of_client(client: Client) -> tuple[str, str]:
    return _("%s signed up") % client, client.country


def _of_station(station: Station) -> tuple[str, str]:
    return _("%s was added") % station, ", ".join(filter(None, [station.city, station.network]))


def _of_booking(booking: Booking) -> tuple[str, str]:
    sentence = _("%(client)s booked %(station)s, %(evse)s") % _names(booking)
    return sentence, format_period(booking.starts_at, booking.ends_at, booking.station_time_zone)


def _of_payment(payment: Payment) -> tuple[str, str]:
    amount = format_money(payment.captured_minor or payment.amount_minor, payment.currency)
    said = _("%(client)s paid %(amount)s") if payment.captured_at else _("%(client)s was asked for %(amount)s")
    return said % {"client": payment.client_name, "amount": amount}, payment.station_name


def _of_session(session: ChargingSession) -> tuple[str, str]:
    charged = session.status == State.COMPLETED
    said = _("%(client)s charged at %(station)s, %(evse)s") if charged else _(
        "%(client)s began to charge at %(station)s, %(evse)s"
    )  # fmt: skip
    energy = f"{format_quantity(session.energy_wh, ENERGY)}, {session.get_energy_source_display()}"
    return said % _names(session), energy if session.energy_wh else ""


def _of_act(change: Change) -> tuple[str, str]:
    return f"{change.actor} {action_words(change.action)}", change.reason


def _names(record: Booking | ChargingSession) -> dict[str, str]:
    return {"client": record.client_name, "station": record.station_name, "evse": record.evse_label}


WORDS: dict[str, Callable[[Any], tuple[str, str]]] = {
    "client": _of_client,
    "booking": _of_booking,
    "payment": _of_payment,
    "session": _of_session,
    "station": _of_station,
    "act": _of_act,
}
"""What is said of each kind: a sentence, and what stands below it."""
