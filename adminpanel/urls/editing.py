"""Adding and editing stations, EVSEs and tariffs; importing."""

from django.urls import path

from adminpanel.editing_acts import REMOVE_EVSE
from adminpanel.import_acts import ACTS
from adminpanel.views import editing, evses, imports, tariff_assigning, tariffs
from adminpanel.views.acts import act_view

STATION = "operations/stations/<uuid:station_id>/"
TARIFF = "operations/tariffs/<uuid:tariff_id>/"
IMPORT = "operations/stations/import/<uuid:import_id>/"
EVSE = "operations/evses/<uuid:evse_id>/"

urlpatterns = [
    path("operations/stations/new/", editing.new_station, name="operations-station-new"),
    path(f"{STATION}edit/", editing.station, name="operations-station-edit"),
    path(f"{STATION}evses/new/", evses.new_evse, name="operations-evse-new"),
    path(f"{EVSE}edit/", evses.evse, name="operations-evse-edit"),
    path(f"{EVSE}remove/", act_view(REMOVE_EVSE), name="operations-evse-remove"),
    path(f"{STATION}tariff/", tariff_assigning.station_tariff, name="operations-station-tariff"),
    path("operations/stations/import/", imports.imports, name="operations-station-import"),
    path(IMPORT, imports.one_import, name="operations-import"),
    *(path(f"{IMPORT}{name}/", act_view(act), name=f"operations-import-{name}") for name, act in ACTS.items()),
    path("operations/tariffs/", tariffs.tariffs, name="operations-tariffs"),
    path("operations/tariffs/new/", tariffs.new_tariff, name="operations-tariff-new"),
    path(TARIFF, tariffs.tariff, name="operations-tariff"),
    path(f"{TARIFF}edit/", tariffs.edit_tariff, name="operations-tariff-edit"),
    path(f"{TARIFF}assign/", tariff_assigning.assign_tariff, name="operations-tariff-assign"),
]
