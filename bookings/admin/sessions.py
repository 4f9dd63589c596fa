"""Charging sessions, their readings, and what they saved: made by services alone."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from bookings.admin.bookings import OwnedAdmin
from bookings.models import ChargingSession, ClientTotal, EcoStat, MeterValue, StaleDay
from evbunker.admin import RecordAdmin


@admin.register(ChargingSession)
class ChargingSessionAdmin(OwnedAdmin):
    list_display = ("__str__", "client_name", "status", "started_at", "ended_at", "energy_wh", "energy_source")
    list_filter = ("status",)
    linked_by = ("client", "booking")


@admin.register(MeterValue)
class MeterValueAdmin(RecordAdmin):
    list_display = ("at", "energy_wh", "power_w", "soc_percent")
    linked_by = ("session",)
    found_by = "session_id"
    search_help_text = _("Search by the id of a reading or of its charging session.")


@admin.register(EcoStat)
class EcoStatAdmin(OwnedAdmin):
    list_display = ("day", "energy_wh", "co2_saved_g", "distance_m", "source", "created_at")
    linked_by = ("client", "booking", "station")


@admin.register(ClientTotal)
class ClientTotalAdmin(OwnedAdmin):
    list_display = ("id", "sessions", "energy_wh", "co2_saved_g", "updated_at")


@admin.register(StaleDay)
class StaleDayAdmin(RecordAdmin):
    list_display = ("station_id", "day", "ends_at", "created_at")
    found_by = "station_id"
    search_help_text = _("Search by id or by the id of the station.")
