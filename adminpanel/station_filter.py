"""The form above the list of stations."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from adminpanel import station_finding as finding
from adminpanel.station_words import WHY_NOT
from bookings.models import Evse, Station
from bookings.places import country_choices
from evbunker.statuses import look_of

ANY = ("", _("Any"))
STATUSES = [ANY, *((status, look_of(status, "station").label) for status in Station.Status.values)]
EVSE_STATES = [ANY, *((state, look_of(state).label) for state in Evse.Status.values)]
BOOKABLE = [
    ANY,
    (finding.BOOKABLE, _("Bookable")),
    (finding.NOT_BOOKABLE, _("Not bookable")),
    (_("Why not"), list(WHY_NOT.items())),
]


class StationFilter(forms.Form):
    """Reads the address of a list of stations."""

    q = forms.CharField(
        label=_("Search"), required=False, max_length=160,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Name, network or city")}),
        help_text=_("Every word must begin a word of the name, the network or the city."),
    )  # fmt: skip
    status = forms.ChoiceField(label=_("State"), required=False, choices=STATUSES)
    evse = forms.ChoiceField(label=_("With an EVSE that is"), required=False, choices=EVSE_STATES)
    bookable = forms.ChoiceField(label=_("Bookable"), required=False, choices=BOOKABLE)
    network = forms.CharField(label=_("Network"), required=False, max_length=120)
    country = forms.ChoiceField(label=_("Country"), required=False)

    def __init__(self, data: Mapping[str, Any]) -> None:
        super().__init__(data)
        self.fields["country"].choices = [ANY, *country_choices()]  # type: ignore[attr-defined]

    def narrows(self) -> bool:
        """Is one of the filters set that are folded away?"""
        return any(self.data.get(name) for name in ("bookable", "network", "country"))

    def wanted(self) -> finding.Wanted:
        """What a valid form asks for."""
        data = self.cleaned_data
        return finding.Wanted(
            q=data["q"].strip(), status=data["status"], evse=data["evse"], bookable=data["bookable"],
            network=data["network"].strip(), country=data["country"],
        )  # fmt: skip
