"""What operators ask of the JSON API."""

import datetime as dt

from django.http import HttpRequest
from ninja import Router
from pydantic import BaseModel

from adminpanel.stats import overview
from bookings.auth import staff_of

router = Router()


class OverviewOut(BaseModel):
    """Today is each station's own local day, for clients each client's. Retired stations and their EVSEs do not count.

    `evses_available` leaves out those that are promised to somebody now. `co2_saved_today_g` is net of the grid and may
    be negative; null: there was charging but no factor is known. Energy and CO2 are estimates until metered.
    """

    clients: int
    clients_today: int
    stations: int
    evses: int
    evses_available: int
    sessions_active: int
    bookings_today: int
    revenue_today: dict[str, int]
    energy_today_wh: int
    co2_saved_today_g: int | None
    as_of: dt.datetime


@router.get("/overview", response=OverviewOut)
def get_overview(request: HttpRequest) -> OverviewOut:
    """The network today, as the operators' overview shows it. For staff."""
    staff_of(request)
    seen = overview()
    return OverviewOut(
        clients=seen.clients,
        clients_today=seen.clients_today,
        stations=seen.stations_total,
        evses=seen.evses_total,
        evses_available=seen.evses["available"],
        sessions_active=seen.sessions_active,
        bookings_today=seen.today.bookings,
        revenue_today=seen.today.revenue,
        energy_today_wh=seen.today.energy_wh,
        co2_saved_today_g=seen.today.co2_saved_g,
        as_of=seen.as_of,
    )
