"""The same history in the shape that the first implementation kept: no index but `_id`, times as text."""

from typing import Any

from django.db import connection

from benchmarks.charges import Charge

BOOKINGS, PAYMENTS, STATIONS, CLIENTS = "first_bookings", "first_payments", "first_stations", "first_clients"


def add_documents(charges: list[Charge]) -> None:
    """Beside ours, in the same database; on SQLite there was never any."""
    if connection.vendor != "mongodb":
        return
    mongodb: Any = connection
    mongodb.database[BOOKINGS].insert_many([_booking(one) for one in charges], ordered=False)
    mongodb.database[PAYMENTS].insert_many([_payment(one) for one in charges], ordered=False)


def _booking(one: Charge) -> dict[str, Any]:
    """As its payment route wrote it: everything that was paid is and stays `confirmed`."""
    return {
        "userId": str(one.client),
        "stationId": str(one.place.station_id),
        "slotId": str(one.place.evse_id),
        "startTime": _text(one.period.starts_at),
        "endTime": _text(one.period.ends_at),
        "amount": one.quote.total_minor / 100,
        "paymentId": f"pay_{one.ago}",
        "status": "confirmed",
        "createdAt": one.confirmed_at,
        "updatedAt": one.confirmed_at,
    }


def _payment(one: Charge) -> dict[str, Any]:
    return {
        "userId": str(one.client),
        "stationId": str(one.place.station_id),
        "slotId": str(one.place.evse_id),
        "amount": one.quote.total_minor / 100,
        "duration": one.period.minutes / 60,
        "currency": "INR",
        "orderId": f"order_{one.ago}",
        "paymentId": f"pay_{one.ago}",
        "status": "completed",
        "createdAt": one.confirmed_at,
        "updatedAt": one.confirmed_at,
    }


def _text(at: Any) -> str:
    """As JavaScript's toISOString writes it."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.000Z"
