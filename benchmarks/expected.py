"""What the API should answer, from all rows and by the shortest way there is: one JSON line on standard output.

    python -m benchmarks.expected [CLIENT]    (with the settings of a site; without CLIENT, the overview)

Reads the eco stats and bookings themselves, by queries of the engine, never the product's services, sums or days.
"""

import datetime as dt
import json
import sys
from collections.abc import Iterable
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo


def savings() -> dict[str, int]:
    """CO2 saved, in g, by client; from all eco stats."""
    from django.db import connection

    if connection.vendor == "mongodb":
        mongodb: Any = connection
        mongodb.ensure_connection()
        group = {"$group": {"_id": "$client_id", "g": {"$sum": "$co2_saved_g"}}}
        return {row["_id"]: row["g"] for row in mongodb.database["bookings_ecostat"].aggregate([group])}
    with connection.cursor() as cursor:
        cursor.execute("SELECT client_id, SUM(co2_saved_g) FROM bookings_ecostat GROUP BY client_id")
        return dict(cursor.fetchall())


def impact(client: str) -> dict[str, Any]:
    """Of one client, without what follows from these."""
    from bookings.models import EcoStat

    own = list(EcoStat.objects.filter(client_id=UUID(client)).iterator())
    by_client = savings()
    mine = by_client[UUID(client).hex]
    return {
        "energy_wh": sum(row.energy_wh for row in own),
        "distance_m": sum(row.distance_m for row in own),
        "co2_saved_g": mine,
        "charging_minutes": sum(row.charging_minutes for row in own),
        "sessions": len(own),
        "community_co2_saved_g": sum(by_client.values()),
        "rank": 1 + sum(grams > mine for grams in by_client.values()),
        "rank_of": len(by_client),
    }


def overview() -> dict[str, Any]:
    """Of the network today."""
    from bookings.models import Booking, ChargingSession, Client, EcoStat, Evse, Station
    from payments.models import Payment

    zones = dict(Station.objects.values_list("pk", "time_zone"))
    stats = _today(EcoStat.objects.filter(day__gte=_lately()), "day", lambda row: zones[row.station_id])
    booked = _today(Booking.objects.filter(confirmed_day__gte=_lately()), "confirmed_day", _zone)
    paid = _today(Payment.objects.filter(captured_day__gte=_lately()), "captured_day", _zone)
    return {
        "clients": Client.objects.count(),
        "stations": Station.objects.count(),
        "evses": Evse.objects.count(),
        "sessions_active": ChargingSession.objects.filter(status="active").count(),
        "bookings_today": sum(row.status in Booking.PAID for row in booked),
        "revenue_today": {
            currency: sum(row.captured_minor for row in paid if row.currency == currency)
            for currency in sorted({row.currency for row in paid})
        },
        "energy_today_wh": sum(row.energy_wh for row in stats),
        "co2_saved_today_g": sum(row.co2_saved_g for row in stats),
    }


def _zone(row: Any) -> str:
    return str(row.station_time_zone)


def _lately() -> dt.date:
    return dt.datetime.now(dt.UTC).date() - dt.timedelta(days=2)


def _today(rows: Iterable[Any], day: str, zone_of: Any) -> list[Any]:
    now = dt.datetime.now(dt.UTC)
    return [row for row in rows if getattr(row, day) == now.astimezone(ZoneInfo(zone_of(row))).date()]


if __name__ == "__main__":
    import django

    django.setup()
    print(json.dumps(impact(sys.argv[1]) if len(sys.argv) > 1 else overview()))
