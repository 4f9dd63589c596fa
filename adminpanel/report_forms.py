"""Forms of the page of reports."""

import datetime as dt
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _

from adminpanel.record_filter import day_field
from adminpanel.report_terms import DAY, KINDS, LONGEST, ROWS, STATION, USAGE, Terms, last_ended, month_before
from bookings.models import SearchWord, Station
from bookings.words import beginning_with, words_of
from evbunker import clock
from evbunker.admin import uuid_of

FORMATS = [("pdf", _("PDF")), ("csv", _("CSV, for spreadsheets"))]
MOST_RECIPIENTS = 10
NAMED = 5
"""So many stations are named where a name fits several."""
LOOKED_AT = 50


def stations_called(text: str) -> list[Station]:
    """The stations that an id, or words of a name, may mean; at most LOOKED_AT are looked at."""
    found = uuid_of(text)
    if found:
        return list(Station.objects.filter(pk=found))
    words = sorted(words_of(text), key=len, reverse=True)
    if not words:
        return []
    marks = SearchWord.objects.filter(**beginning_with(words[0]), station__isnull=False)[:LOOKED_AT]
    stations = Station.objects.filter(pk__in={mark.station_id for mark in marks})
    fitting = [one for one in stations if all(_has(one, word) for word in words)]
    exact = [one for one in fitting if one.name.casefold() == text.strip().casefold()]
    return sorted(exact or fitting, key=lambda one: (one.name, one.pk))


def _has(station: Station, word: str) -> bool:
    return any(own.startswith(word) for own in words_of(station.name, station.city, station.network, station.address))


class StationField(forms.CharField):
    """Empty: None, which is all stations."""

    def __init__(self) -> None:
        super().__init__(
            label=_("Station"), required=False, max_length=200,
            widget=forms.TextInput(attrs={"placeholder": _("All stations"), "autocomplete": "off"}),
            help_text=_("Its name, or its id. Leave it empty for all stations."),
        )  # fmt: skip

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        found = stations_called(text)
        if not found:
            raise forms.ValidationError(_("No station is called so."))
        if len(found) > 1:
            names = ", ".join(f"{one.name} ({one.city})" if one.city else one.name for one in found[:NAMED])
            raise forms.ValidationError(_("Several are called so: %(names)s") % {"names": names})
        return found[0]


class ReportForm(forms.Form):
    """Which report. Without anything asked it is the usage of last month, a row a day."""

    kind = forms.ChoiceField(label=_("Report"), choices=list(KINDS.items()))
    by = forms.ChoiceField(label=_("A row for"), choices=list(ROWS.items()))
    first = day_field(_("From"))
    last = day_field(_("Until"))
    station = StationField()

    def __init__(self, data: Mapping[str, Any]) -> None:
        first, last = month_before(last_ended(None) + dt.timedelta(days=1))
        usual = {"kind": USAGE, "by": DAY, "first": first, "last": last}
        super().__init__({name: data.get(name) or usual.get(name, "") for name in (*usual, "station")})
        for name in ("first", "last"):
            self.fields[name].required = True

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        first, last = data.get("first"), data.get("last")
        if first and last:
            if last < first:
                self.add_error("last", _("This day is before the first one."))
            elif last - first > LONGEST:
                self.add_error("last", _("At most ten years at once."))
            elif not 2000 <= first.year <= last.year <= clock.now().year + 1:
                self.add_error("first", _("There is nothing on such days."))
        return data

    def terms(self) -> Terms:
        """What a valid form asks for."""
        data = self.cleaned_data
        station: UUID | None = data["station"].pk if data["station"] else None
        return Terms(data["kind"], data["by"], data["first"], data["last"], station)


class ScheduleForm(forms.Form):
    """A report of every month, by e-mail."""

    kind = forms.ChoiceField(label=_("Report"), choices=list(KINDS.items()))
    by = forms.ChoiceField(label=_("A row for"), choices=[(name, said) for name, said in ROWS.items()])
    station = StationField()
    form = forms.ChoiceField(label=_("As"), choices=FORMATS)
    recipients = forms.CharField(
        label=_("To"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("E-mail addresses, at most ten, with spaces or commas between. They see each other's address."),
    )  # fmt: skip

    def __init__(self, data: Mapping[str, Any] | None = None, *, email: str = "") -> None:
        super().__init__(data, initial={"by": STATION, "form": "pdf", "recipients": email})

    def clean_recipients(self) -> list[str]:
        found = list(dict.fromkeys(self.cleaned_data["recipients"].replace(",", " ").replace(";", " ").split()))
        for address in found:
            validate_email(address)
        if len(found) > MOST_RECIPIENTS:
            raise forms.ValidationError(_("At most ten addresses."))
        return found
