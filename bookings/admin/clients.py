"""Clients and what belongs to them. Roles are an owner's business, standing an operator's."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget

from bookings.admin.bookings import OwnedAdmin
from bookings.models import ApiToken, Client, Vehicle
from bookings.roles import set_role
from bookings.standing import set_active
from evbunker.admin import RecordAdmin, starting_with, uuid_of

ROLE_CHOICES = [
    ("", _("driver: no staff rights")),
    ("viewer", _("viewer: sees operations")),
    ("operator", _("operator: also acts")),
    ("owner", _("owner: also staff, tariffs and settings")),
]


class ClientForm(forms.ModelForm):  # type: ignore[type-arg]
    """A client's role and standing."""

    role = forms.ChoiceField(label=_("Role"), choices=ROLE_CHOICES, required=False, widget=UnfoldAdminSelectWidget)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["role"] = self.instance.role() or ""


@admin.register(Client)
class ClientAdmin(RecordAdmin):
    form = ClientForm
    changed_by = "operator"
    editable = ("is_active", "role")
    hidden = ("password", "is_superuser", "last_login")
    list_display = ("email", "name", "is_staff", "is_active", "country", "last_seen_at", "created_at")
    search_help_text = _("Search by id or by how the e-mail address begins.")

    def search(self, queryset: QuerySet[Client], term: str) -> QuerySet[Client]:
        if uuid_of(term):
            return super().search(queryset, term)
        return queryset.filter(**starting_with("email", term.lower()))

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        names = super().get_readonly_fields(request, obj)
        staff: Any = request.user
        return names if staff.has_role("owner") else ["role", *names]

    def save_model(self, request: HttpRequest, obj: Client, form: ClientForm, change: bool) -> None:
        actor: Any = request.user
        client = Client.objects.get(pk=obj.pk)
        if "role" in form.changed_data:
            set_role(client=client, role=form.cleaned_data["role"] or None, actor=actor)
        if "is_active" in form.changed_data:
            set_active(client=client, active=form.cleaned_data["is_active"], actor=actor)


@admin.register(Vehicle)
class VehicleAdmin(OwnedAdmin):
    list_display = ("name", "usable_battery_wh", "wh_per_km", "created_at")


@admin.register(ApiToken)
class ApiTokenAdmin(OwnedAdmin):
    list_display = ("name", "last_used_at", "created_at")
    hidden = ("hash",)
