"""What receipts and credit notes say: the same words on the page, in the PDF and in e-mails."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from bookings.leaving import nobody
from bookings.models import Booking, ChargingSession
from bookings.models.session import EnergySource
from bookings.pricewords import WORDS, price_table
from evbunker.moments import EN_DASH, in_zone, zone_name
from evbunker.money import NO_BREAK_SPACE
from evbunker.units import ENERGY, format_quantity
from payments.models import Payment, Receipt, Refund

Fact = tuple[str, str]
"""What it is called, and what it is."""


@dataclass(frozen=True)
class Document:
    """A receipt or credit note in words. Amounts stay integers, to be shown with `currency`."""

    row: Receipt
    payment: Payment

    @property
    def is_credit_note(self) -> bool:
        return self.row.kind == Receipt.Kind.CREDIT_NOTE

    @property
    def title(self) -> str:
        return _("Credit note") if self.is_credit_note else _("Receipt")

    @property
    def sentence(self) -> str:
        """What happened to the money."""
        when = dated(self.row.issued_at, self.row.station_time_zone)
        if self.is_credit_note:
            return _("Sent back to you on %(when)s.") % {"when": when}
        if self.row.corrects:
            return _("What was sent back to you came to us again on %(when)s: your bank refused it.") % {"when": when}
        paid = self.payment.captured_at or self.row.issued_at
        return _("Paid on %(when)s.") % {"when": dated(paid, self.row.station_time_zone)}

    @property
    def seller(self) -> list[str]:
        """Who issued it, a line each, as it was then."""
        return self.row.seller.splitlines() or ["EV Bunker"]

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Label, how it comes about, `amount_minor` and `tax_minor` of each."""
        return [_worded(line, self.row.currency) for line in self.row.lines]

    @property
    def net_minor(self) -> int:
        return self.row.amount_minor - self.row.tax_minor

    @property
    def tax_label(self) -> str:
        rate = (Decimal(self.row.tax_bp) / 100).normalize()
        return _("Tax, %(rate)s %%") % {"rate": f"{rate:f}"}

    @property
    def total_label(self) -> str:
        return _("Sent back") if self.is_credit_note else _("Received") if self.row.corrects else _("Paid")

    @property
    def made_up(self) -> str:
        """A sentence where no real money moved; else nothing."""
        if self.row.live:
            return ""
        return _("Made-up money: a demonstration. Nothing was paid, and this is no document for any books.")

    @property
    def facts(self) -> list[Fact]:
        """What the document is about."""
        issued = dated(self.row.issued_at, self.row.station_time_zone)
        facts = [(_("Number"), self.row.reference), (_("Issued"), issued)]
        if self.row.corrects:
            facts.append((_("Corrects"), self.row.corrects))
        facts.append((_("Paid with"), self.payment.gateway.title()))
        if self.payment.gateway_ref:
            facts.append((_("Their reference"), self.payment.gateway_ref))
        return facts


def dated(moment: dt.datetime, zone: str) -> str:
    """`2026-11-21, 14:30 CET`: a document is read in other years, too."""
    local = in_zone(moment, zone)
    return f"{local:%Y-%m-%d}, {local:%H:%M}{NO_BREAK_SPACE}{zone_name(local)}"


def documents_of(payment: Payment) -> list[Document]:
    """The receipt of `payment` and its credit notes, in the order in which they were issued."""
    rows = Receipt.objects.filter(payment_id=payment.pk).order_by("created_at", "id")
    return [Document(row, payment) for row in rows]


def buyer_of(payment: Payment) -> str:
    """The driver's name as it is now; what stands for it once the driver is forgotten."""
    client = payment.client
    return payment.client_name if client.email == nobody(client) else str(client)


def chain_of(booking: Booking) -> list[Fact]:
    """From the booking to the energy: what was promised, what flowed and how we know."""
    zone = booking.station_time_zone
    place = f"{booking.station_name}, EVSE {booking.evse_label}"
    chain = [
        (_("Station"), place),
        (_("Booking"), f"{dated(booking.starts_at, zone)} {EN_DASH} {dated(booking.ends_at, zone)} ({zone})"),
        (_("Booking number"), str(booking.pk)),
    ]
    session = ChargingSession.objects.filter(booking_id=booking.extends_id or booking.pk).first()
    if session is None or session.started_at is None:
        return [*chain, (_("Charging"), _("none so far"))]
    if session.ended_at is None:
        since = dated(session.started_at, zone)
        return [*chain, (_("Charging"), _("since %(when)s") % {"when": since})]
    energy = format_quantity(session.energy_wh, ENERGY)
    how = _("metered") if session.energy_source == EnergySource.METERED else _("estimated")
    return [
        *chain,
        (_("Charging"), f"{dated(session.started_at, zone)} {EN_DASH} {dated(session.ended_at, zone)}"),
        (_("Energy"), f"{energy}, {how}"),
    ]


def _worded(line: dict[str, Any], currency: str) -> dict[str, Any]:
    if line["code"] in WORDS:
        [worded] = price_table([line], currency)["lines"]
        return {**worded, "tax_minor": line["tax_minor"]}
    reasons = {str(value): str(label) for value, label in Refund.Reason.choices}
    label = reasons.get(line["code"]) or _("Payment")
    return {"label": label[:1].upper() + label[1:], "how": "", **line}
