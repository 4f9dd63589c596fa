"""Stations, EVSEs and their time."""

from django.urls import path

from adminpanel.station_acts import ACTS
from adminpanel.views import station, station_time, stations
from adminpanel.views.acts import act_view

STATION = "operations/stations/<uuid:station_id>/"

urlpatterns = [
    path("operations/stations/", stations.stations, name="operations-stations"),
    path("operations/stations/map/", stations.stations_map, name="operations-stations-map"),
    path(STATION, station.station, name="operations-station"),
    path(f"{STATION}board/", station_time.board, name="operations-board"),
    path(f"{STATION}block/", station_time.block, name="operations-block"),
    path(f"{STATION}unblock/", station_time.give_back, name="operations-unblock"),
    path(f"{STATION}status/", station.statuses, name="operations-statuses"),
    *(path(f"{STATION}{name}/", act_view(act), name=f"operations-station-{name}") for name, act in ACTS.items()),
    path("operations/stations/outages/<uuid:outage_id>/", station.outage, name="operations-outage"),
]
