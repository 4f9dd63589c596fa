"""Stations, their EVSEs and tariffs. Operators change stations; what charging costs is the owner's business."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.validators import MaxValueValidator
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from bookings.models import Connector, Evse, Outage, SearchWord, Station, Tariff
from bookings.opening import validate as validate_hours
from bookings.places import country_choices, time_zone_choices
from bookings.stations import save_evse, save_station, save_tariff
from bookings.words import beginning_with, folded, words_of
from evbunker.admin import RecordAdmin, RecordForm, uuid_of

MOST_FOUND = 500
BASIS_POINTS = 10_000


def currency_field() -> forms.RegexField:
    return forms.RegexField(
        r"^[A-Z]{3}$", label=_("Currency"), max_length=3, strip=True, widget=UnfoldAdminTextInputWidget,
        help_text=_("ISO 4217, three capital letters"),
    )  # fmt: skip


class StationForm(RecordForm):
    """A station as people write it."""

    country = forms.ChoiceField(label=_("Country"), required=False, widget=UnfoldAdminSelectWidget)
    time_zone = forms.ChoiceField(label=_("Time zone"), widget=UnfoldAdminSelectWidget)
    currency = currency_field()
    latitude = forms.FloatField(
        label=_("Latitude"),
        min_value=-90,
        max_value=90,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("degrees north"),
    )
    longitude = forms.FloatField(
        label=_("Longitude"),
        min_value=-180,
        max_value=180,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("degrees east"),
    )
    opening_hours = forms.JSONField(
        label=_("Opening hours"), required=False, widget=UnfoldAdminTextareaWidget, validators=[validate_hours],
        help_text=_("As OCPI writes them, regular_hours and exceptions; {} means always open."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = {"country": [("", "-"), *country_choices()], "time_zone": time_zone_choices(self.instance.time_zone)}
        for name in choices.keys() & self.fields.keys():
            self.fields[name].choices = choices[name]  # type: ignore[attr-defined]

    def clean_opening_hours(self) -> dict[str, Any]:
        return self.cleaned_data["opening_hours"] or {}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        tariff = cleaned.get("tariff", self.instance.tariff)
        if tariff and cleaned.get("currency") and tariff.currency != cleaned["currency"]:
            raise forms.ValidationError(_("The tariff is in %(currency)s.") % {"currency": tariff.currency})
        return cleaned


@admin.register(Station)
class StationAdmin(RecordAdmin):
    form = StationForm
    changed_by = added_by = "operator"
    editable = (
        "name", "network", "status", "address", "city", "country", "latitude", "longitude", "time_zone", "currency",
        "tariff", "opening_hours",
    )  # fmt: skip
    hidden = ("sort_key", "source_hash")
    list_display = ("name", "city", "country", "network", "status", "bookable", "evse_count", "source")
    list_filter = ("status",)
    linked_by = ("tariff",)
    search_help_text = _("Search by id or by how a word of the name, city or network begins.")

    def search(self, queryset: QuerySet[Station], term: str) -> QuerySet[Station]:
        if uuid_of(term):
            return super().search(queryset, term)
        word = max(words_of(term), key=len, default="")
        words = SearchWord.objects.filter(station__isnull=False, **beginning_with(word))
        return queryset.filter(pk__in=set(words[:MOST_FOUND].values_list("station_id", flat=True)))

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        names = super().get_readonly_fields(request, obj)
        staff: Any = request.user
        return names if staff.has_role("owner") else ["tariff", *names]

    def save_model(self, request: HttpRequest, obj: Station, form: StationForm, change: bool) -> None:
        actor: Any = request.user
        save_station(station=obj, actor=actor)


class EvseForm(RecordForm):
    """An EVSE; connectors are chosen from the standards."""

    connector_types = forms.MultipleChoiceField(
        label=_("Connectors"), choices=Connector.choices, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )
    max_power_w = forms.IntegerField(
        label=_("Most power, W"), min_value=100, max_value=4_000_000, widget=UnfoldAdminTextInputWidget
    )

    def clean_ocpp_identity(self) -> str | None:
        return self.cleaned_data["ocpp_identity"] or None


@admin.register(Evse)
class EvseAdmin(RecordAdmin):
    form = EvseForm
    changed_by = added_by = "operator"
    editable = ("station", "label", "current", "max_power_w", "connector_types", "status", "ocpp_identity")
    raw_id_fields = ("station",)
    list_display = ("label", "current", "max_power_w", "status", "ocpp_identity", "updated_at")
    list_filter = ("status",)
    linked_by = ("station",)
    found_by = "station_id"
    search_help_text = _("Search by the id of an EVSE or of its station.")

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        """An EVSE stays where it was put: bookings name its station."""
        names = super().get_readonly_fields(request, obj)
        return ["station", *names] if obj else names

    def save_model(self, request: HttpRequest, obj: Evse, form: EvseForm, change: bool) -> None:
        actor: Any = request.user
        save_evse(evse=obj, actor=actor)


@admin.register(Outage)
class OutageAdmin(RecordAdmin):
    """Written with the status of the EVSE; its cause is set on the station's page."""

    list_display = ("began_at", "ended_at", "cause", "note")
    linked_by = ("evse", "station")
    found_by = "station_id"
    search_help_text = _("Search by the id of an outage or of its station.")


class TariffForm(RecordForm):
    """Prices in minor units: 45 is 0.45 of a currency with two digits. Shares in basis points: 1900 is 19 %."""

    currency = currency_field()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in {"tax_bp", "late_refund_bp", "no_show_fee_bp"} & self.fields.keys():
            self.fields[name].validators.append(MaxValueValidator(BASIS_POINTS))


@admin.register(Tariff)
class TariffAdmin(RecordAdmin):
    form = TariffForm
    changed_by = added_by = "owner"
    editable = (
        "name", "currency", "session_fee_minor", "per_hour_minor", "per_kwh_minor", "idle_per_minute_minor", "tax_bp",
        "free_cancel_hours", "late_refund_bp", "no_show_fee_bp",
    )  # fmt: skip
    list_display = ("name", "currency", "session_fee_minor", "per_hour_minor", "per_kwh_minor", "tax_bp")

    def save_model(self, request: HttpRequest, obj: Tariff, form: TariffForm, change: bool) -> None:
        actor: Any = request.user
        save_tariff(tariff=obj, actor=actor)


@admin.register(SearchWord)
class SearchWordAdmin(RecordAdmin):
    """The index of the text search: written with what it finds."""

    list_display = ("word", "created_at")
    linked_by = ("station", "client")
    search_help_text = _("Search by how a word begins.")

    def search(self, queryset: QuerySet[SearchWord], term: str) -> QuerySet[SearchWord]:
        return queryset.filter(**beginning_with(folded(term)))
