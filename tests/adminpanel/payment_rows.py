"""Payments by the dozen, for lists: rows as services would leave them, a second apart."""

import datetime as dt
from typing import Any

from bookings.models import Booking, Client, Evse
from evbunker import clock
from evbunker.models import new_id
from payments.models import Payment


def bare_booking(client: Client, evse: Evse, **fields: Any) -> Booking:
    """A booking of the past that nothing else belongs to."""
    starts_at = clock.now() - dt.timedelta(days=1)
    station = evse.station
    copied = {"client_name": str(client), "station_name": station.name, "station_time_zone": station.time_zone}
    facts = {"starts_at": starts_at, "ends_at": starts_at + dt.timedelta(hours=1), "status": Booking.Status.EXPIRED}
    facts |= {"energy_budget_wh": 10_000, "quote_minor": 1000, "currency": station.currency, "evse_label": evse.label}
    facts |= {"evse_current": evse.current, "evse_power_w": evse.max_power_w} | copied
    return Booking.objects.create(client=client, evse=evse, station=station, **(facts | fields))


def many(booking: Booking, number: int, **fields: Any) -> list[Payment]:
    """`number` attempts to pay `booking`, the last one the newest."""
    begins = fields.pop("created_at", clock.now() - dt.timedelta(seconds=number))
    return Payment.objects.bulk_create(
        row(booking, created_at=begins + dt.timedelta(seconds=n), **fields) for n in range(number)
    )


def row(booking: Booking, **fields: Any) -> Payment:
    """One, not yet saved."""
    made = new_id()
    facts: dict[str, Any] = {
        "id": made, "booking": booking, "client_id": booking.client_id, "station_id": booking.station_id,
        "gateway": "sandbox", "status": Payment.Status.FAILED, "amount_minor": booking.quote_minor,
        "currency": booking.currency, "idempotency_key": f"test:{made}", "station_name": booking.station_name,
        "station_time_zone": booking.station_time_zone, "client_name": booking.client_name,
        "starts_at": booking.starts_at,
    }  # fmt: skip
    return Payment(**(facts | fields))
