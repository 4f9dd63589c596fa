"""The form above the list of clients."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from adminpanel.client_finding import DRIVER, STAFF, Wanted
from adminpanel.client_words import State
from bookings.places import country_choices
from evbunker import clock

ANY = ("", _("Any"))
KINDS = [ANY, (DRIVER, _("Drivers")), (STAFF, _("Staff"))]
SEEN = [ANY, ("1", _("In the last day")), ("7", _("In the last 7 days")), ("30", _("In the last 30 days"))]


class ClientFilter(forms.Form):
    """Reads the address of the list of clients."""

    q = forms.CharField(
        label=_("Search"), required=False, max_length=160,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Name or e-mail address")}),
        help_text=_(
            "Beginnings of words of the name and the e-mail address, or a whole address or id. Then the list is by the "
            "words found, and otherwise the newest first."
        ),
    )  # fmt: skip
    state = forms.ChoiceField(label=_("State"), required=False, choices=[ANY, *State.choices])
    kind = forms.ChoiceField(label=_("Who"), required=False, choices=KINDS)
    country = forms.ChoiceField(label=_("Country"), required=False)
    seen = forms.ChoiceField(label=_("Last seen"), required=False, choices=SEEN)

    def __init__(self, data: Mapping[str, Any]) -> None:
        super().__init__(data)
        self.fields["country"].choices = [ANY, *country_choices()]  # type: ignore[attr-defined]

    @property
    def is_filtered(self) -> bool:
        return any(self.data.get(name) for name in self.fields)

    def narrows(self) -> bool:
        """Is one of the filters set that are folded away?"""
        return any(self.data.get(name) for name in ("kind", "country", "seen"))

    def wanted(self) -> Wanted:
        """What a valid form asks for."""
        asked = self.cleaned_data
        since = clock.now() - dt.timedelta(days=int(asked["seen"])) if asked["seen"] else None
        return Wanted(asked["q"].strip(), asked["state"], asked["country"], asked["kind"], since)
