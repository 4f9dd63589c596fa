"""Stations, their EVSEs and tariffs."""

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from bookings.models import Evse, SearchWord, Station, Tariff
from evbunker.admin import RecordAdmin, starting_with, uuid_of


@admin.register(Station)
class StationAdmin(RecordAdmin):
    list_display = ("name", "city", "country", "network", "status", "bookable", "evse_count", "source")
    list_filter = ("status",)
    linked_by = ("tariff",)


@admin.register(Evse)
class EvseAdmin(RecordAdmin):
    list_display = ("label", "current", "max_power_w", "status", "ocpp_identity", "updated_at")
    list_filter = ("status",)
    linked_by = ("station",)
    found_by = "station_id"


@admin.register(Tariff)
class TariffAdmin(RecordAdmin):
    list_display = ("name", "currency", "session_fee_minor", "per_hour_minor", "per_kwh_minor", "tax_bp")


@admin.register(SearchWord)
class SearchWordAdmin(RecordAdmin):
    """The index of the text search: written with what it finds."""

    list_display = ("word", "created_at")
    search_help_text = _("Search by how a word begins.")

    def search(self, queryset: QuerySet[SearchWord], term: str) -> QuerySet[SearchWord]:
        return queryset.filter(**starting_with("word", term.lower()))
