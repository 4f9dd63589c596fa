"""Which days and which part of the network analytics look at, and the form that asks for them."""

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from adminpanel.evse_classes import CLASSES
from bookings.models import Station, Tariff
from evbunker import clock

MOST_DAYS = 1100
"""Three years: what is read grows with the days."""
DAILY_UP_TO, WEEKLY_UP_TO = 62, 200
ONE_DAY = dt.timedelta(days=1)
STEPS = {"day": _("by day"), "week": _("by week"), "month": _("by month")}
WHOLE = "all"


class Bucket(NamedTuple):
    """Days that are shown as one, both ends included."""

    label: str
    first: dt.date
    last: dt.date


@dataclass(frozen=True)
class Range:
    """Days from `first` to `last`, both included, shown in steps of STEPS; weeks begin on Mondays."""

    first: dt.date
    last: dt.date
    step: str

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def before(self) -> "Range":
        """As many days, just before."""
        return Range(self.first - self.days * ONE_DAY, self.first - ONE_DAY, self.step)

    def buckets(self) -> Iterator[Bucket]:
        """Oldest first; the outer ones may be cut off."""
        first = self.first
        while first <= self.last:
            last = min(self._end(first), self.last)
            yield Bucket(self._label(first), first, last)
            first = last + ONE_DAY

    def _end(self, day: dt.date) -> dt.date:
        if self.step == "day":
            return day
        if self.step == "week":
            return day + (6 - day.weekday()) * ONE_DAY
        return (day.replace(day=1) + 31 * ONE_DAY).replace(day=1) - ONE_DAY

    def _label(self, first: dt.date) -> str:
        if self.step == "month":
            return date_format(first, "M Y")
        return date_format(first, "j M Y" if self.days > DAILY_UP_TO else "j M")


@dataclass(frozen=True)
class Scope:
    """All of the network ("all"), a station or the city of a station ("station.<hex>", "city.<hex>"), or a class of
    EVSEs ("class.dc")."""

    kind: str
    key: str = ""

    def __str__(self) -> str:
        return f"{self.kind}.{self.key}" if self.key else self.kind

    @classmethod
    def parse(cls, text: str) -> "Scope":
        """Raises LookupError if there is no such thing."""
        kind, _dot, key = text.partition(".")
        if text == WHOLE or (kind == "class" and key in CLASSES):
            return cls(kind, key)
        if kind not in {"station", "city"}:
            raise LookupError(text)
        try:
            known = Station.objects.filter(pk=UUID(key)).exists()
        except ValueError as error:
            raise LookupError(text) from error
        if not known:
            raise LookupError(text)
        return cls(kind, key)

    def stations(self) -> list[UUID] | None:
        """Whose figures these are; None: those of all."""
        if self.kind == "station":
            return [UUID(self.key)]
        if self.kind != "city":
            return None
        city = city_of(Station.objects.get(pk=UUID(self.key)))
        return [station.pk for station in priced_stations() if city_of(station) == city]

    def label(self) -> str | Promise:
        if self.kind == "class":
            return CLASSES[self.key]
        if self.kind == WHOLE:
            return _("The whole network")
        station = Station.objects.get(pk=UUID(self.key))
        return station.name if self.kind == "station" else ", ".join(filter(None, city_of(station)))


def city_of(station: Station) -> tuple[str, str]:
    return station.city, station.country


def priced_stations() -> list[Station]:
    """Those that have a tariff, found by it: imported ones without any are many."""
    tariffs = list(Tariff.objects.values_list("pk", flat=True))
    return list(Station.objects.filter(tariff_id__in=tariffs).only("pk", "name", "city", "country"))


def cities() -> list[tuple[str, str]]:
    """Scopes of the cities that have stations, with their names."""
    first: dict[tuple[str, str], UUID] = {}
    for station in priced_stations():
        if station.city:
            first[city_of(station)] = min(first.get(city_of(station), station.pk), station.pk)
    return [(f"city.{pk.hex}", ", ".join(filter(None, city))) for city, pk in sorted(first.items())]


def months_back(day: dt.date, months: int) -> dt.date:
    """The day after the one with the same number `months` months ago: a range of whole months ends on `day`."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    last = ((dt.date(year, month + 1, 1) + 31 * ONE_DAY).replace(day=1) - ONE_DAY).day
    return dt.date(year, month + 1, min(day.day, last)) + ONE_DAY


def presets(today: dt.date) -> dict[str, tuple[str | Promise, dt.date]]:
    """Ranges that end today: their names and first days."""
    return {
        "7d": (_("7 days"), today - 6 * ONE_DAY),
        "28d": (_("28 days"), today - 27 * ONE_DAY),
        "3m": (_("3 months"), months_back(today, 3)),
        "12m": (_("12 months"), months_back(today, 12)),
        "month": (_("This month"), today.replace(day=1)),
    }


def step_for(days: int) -> str:
    """The step in which so many days are shown unless another is asked for."""
    return "day" if days <= DAILY_UP_TO else "week" if days <= WEEKLY_UP_TO else "month"


class AnalyticsFilter(forms.Form):
    """Reads the address of the page; nothing in it means the last 28 days of the whole network."""

    since = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label=_("Until"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    step = forms.ChoiceField(label=_("Shown"), required=False, choices=[("", _("as fits")), *STEPS.items()])
    of = forms.ChoiceField(label=_("Of"), required=False)

    def __init__(self, data: Mapping[str, Any], *, zone: ZoneInfo) -> None:
        super().__init__(dict(data.items()))
        self.today = clock.now().astimezone(zone).date()
        classes = [(f"class.{kind}", name) for kind, name in CLASSES.items()]
        choices: list[Any] = [("", _("The whole network")), (_("Class of EVSE"), classes), (_("City"), cities())]
        asked = str(data.get("of", ""))
        if asked.startswith("station."):
            with suppress(LookupError):
                choices.append((asked, Scope.parse(asked).label()))
        self.fields["of"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        last = data.get("until") or self.today
        first = data.get("since") or min(last, self.today) - 27 * ONE_DAY
        if not 2000 <= first.year <= last.year <= 2200 or first > last:
            self.add_error("until", _("The last day must not be before the first."))
        elif (last - first).days >= MOST_DAYS:
            self.add_error("since", _("Choose at most three years."))
        data["first"], data["last"] = first, last
        return data

    def show(self, asked: Range) -> None:
        """Let the fields say which days are shown, also where none were asked for."""
        self.data = {**self.data, "since": asked.first, "until": asked.last, "step": self.cleaned_data["step"]}

    def range(self) -> Range:
        """Of a valid form."""
        first = self.cleaned_data["first"]
        last = min(self.cleaned_data["last"], max(self.today, first))  # nothing is known of days to come
        return Range(first, last, self.cleaned_data["step"] or step_for((last - first).days + 1))

    def scope(self) -> Scope:
        """Of a valid form."""
        return Scope.parse(self.cleaned_data["of"] or WHOLE)
