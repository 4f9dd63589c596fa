"""The operator's settings in the Django admin, and what does not belong there."""

from typing import Any

from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.validators import validate_email
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

import adminpanel.report_admin  # noqa: F401 - registers
from adminpanel.models import (
    Alert,
    Beat,
    ClientNote,
    DailyTotal,
    DailyUse,
    NetworkDay,
    Setting,
    StaleNetworkDay,
    StationImport,
    StationImportPart,
)
from adminpanel.texts import TEXTS, set_text, text_of
from evbunker.admin import RecordAdmin, RecordForm

for model in (Group, EmailAddress, EmailConfirmation, Authenticator):
    # Roles are set on the client; addresses and second factors are their owner's own business.
    if admin.site.is_registered(model):
        admin.site.unregister(model)


class SettingForm(RecordForm):
    """One text. The key is chosen once, from what the site knows."""

    key = forms.ChoiceField(label=_("Text"), widget=UnfoldAdminSelectWidget)
    value = forms.CharField(
        label=_("What it says"),
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 24}),
        help_text=_(
            "A blank line begins a paragraph, a line that begins with “# ” is a heading, lines that begin with “- ” "
            "are a list. Leave it empty to show the default text."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "key" in self.fields:
            self.fields["key"].choices = [(key, text.label) for key, text in TEXTS.items()]  # type: ignore[attr-defined]

    def clean_value(self) -> str:
        value = str(self.cleaned_data["value"]).strip()
        key = self.instance.key or self.cleaned_data.get("key")
        if key == "operator_email" and value:
            validate_email(value)
        return value


@admin.register(Setting)
class SettingAdmin(RecordAdmin):
    form = SettingForm
    changed_by = added_by = "owner"
    editable = ("key", "value")
    list_display = ("label", "key", "updated_at")
    search_fields = ()

    @admin.display(description=_("Text"))
    def label(self, setting: Setting) -> str:
        return str(TEXTS[setting.key].label) if setting.key in TEXTS else setting.key

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        names = super().get_readonly_fields(request, obj)
        return [*names, "key"] if obj else names

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """`?key=terms` begins with the text that visitors see now."""
        key = request.GET.get("key", "")
        return {"key": key, "value": text_of(key)} if key in TEXTS else {}

    def save_model(self, request: HttpRequest, obj: Setting, form: SettingForm, change: bool) -> None:
        actor: Any = request.user
        saved = set_text(key=obj.key, value=form.cleaned_data["value"], actor=actor)
        obj.pk = saved.pk


@admin.register(Beat)
class BeatAdmin(RecordAdmin):
    list_display = ("name", "beaten_at")


@admin.register(Alert)
class AlertAdmin(RecordAdmin):
    list_display = ("sentence", "key", "since", "told_at")


@admin.register(ClientNote)
class ClientNoteAdmin(RecordAdmin):
    list_display = ("client_id", "author", "created_at")
    linked_by = ("client",)
    found_by = "client_id"
    search_help_text = _("Search by id or by the id of the client.")


@admin.register(StationImport)
class StationImportAdmin(RecordAdmin):
    list_display = ("file_name", "source", "state", "agreed_at", "created_at")
    list_filter = ("state",)
    linked_by = ("asked_by",)


@admin.register(StationImportPart)
class StationImportPartAdmin(RecordAdmin):
    list_display = ("id", "number", "created_at")
    linked_by = ("job",)
    hidden = ("data",)
    found_by = "job_id"


@admin.register(DailyTotal)
class DailyTotalAdmin(RecordAdmin):
    list_display = ("day", "station_name", "bookings", "revenue_minor", "currency", "energy_wh", "co2_saved_g")
    linked_by = ("station",)
    found_by = "station_id"
    search_help_text = _("Search by id or by the id of the station.")


@admin.register(DailyUse)
class DailyUseAdmin(RecordAdmin):
    list_display = ("day", "station_id", "evse_class", "evses", "open_minutes", "booked_minutes", "sessions")
    linked_by = ("station",)
    found_by = "station_id"
    search_help_text = _("Search by id or by the id of the station.")


@admin.register(NetworkDay)
class NetworkDayAdmin(RecordAdmin):
    list_display = ("day", "time_zone", "updated_at")


@admin.register(StaleNetworkDay)
class StaleNetworkDayAdmin(RecordAdmin):
    list_display = ("day", "time_zone", "created_at")
