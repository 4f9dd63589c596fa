"""Live pieces of the pages about stations."""

from uuid import UUID

from adminpanel.station_finding import look_at
from adminpanel.station_record import (
    charging_now,
    coming,
    evses_of,
    newest_changes,
    newest_outages,
    spans_of,
    uptime_story,
)
from bookings import opening
from bookings.models import Station
from bookings.pricewords import tariff_facts
from evbunker.live import panel

LIST_SECONDS = RECORD_SECONDS = 300
A_MINUTE = 60
CHANGES = {"station_update", "charging_session_update"}
"""What changes the state of an EVSE, or its station."""


def station_of(key: str) -> Station:
    """The station with the id `key`, whatever its state; raises LookupError."""
    try:
        found = Station.objects.filter(pk=UUID(key)).first()
    except ValueError as error:
        raise LookupError(key) from error
    if found is None:
        raise LookupError(key)
    return found


@panel(
    "operations-stations", audience="operators", stale_on=CHANGES, ttl=LIST_SECONDS,
    template="adminpanel/stations/_row.html", rows="station",
)  # fmt: skip
def operations_stations(key: str) -> dict[str, object]:
    """One row of the list, and on the map."""
    return {"seen": look_at([station_of(key)])[0]}


@panel(
    "operations-station", audience="operators", stale_on={*CHANGES, "booking_update"}, ttl=A_MINUTE, by_time=True,
    keyed=True, template="adminpanel/stations/_station.html",
)  # fmt: skip
def operations_station(key: str) -> dict[str, object]:
    """How one station stands, who charges there and who comes next."""
    station = station_of(key)
    evses = evses_of(station)
    (seen,) = look_at([station])
    return {
        "station": station, "seen": seen, "evses": evses, "zone": station.zone,
        "sessions": charging_now(evses), "bookings": coming(evses),
        "hours": opening.describe(station.opening_hours, station.zone),
        "tariff_facts": tariff_facts(station.tariff) if station.tariff else [],
    }  # fmt: skip


@panel(
    "operations-station-record", audience="operators", stale_on={"station_update"}, ttl=RECORD_SECONDS, by_time=True,
    keyed=True, template="adminpanel/stations/_record.html",
)  # fmt: skip
def operations_station_record(key: str) -> dict[str, object]:
    """How one station did: uptime, revenue and use, outages, what was changed."""
    station = station_of(key)
    evses = evses_of(station)
    this, before = spans_of(station)
    return {
        "station": station, "zone": station.zone, "uptime": uptime_story(station, evses), "this": this,
        "before": before, "outages": newest_outages(station), "labels": {evse.pk: evse.label for evse in evses},
        "changes": newest_changes(station, evses),
    }  # fmt: skip
