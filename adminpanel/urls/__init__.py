"""URLs of adminpanel, a module an area."""

from django.urls import path

from adminpanel.urls import (
    activity,
    analytics,
    clients,
    editing,
    payments,
    reports,
    sessions,
    settings,
    staff,
    stations,
)
from adminpanel.views import overview, texts

AREAS = (activity, analytics, clients, editing, payments, reports, sessions, settings, staff, stations)

urlpatterns = [
    path("operations/", overview.operations, name="operations"),
    path("operations/overview/", overview.overview, name="operations-overview"),
    *(pattern for area in AREAS for pattern in area.urlpatterns),
    path("contact/", texts.contact, name="contact"),
    path("terms/", texts.text, {"key": "terms"}, name="terms"),
    path("privacy/", texts.text, {"key": "privacy"}, name="privacy"),
    path("security/", texts.text, {"key": "security"}, name="security"),
]
