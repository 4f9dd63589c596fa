"""Forms about staff."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from adminpanel.acts import STAFF, WhyForm

ROLES = [
    ("viewer", _("Viewer: sees all of operations")),
    ("operator", _("Operator: also acts, on bookings, payments, stations and clients")),
    ("owner", _("Owner: also staff, tariffs and settings")),
]


class InviteForm(forms.Form):
    """Who is to come, and as what."""

    email = forms.EmailField(
        label=_("E-mail address"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )
    name = forms.CharField(
        label=_("Name"), max_length=120, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_("Of a new account. Who has one keeps its name."),
    )  # fmt: skip
    role = forms.ChoiceField(label=_("Role"), choices=ROLES, widget=forms.RadioSelect, initial="viewer")


class RoleForm(WhyForm):
    """Another role, and why."""

    role = forms.ChoiceField(label=_("Role"), choices=ROLES, widget=forms.RadioSelect)

    field_order = ("role", "note")

    def __init__(self, data: Mapping[str, Any] | None = None, *, role: str = "") -> None:
        super().__init__(data, told=STAFF)
        self.initial["role"] = role
