"""Where operators see a record: the one place that knows, so that a new page is linked from everywhere at once."""

from collections.abc import Sequence
from uuid import UUID

from django.apps import apps
from django.db.models import Model
from django.urls import NoReverseMatch, reverse

from bookings.models import Booking, ChargingSession, Client, EcoStat, Evse, MeterValue, Outage, Station
from evbunker.models import Change
from payments.models import GatewayCommand, Payment, PaymentEvent, Receipt, Refund

PAGES: dict[type[Model], str] = {
    Client: "operations-client",
    Station: "operations-station",
    ChargingSession: "operations-session",
    Booking: "operations-booking",
    Payment: "operations-payment",
}
"""Records with a page of their own, under its URL name; the others', and whose page there is not yet, have their raw
record in the Django admin."""
PART_OF: dict[type[Model], tuple[type[Model], str]] = {
    Refund: (Payment, "payment_id"),
    Receipt: (Payment, "payment_id"),
    GatewayCommand: (Payment, "payment_id"),
    PaymentEvent: (Payment, "payment_id"),
    Evse: (Station, "station_id"),
    Outage: (Station, "station_id"),
    EcoStat: (Booking, "booking_id"),
    MeterValue: (ChargingSession, "session_id"),
}
"""Records that another one's page shows, and where they name it."""


def address_of(record: Model) -> str:
    """The page that shows `record`; empty if there is none."""
    model, key = PART_OF.get(type(record), (type(record), "pk"))
    if model is not type(record) and _page_of(model) is None:
        model, key = type(record), "pk"
    return address_of_id(model, getattr(record, key))


def address_of_id(model: type[Model], pk: UUID) -> str:
    """The page that shows the record of `model` with this id."""
    name = _page_of(model) or f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
    try:
        return reverse(name, args=[pk])
    except NoReverseMatch:
        return ""


def address_of_type(record_type: str, pk: UUID) -> str:
    """The same for a record that the audit trail names; empty for one of a kind that is no more."""
    try:
        return address_of_id(apps.get_model(record_type), pk)
    except (LookupError, ValueError):
        return ""


def addresses_of(changes: Sequence[Change]) -> dict[UUID, str]:
    """Where to see the record of each act, by the act's id. What parts belong to is read, one query a kind."""
    wholes: dict[tuple[str, UUID], str] = {}
    for model, (whole, key) in PART_OF.items():
        name = model._meta.label_lower
        parts = {change.record_id for change in changes if change.record_type == name}
        if parts and _page_of(whole):
            rows = model._default_manager.filter(pk__in=parts).values_list("pk", key)
            wholes |= {(name, pk): address_of_id(whole, of) for pk, of in rows}
    return {
        one.pk: wholes.get((one.record_type, one.record_id)) or address_of_type(one.record_type, one.record_id)
        for one in changes
    }


def _page_of(model: type[Model]) -> str | None:
    name = PAGES.get(model)
    try:
        return name if name and reverse(name, args=[UUID(int=0)]) else None
    except NoReverseMatch:
        return None
