"""What the calls of stations and bookings take and answer."""

import datetime as dt
from typing import Any
from uuid import UUID

from ninja import Schema
from pydantic import BaseModel

from bookings.api.inputs import Instant, Whole
from bookings.extending import waiting_extension
from bookings.models import Booking, ChargingSession, Evse, Station


class EvseOut(Schema):
    id: UUID
    label: str
    current: str
    max_power_w: int
    connector_types: list[str]
    status: str


class TariffOut(Schema):
    """The price rule, tax included; money in minor units of `currency`, basis points are 1/10,000."""

    name: str
    currency: str
    session_fee_minor: int
    per_hour_minor: int
    per_kwh_minor: int
    idle_per_minute_minor: int
    tax_bp: int
    free_cancel_hours: int
    late_refund_bp: int
    no_show_fee_bp: int


class StationOut(Schema):
    """A station in a list. `free_evses` counts the EVSEs free for all of the time that was asked for."""

    id: UUID
    name: str
    network: str
    address: str
    city: str
    country: str
    latitude: float
    longitude: float
    time_zone: str
    status: str
    bookable: bool
    evse_count: int
    free_evses: int
    max_power_w: int
    connector_types: list[str]
    currency: str
    per_kwh_minor: int | None
    per_hour_minor: int | None
    distance_m: int | None


class StationDetailOut(StationOut):
    evses: list[EvseOut]
    tariff: TariffOut | None
    opening_hours: dict[str, Any]


class FreeOut(Schema):
    """One EVSE's free periods on a day, half-open, in the station's own time."""

    id: UUID
    free: list[tuple[str, str]]


class AvailabilityOut(Schema):
    date: dt.date
    time_zone: str
    slot_minutes: int
    evses: list[FreeOut]


class Wish(BaseModel):
    """What to hold: `minutes` from `starts_at` on, for at most `energy_wh`."""

    evse_id: UUID
    starts_at: Instant
    minutes: Whole
    energy_wh: Whole


class SessionOut(Schema):
    id: UUID
    status: str
    started_at: dt.datetime | None
    ended_at: dt.datetime | None
    energy_wh: int
    energy_source: str
    cost_minor: int
    currency: str


class BookingOut(Schema):
    """A booking. `energy_wh` is its energy budget, `expires_at` the deadline to pay a hold."""

    id: UUID
    status: str
    evse_id: UUID
    evse_label: str
    station_id: UUID
    station_name: str
    time_zone: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    expires_at: dt.datetime | None
    energy_wh: int
    quote_minor: int
    currency: str
    price_lines: list[dict[str, Any]]
    created_at: dt.datetime


class ExtensionOut(Schema):
    """Time that is held to be added to a booking, and waits to be paid before `expires_at`."""

    id: UUID
    minutes: int
    quote_minor: int
    currency: str
    expires_at: dt.datetime


class BookingDetailOut(BookingOut):
    session: SessionOut | None
    extension: ExtensionOut | None


def station_detail(station: Station, *, evses: list[Evse], free: int) -> StationDetailOut:
    """All that a station's page says; no prices where its tariff is in another currency."""
    tariff = station.tariff if station.tariff and station.tariff.currency == station.currency else None
    own = {name: getattr(station, name) for name in StationDetailOut.model_fields if hasattr(station, name)}
    known = {
        "free_evses": free,
        "per_kwh_minor": tariff and tariff.per_kwh_minor,
        "per_hour_minor": tariff and tariff.per_hour_minor,
        "distance_m": None,
        "evses": [EvseOut.from_orm(evse) for evse in evses],
        "tariff": TariffOut.from_orm(tariff) if tariff else None,
    }
    return StationDetailOut(**own | known)


def _booking_fields(booking: Booking) -> dict[str, Any]:
    own = {name: getattr(booking, name) for name in BookingOut.model_fields if hasattr(booking, name)}
    return own | {"energy_wh": booking.energy_budget_wh, "time_zone": booking.station_time_zone}


def booking_out(booking: Booking) -> BookingOut:
    return BookingOut(**_booking_fields(booking))


def booking_detail(booking: Booking) -> BookingDetailOut:
    """The booking and what it has once it is paid: its charging session, and time that waits to be added."""
    session = ChargingSession.objects.filter(booking=booking).first()
    extension = waiting_extension(booking) if booking.is_paid else None
    return BookingDetailOut(
        **_booking_fields(booking),
        session=SessionOut.from_orm(session) if session is not None else None,
        extension=ExtensionOut.from_orm(extension) if extension is not None else None,
    )
