"""Forms of the acts on EVSEs: their status, and blocking and giving back their time."""

import datetime as dt
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from bookings.models import Evse, Outage, Station
from bookings.outages import DOWN
from bookings.slots import SLOT_SECONDS, Period, slot_of, start_of
from evbunker import clock
from evbunker.moments import in_zone
from evbunker.statuses import look_of
from payments.closing import LONGEST_NOTE, SHORTEST_NOTE

LONGEST_BLOCK = dt.timedelta(days=31)
FURTHEST = dt.timedelta(days=366)
"""So far ahead a block may begin."""
CAUSES = [("", _("Say nothing: not known, or maintenance if it is blocked now")), *Outage.Cause.choices]
LOCAL = "%Y-%m-%dT%H:%M"


def _note(help_text: Any) -> forms.CharField:
    return forms.CharField(
        label=_("Why"), min_length=SHORTEST_NOTE, max_length=LONGEST_NOTE, help_text=help_text,
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip


def _moment(label: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput({"type": "datetime-local"}, format=LOCAL)
    return forms.DateTimeField(label=label, input_formats=[LOCAL], widget=widget)


class StatusForm(forms.Form):
    """How some EVSEs of a station are from now on."""

    evses = forms.ModelMultipleChoiceField(
        Evse.objects.none(), label=_("EVSEs"), widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one EVSE.")},
    )  # fmt: skip
    status = forms.ChoiceField(
        label=_("Status"), choices=[(status, look_of(status).label) for status in Evse.Status.values]
    )
    cause = forms.ChoiceField(
        label=_("Cause"), required=False, choices=CAUSES,
        help_text=_("Counts only for one that is down: which outages count against its uptime."),
    )  # fmt: skip
    note = _note(_("It is kept in the audit trail and with the outage, with your name."))

    def __init__(self, data: Any, *, station: Station, chosen: str = "") -> None:
        super().__init__(data, initial={"evses": [chosen] if chosen else []})
        self.fields["evses"].queryset = Evse.objects.filter(station=station).order_by("label")  # type: ignore[attr-defined]

    @property
    def counted_cause(self) -> str:
        """The cause that counts: none for an EVSE that works."""
        return str(self.cleaned_data["cause"]) if self.cleaned_data["status"] in DOWN else ""


class CauseForm(forms.Form):
    """Why an EVSE was down."""

    cause = forms.ChoiceField(label=_("Cause"), choices=Outage.Cause.choices)
    note = _note(_("It is kept in the audit trail and with the outage, with your name."))


class PeriodForm(forms.Form):
    """A time of one EVSE or of all, by the station's clock, widened to whole quarters of an hour."""

    evse = forms.ChoiceField(label=_("EVSE"), required=False)
    since = _moment(_("From"))
    until = _moment(_("Until"))
    note = _note("")
    told: Any = ""

    def __init__(self, data: Any, *, station: Station, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, initial=initial)
        self.station = station
        self.found = list(Evse.objects.filter(station=station).order_by("label"))
        choices = [("", _("All EVSEs of the station")), *((str(evse.pk), evse.label) for evse in self.found)]
        self.fields["evse"].choices = choices  # type: ignore[attr-defined]
        self.fields["note"].help_text = self.told

    def clean_since(self) -> dt.datetime:
        return self._at_station(self.cleaned_data["since"])

    def clean_until(self) -> dt.datetime:
        return self._at_station(self.cleaned_data["until"])

    def _at_station(self, moment: dt.datetime) -> dt.datetime:
        """What was written, read by the station's clock. An hour that comes twice is the first of the two."""
        if not 2000 <= moment.year <= 9000:
            raise forms.ValidationError(_("This is too far away."))
        return moment.replace(tzinfo=self.station.zone, fold=0).astimezone(dt.UTC)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("since") and data.get("until"):
            if data["until"] <= data["since"]:
                self.add_error("until", _("It must end after it begins."))
            elif self.period.ends_at <= clock.now():
                self.add_error("until", _("This is over. What was blocked in the past stays as it is."))
        return data

    @property
    def evses(self) -> list[Evse]:
        chosen = self.cleaned_data["evse"]
        return [evse for evse in self.found if chosen in ("", str(evse.pk))]

    @property
    def period(self) -> Period:
        """From now on at the earliest, on the grid."""
        first = max(slot_of(self.cleaned_data["since"]), slot_of(clock.now()))
        return Period(start_of(first), start_of(-(-int(self.cleaned_data["until"].timestamp()) // SLOT_SECONDS)))


class BlockForm(PeriodForm):
    """What is to be blocked, of EVSEs that there are."""

    told = _("In words that the drivers read whose bookings it closes. It is kept in the audit trail, with your name.")

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if not self.errors and not self.found:
            self.add_error(None, _("The station has no EVSE."))
        elif not self.errors and self.period.ends_at - self.period.starts_at > LONGEST_BLOCK:
            self.add_error("until", _("Block at most 31 days at once. Put the EVSE out of service if it takes longer."))
        elif not self.errors and self.period.starts_at - clock.now() > FURTHEST:
            self.add_error("since", _("Blocks begin within a year."))
        return data


class UnblockForm(PeriodForm):
    """What is to be given back."""

    told = _("It is kept in the audit trail, with your name.")


def as_local(moment: dt.datetime, station: Station) -> str:
    """A moment as the fields of a form are filled with it, by the station's clock."""
    return in_zone(moment, station.zone).strftime(LOCAL)
