"""Charging that took place: bookings with what they saved, without the way there."""

import datetime as dt

from bookings.models import Booking, Client, EcoStat, Evse, Station
from bookings.totals import write_eco_stat
from evbunker import clock


def charge(
    client: Client, evse: Evse, *, day: dt.date | None = None, energy_wh: int = 20_000, minutes: int = 60,
    paid_minor: int = 1200, source: str = "estimated", **booking: object,
) -> EcoStat:  # fmt: skip
    """What `client` charged at `evse` on the station's local `day` (today), as far as it says what was saved."""
    return write_eco_stat(
        booking=confirmed(client, evse, day=day, minutes=minutes, quote_minor=paid_minor, **booking),
        energy_wh=energy_wh, minutes=minutes, source=source,
    )  # fmt: skip


def confirmed(
    client: Client, evse: Evse, *, day: dt.date | None = None, minutes: int = 60, **fields: object
) -> Booking:  # fmt: skip
    """A completed booking that was confirmed on `day`; it claims nothing."""
    station = Station.objects.get(pk=evse.station_id)
    day = day or clock.now().astimezone(station.zone).date()
    starts_at = dt.datetime.combine(day, dt.time(12), tzinfo=dt.UTC)
    known = {
        "status": Booking.Status.COMPLETED, "quote_minor": 1200, "currency": station.currency,
        "client_name": str(client), "station_name": station.name, "station_city": station.city,
        "station_country": station.country, "station_time_zone": station.time_zone, "evse_label": evse.label,
        "evse_current": evse.current, "evse_power_w": evse.max_power_w, "energy_budget_wh": 50_000,
    }  # fmt: skip
    ends_at = starts_at + dt.timedelta(minutes=minutes)
    times = {"starts_at": starts_at, "ends_at": ends_at, "confirmed_at": starts_at, "confirmed_day": day}
    return Booking.objects.create(client=client, evse=evse, station=station, **(known | times | fields))
