"""What the filters of the lists of sessions and bookings have in common, and the page of a list they lead to."""

import datetime as dt
from collections.abc import Mapping
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from adminpanel.walking import Search, Walked, walk
from bookings.models import Client
from evbunker.admin import uuid_of
from evbunker.models import Record

ANY = ("", _("Any"))


def day_field(label: Any) -> forms.DateField:
    return forms.DateField(label=label, required=False, widget=forms.DateInput(attrs={"type": "date"}))


class RecordFilter(forms.Form):
    """Reads the address of a list. Days are those of the reader's time zone."""

    q = forms.CharField(
        label=_("Search"), required=False, max_length=160,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("E-mail address or id")}),
        help_text=_("The client's e-mail address, or the id of a booking, session or payment: each as a whole."),
    )  # fmt: skip
    state = forms.ChoiceField(label=_("State"), required=False)
    since = day_field(_("Ends from"))
    until = day_field(_("Ends until"))
    station = forms.UUIDField(required=False, widget=forms.HiddenInput)
    client = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Mapping[str, Any], *, zone: ZoneInfo) -> None:
        super().__init__(data)
        self.zone = zone

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("since") and data.get("until") and data["until"] < data["since"]:
            self.add_error("until", _("This day is before the first one."))
        data["q"] = data.get("q", "").strip()
        return data

    @property
    def is_filtered(self) -> bool:
        return any(self.data.get(name) for name in self.fields)

    def narrows(self) -> bool:
        """Is one of the filters set that are folded away?"""
        return any(self.data.get(name) for name in self.fields if name not in {"q", "state", "station", "client"})

    def midnight(self, name: str, days_later: int = 0) -> dt.datetime | None:
        """When the day in the field `name` began where the reader lives."""
        day = self.cleaned_data[name]
        if day is None or not 2000 <= day.year <= 9000:
            return None
        return dt.datetime.combine(day + dt.timedelta(days=days_later), dt.time(), self.zone).astimezone(dt.UTC)

    def client_id(self) -> UUID | None:
        """Whose they must be. Raises Nobody if no one can have any."""
        asked: UUID | None = self.cleaned_data["client"]
        if not self.cleaned_data["q"]:
            return asked
        found = Client.objects.filter(email=self.cleaned_data["q"].lower()).values_list("pk", flat=True).first()
        if found is None or asked not in (None, found):
            raise Nobody
        return found

    def record_id(self) -> UUID | None:
        """The id that is looked for. Raises Nobody if something else is that names nothing."""
        asked = self.cleaned_data["q"]
        if not asked or "@" in asked:
            return None
        found = uuid_of(asked)
        if found is None:
            raise Nobody
        return found

    def named(self, found: UUID) -> list[Record]:
        """The records that an id leads to."""
        raise NotImplementedError

    def search(self) -> Search[Any]:
        """What a valid form asks for, beside ids. Raises Nobody."""
        raise NotImplementedError


class Nobody(Exception):
    """Nothing can be found."""


def page_of(form: RecordFilter, *, cursor: str, down_to: str) -> Walked[Any]:
    """The page of the list that `form` asks for; nothing if the form has errors."""
    if not form.is_valid():
        return Walked()
    try:
        found = form.record_id()
        if found is not None:
            return Walked(form.named(found))
        return walk(form.search(), cursor=cursor, down_to=down_to)
    except Nobody:
        return Walked()
