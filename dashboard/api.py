"""The dashboard's call of the JSON API."""

import datetime as dt

from django.http import HttpRequest
from ninja import Router
from pydantic import BaseModel, ConfigDict

from bookings.auth import client_of
from dashboard.impact import JourneyImpact, impact_of

router = Router()


class FactorOut(BaseModel):
    """A figure that others were computed with. `year` or `date` says of when it is, `country` where it holds."""

    name: str
    value: int | float
    unit: str
    source: str
    country: str | None = None
    year: int | None = None
    date: dt.date | None = None


class EnvironmentalImpactOut(BaseModel):
    """What the caller's charging saved so far, net of the grid: savings may be negative.

    Null means that nobody knows, for want of a factor: it is not nothing. `money_saved` is {currency: minor units};
    a currency is missing where no petrol price is known. `trees` are city seedlings grown for ten years. `rank` is
    among the `rank_of` clients with a session, 1 the best, equal ones share; `contribution_percent` is null where
    savings below zero make a share meaningless. `estimated_percent` says how much of the energy no meter confirmed.
    """

    model_config = ConfigDict(from_attributes=True)

    energy_wh: int
    distance_m: int
    co2_saved_g: int | None
    money_saved: dict[str, int]
    fuel_saved_ml: int
    trees: float | None
    charging_minutes: int
    sessions: int
    community_co2_saved_g: int
    contribution_percent: float | None
    rank: int | None
    rank_of: int
    estimated_percent: float | None
    factors: list[FactorOut]
    as_of: dt.datetime


@router.get("/environmental-impact", response=EnvironmentalImpactOut)
def environmental_impact(request: HttpRequest) -> JourneyImpact:
    """The caller's own impact, at most a minute old and never older than its last change."""
    return impact_of(client_of(request).pk)
