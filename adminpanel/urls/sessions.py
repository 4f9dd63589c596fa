"""Charging sessions and bookings."""

from django.urls import path

from adminpanel.session_acts import ACTS
from adminpanel.views import bookings, sessions
from adminpanel.views.acts import act_view

SESSION = "operations/sessions/<uuid:session_id>/"

urlpatterns = [
    path("operations/sessions/", sessions.sessions, name="operations-sessions"),
    path("operations/sessions/stuck/", sessions.stuck, name="operations-sessions-stuck"),
    path(SESSION, sessions.session, name="operations-session"),
    *(path(f"{SESSION}{name}/", act_view(act), name=f"operations-session-{name}") for name, act in ACTS.items()),
    path("operations/bookings/", bookings.bookings, name="operations-bookings"),
    path("operations/bookings/<uuid:booking_id>/", bookings.booking, name="operations-booking"),
]
