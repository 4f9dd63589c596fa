"""The form above the audit trail."""

import datetime as dt
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from adminpanel.audit_finding import Wanted
from adminpanel.audit_words import ACTIONS, record_types
from adminpanel.record_filter import ANY, day_field
from bookings.models import Client
from evbunker.admin import uuid_of

ID_OF_NOBODY = _("Nobody with this address is known. Whoever had it before is found by id.")


class AuditFilter(forms.Form):
    """Reads the address of the audit trail. Days are those of the reader's time zone."""

    who = forms.CharField(
        label=_("Who"), required=False, max_length=254,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("E-mail address or id")}),
        help_text=_("A whole e-mail address, the id of an account, or the name of a job or gateway."),
    )  # fmt: skip
    action = forms.ChoiceField(label=_("What"), required=False)
    kind = forms.ChoiceField(label=_("Kind of record"), required=False)
    record = forms.CharField(label=_("Id of the record"), required=False, max_length=40)
    since = day_field(_("From"))
    until = day_field(_("Until"))

    def __init__(self, data: Mapping[str, Any], *, zone: ZoneInfo) -> None:
        super().__init__(data)
        self.zone = zone
        known = sorted(((name, name) for name in ACTIONS), key=str)
        asked = data.get("action", "")
        other = [] if not asked or asked in ACTIONS or len(asked) > 60 else [(asked, asked)]
        self.fields["action"].choices = [ANY, *known, *other]  # type: ignore[attr-defined]
        self.fields["kind"].choices = [ANY, *record_types()]  # type: ignore[attr-defined]

    @property
    def is_filtered(self) -> bool:
        return any(self.data.get(name) for name in self.fields)

    def narrows(self) -> bool:
        """Is one of the filters set that are folded away?"""
        return any(self.data.get(name) for name in ("kind", "record", "since", "until"))

    def clean_record(self) -> Any:
        asked = self.cleaned_data["record"].strip()
        found = uuid_of(asked)
        if asked and found is None:
            raise forms.ValidationError(_("This is not an id."))
        return found

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("since") and data.get("until") and data["until"] < data["since"]:
            self.add_error("until", _("This day is before the first one."))
        who = data.get("who", "").strip()
        data["actor_id"] = uuid_of(who)
        if "@" in who:
            data["actor_id"] = Client.objects.filter(email=who.lower()).values_list("pk", flat=True).first()
            if data["actor_id"] is None:
                self.add_error("who", ID_OF_NOBODY)
        data["actor"] = "" if data["actor_id"] else who
        return data

    def wanted(self) -> Wanted:
        """What a valid form asks for."""
        asked = self.cleaned_data
        return Wanted(
            asked["record"], asked["actor_id"], asked["actor"], asked["action"], asked["kind"],
            self._midnight(asked["since"]), self._midnight(asked["until"], days_later=1),
        )  # fmt: skip

    def asked_for(self) -> dict[str, str]:
        """The filters that are set, as they were asked for: what the audit trail keeps of an export. Of people it
        keeps ids alone, which say nothing once an account is forgotten."""
        named = {"who": str(self.cleaned_data["actor_id"] or self.cleaned_data["actor"])}
        return {name: value for name in self.fields if (value := named.get(name, self.data.get(name, "")))}

    def _midnight(self, day: dt.date | None, days_later: int = 0) -> dt.datetime | None:
        """When a day began where the reader lives."""
        if day is None or not 2000 <= day.year <= 9000:
            return None
        return dt.datetime.combine(day + dt.timedelta(days=days_later), dt.time(), self.zone).astimezone(dt.UTC)
