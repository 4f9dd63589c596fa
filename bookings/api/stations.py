"""Finding stations and when their EVSEs are free. Open to everybody."""

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Query, Router
from pydantic import BaseModel, Field, model_validator

from bookings import refusals
from bookings.api.inputs import Day, InstantInAddress, Place
from bookings.api.schemas import AvailabilityOut, StationDetailOut, StationOut, station_detail
from bookings.auth import ALSO_SIGNED_OUT, viewer_of
from bookings.availability import EvseDay, availability_of, free_evse_counts, next_slot
from bookings.limits import limits
from bookings.models import Connector, Evse, Station
from bookings.rules import check_length, too_far_ahead
from bookings.search import StationPage, find_stations
from bookings.slots import SLOT_MINUTES, slot_of, start_of
from evbunker import clock
from evbunker.paging import Page

router = Router()
EARTH_KM = 20_040
"""Half way round: no two places are further apart."""


class Search(BaseModel):
    """What to look for; all of it optional, empty as good as absent. Distances are from `near`."""

    q: str = Field("", max_length=100)
    near: Place | None = None
    radius_km: float | None = Field(None, gt=0, le=EARTH_KM)
    connector: Connector | None = None
    min_power_w: int = Field(0, ge=0, le=100_000_000)
    free_from: InstantInAddress | None = None
    minutes: int = 60
    cursor: str = Field("", max_length=500)

    @model_validator(mode="before")
    @classmethod
    def without_what_is_empty(cls, given: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in given.items() if value != ""}


@router.get("", response=Page[StationOut], openapi_extra=ALSO_SIGNED_OUT, summary="Find stations")
def list_stations(request: HttpRequest, search: Annotated[Search, Query()]) -> StationPage:
    """Stations by text, place, connector, power; bookable ones first, then by distance or name."""
    starts_at = _start(search.free_from)
    check_length(starts_at=starts_at, minutes=search.minutes)
    return find_stations(
        text=search.q,
        near=search.near,
        radius_km=search.radius_km,
        connector=search.connector or "",
        min_power_w=search.min_power_w,
        free_from=search.free_from and starts_at,
        minutes=search.minutes,
        cursor=search.cursor,
        client=viewer_of(request),
    )


def _start(free_from: dt.datetime | None) -> dt.datetime:
    """The slot that `free_from` is in, which must be one that can still be booked."""
    if free_from is None:
        return next_slot()
    if free_from.tzinfo is None:
        raise refusals.TimeWithoutZone(field="free_from")
    if slot_of(free_from) < slot_of(clock.now()):
        raise refusals.SlotInPast(field="free_from")
    if free_from > clock.now() + dt.timedelta(days=limits().days_ahead):
        raise refusals.TooFarAhead(too_far_ahead(), field="free_from")
    return start_of(slot_of(free_from))


@router.get("/{uuid:station_id}", response=StationDetailOut, openapi_extra=ALSO_SIGNED_OUT, summary="A station")
def get_station(request: HttpRequest, station_id: UUID) -> StationDetailOut:
    """One station with its EVSEs, prices and opening hours; `free_evses` counts for the next hour."""
    station = _station(request, station_id)
    free = free_evse_counts([station], next_slot(), 60)[station.pk]
    return station_detail(station, evses=list(Evse.objects.filter(station=station).order_by("label")), free=free)


@router.get(
    "/{uuid:station_id}/availability",
    response=AvailabilityOut,
    openapi_extra=ALSO_SIGNED_OUT,
    summary="When its EVSEs are free",
)
def get_availability(
    request: HttpRequest, station_id: UUID, date: Annotated[Day | None, Query()] = None
) -> dict[str, object]:
    """When each EVSE is free on one local day of the station; today if no day is given."""
    station = _station(request, station_id)
    day = date or clock.now().astimezone(station.zone).date()
    return {
        "date": day,
        "time_zone": station.time_zone,
        "slot_minutes": SLOT_MINUTES,
        "evses": [_free(evse_day, station) for evse_day in availability_of(station, day)],
    }


def _free(evse_day: EvseDay, station: Station) -> dict[str, object]:
    """The free periods in the station's own time."""
    periods = [(period.starts_at, period.ends_at) for period in evse_day.free]
    local = [tuple(moment.astimezone(station.zone).isoformat() for moment in period) for period in periods]
    return {"id": evse_day.evse.pk, "free": local}


def _station(request: HttpRequest, station_id: UUID) -> Station:
    return get_object_or_404(Station.objects.visible_to(viewer_of(request)), pk=station_id)
