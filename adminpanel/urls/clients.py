"""Drivers and their accounts."""

from django.urls import path

from adminpanel.client_acts import ACTS
from adminpanel.views import client_standing, clients
from adminpanel.views.acts import act_view

CLIENT = "operations/clients/<uuid:client_id>/"

urlpatterns = [
    path("operations/clients/", clients.clients, name="operations-clients"),
    path("operations/clients/suspend/", client_standing.suspend, name="operations-suspend"),
    path("operations/clients/restore/", client_standing.restore, name="operations-restore"),
    path(CLIENT, clients.client, name="operations-client"),
    path(f"{CLIENT}notes/", clients.note, name="operations-client-note"),
    *(path(f"{CLIENT}{name}/", act_view(act), name=f"operations-client-{name}") for name, act in ACTS.items()),
]
