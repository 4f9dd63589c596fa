"""What changes on a station's page while somebody looks. Everybody may look, so nothing here is about the viewer."""

import datetime as dt
from uuid import UUID

from bookings.availability import availability_of, next_slot, taken_slots
from bookings.daygrid import rows_of
from bookings.models import Evse, Station
from bookings.slots import slot_of
from evbunker.live import panel

CHANGES = {"booking_update", "station_update"}
A_MINUTE = 60
"""Time alone makes a quarter of an hour pass and a reservation begin."""


@panel(
    "availability", audience="station", stale_on=CHANGES, ttl=A_MINUTE, template="bookings/_availability.html",
    keyed=True, by_time=True,
)  # fmt: skip
def availability(key: str) -> dict[str, object]:
    """One day of a station, `<station id>:<date>`; raises LookupError for other keys."""
    station_id, _colon, date = key.partition(":")
    station = station_of(station_id)
    try:
        day = dt.date.fromisoformat(date)
        days = availability_of(station, day)
    except (ValueError, OverflowError) as error:
        raise LookupError(key) from error
    return {"station": station, "day": day, "rows": rows_of(days, station.zone)}


@panel(
    "evses", audience="station", stale_on=CHANGES, ttl=A_MINUTE, template="bookings/_evses.html", keyed=True,
    by_time=True,
)  # fmt: skip
def evses(key: str) -> dict[str, object]:
    """The EVSEs of the station `key` as they are now; raises LookupError for other keys."""
    station = station_of(key)
    found = list(Evse.objects.filter(station=station).order_by("label"))
    now = slot_of(next_slot()) - 1
    taken = taken_slots([evse.pk for evse in found], range(now, now + 1))
    return {"evses": [(evse, status_now(evse, reserved=bool(taken.get(evse.pk)))) for evse in found]}


def station_of(key: str) -> Station:
    """A station that anybody may see."""
    try:
        station = Station.objects.listed().filter(pk=UUID(key)).first()
    except ValueError as error:
        raise LookupError(key) from error
    if station is None:
        raise LookupError(key)
    return station


def status_now(evse: Evse, *, reserved: bool) -> str:
    """An EVSE that is available but promised to somebody now is reserved."""
    return "reserved" if reserved and evse.status == Evse.Status.AVAILABLE else evse.status
