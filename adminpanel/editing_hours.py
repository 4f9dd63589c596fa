"""Opening hours as people write them: a line a weekday, and dates that are unlike it.

`bookings/opening.py` says how they are stored. What was not touched stays as it is stored, to the letter.
"""

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from bookings.opening import Hours

CLOSINGS, OPENINGS = "exceptional_closings", "exceptional_openings"
KINDS = [(CLOSINGS, _("closed")), (OPENINGS, _("open as an exception"))]
TO = "\N{EN DASH}"
PERIOD = re.compile(r"(\d{1,2})(?:[:.h](\d\d))?\s*(?:-|–|—|to)\s*(\d{1,2})(?:[:.h](\d\d))?", re.ASCII)
SHUT = {"", "closed", "-", TO}
ALL_DAY = {"24h", "24 h", "24/7", "all day", "day and night"}
WHOLE_DAY = [("00:00", "24:00")]
MORE_ROWS = 2
"""Empty rows for new exceptions; saving brings the next."""

Times = list[tuple[str, str]]
Exception_ = tuple[str, str, str]
"""Kind, begin and end of an exception, as they are stored."""


def read_times(text: str) -> Times:
    """The periods of a line such as `08:00-12:00, 13:30-18`; nothing where it is closed. Raises ValidationError."""
    said = text.strip().lower()
    if said in SHUT:
        return []
    return WHOLE_DAY if said in ALL_DAY else [_period(part) for part in re.split(r"[,;]", said) if part.strip()]


def _period(said: str) -> tuple[str, str]:
    found = PERIOD.fullmatch(said.strip())
    begin, end = (_time(found[1], found[2]), _time(found[3], found[4])) if found else ("", "")
    if not begin or not end:
        message = _("“%(said)s” is no period. Write them like 08:00–12:00, 14:00–22:00.")
        raise ValidationError(message, params={"said": said.strip()[:40]})
    return begin, end


def _time(hour: str, minute: str | None) -> str:
    """`08:00`; empty for what is no time of a day. Its end is 24:00."""
    hours, minutes = int(hour), int(minute or 0)
    return f"{hours:02}:{minutes:02}" if (hours < 24 and minutes < 60) or (hours, minutes) == (24, 0) else ""


def times_of(hours: Hours, day: int) -> Times:
    """The periods that begin on a weekday; 1 is Monday."""
    regular = hours.get("regular_hours", [])
    return [(one["period_begin"], one["period_end"]) for one in regular if one["weekday"] == day]


def written(times: Times) -> str:
    """What `read_times` reads again."""
    return ", ".join(f"{begin}{TO}{end}" for begin, end in times)


class LocalMoment(forms.DateTimeField):
    """A date and a time on the station's wall clock, to the minute: naive, whatever zone its reader is in."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")

    def to_python(self, value: Any) -> dt.datetime | None:
        if value in self.empty_values:
            return None
        try:
            return dt.datetime.fromisoformat(str(value)).replace(tzinfo=None, second=0, microsecond=0)
        except ValueError as error:
            raise ValidationError(_("Write a date and a time.")) from error


class ExceptionForm(forms.Form):
    """One time that is unlike the week; empty means that there is none. `stored` says which row it was."""

    kind = forms.ChoiceField(label=_("It is"), choices=KINDS)
    begins = LocalMoment(label=_("from"), required=False)
    ends = LocalMoment(label=_("until"), required=False)
    stored = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        if not self.has_changed():  # what is stored may be shorter than a minute
            return said
        begins, ends = said.get("begins"), said.get("ends")
        if not self.errors and (begins is None) != (ends is None):
            raise ValidationError(_("Say from when until when; empty both to remove the row."))
        if begins and ends and begins >= ends:
            raise ValidationError(_("It ends before it begins."))
        return said


_Rows = forms.formset_factory(ExceptionForm, extra=MORE_ROWS)


class WeekForm(forms.Form):
    """Always open, or a line a weekday."""

    always = forms.TypedChoiceField(
        label=_("Open"), coerce=lambda said: said == "yes", widget=forms.RadioSelect,
        choices=[("yes", _("day and night, every day")), ("no", _("at these times"))],
    )  # fmt: skip

    def __init__(self, data: Mapping[str, Any] | None, *, stored: Hours) -> None:
        super().__init__(data)
        self.initial["always"] = "no" if "regular_hours" in stored else "yes"
        for day in range(1, 8):
            self.fields[f"day_{day}"] = forms.CharField(label=WEEKDAYS[day - 1], max_length=200, required=False)
            self.fields[f"day_{day}"].widget.attrs |= {"autocomplete": "off", "spellcheck": "false"}
            self.initial[f"day_{day}"] = written(times_of(stored, day))

    def days(self) -> Iterator[forms.BoundField]:
        for day in range(1, 8):
            yield self[f"day_{day}"]

    def clean(self) -> dict[str, Any]:
        for day in range(1, 8):
            try:
                self.cleaned_data[f"times_{day}"] = read_times(self.cleaned_data.get(f"day_{day}", ""))
            except ValidationError as error:
                self.add_error(f"day_{day}", error)
        return self.cleaned_data

    def regular(self) -> list[dict[str, Any]] | None:
        """As stored; None: day and night."""
        if self.cleaned_data["always"]:
            return None
        return [
            {"weekday": day, "period_begin": begin, "period_end": end}
            for day in range(1, 8)
            for begin, end in self.cleaned_data[f"times_{day}"]
        ]


class HoursForm:
    """The week and its exceptions, as one: `stored` hours in `zone`, what was typed in `data`."""

    def __init__(self, data: Mapping[str, Any] | None, *, stored: Hours, zone: ZoneInfo) -> None:
        self.stored: Hours = stored
        self.zone = zone
        self.kept: list[Exception_] = _exceptions(stored)
        self.week = WeekForm(data, stored=stored)
        self.rows = _Rows(data, prefix="dates", initial=[_row(n, one, zone) for n, one in enumerate(self.kept)])

    def is_valid(self) -> bool:
        return all([self.week.is_valid(), self.rows.is_valid()])

    def hours(self, zone: ZoneInfo) -> Hours:
        """What was typed, meant on the wall clock of `zone`; the stored hours themselves if that changes nothing."""
        changed = self._read(zone)
        return self.stored if changed == _in_order(self.stored) else changed

    def _read(self, zone: ZoneInfo) -> Hours:
        regular, dates = (
            self.week.regular(),
            [self._date(form.cleaned_data, zone) for form in self.rows if form.is_bound],
        )
        hours: Hours = {} if regular is None else {"regular_hours": regular}
        for key in (OPENINGS, CLOSINGS):
            if periods := [{"period_begin": one[1], "period_end": one[2]} for one in dates if one and one[0] == key]:
                hours[key] = periods
        return hours

    def _date(self, said: dict[str, Any], zone: ZoneInfo) -> Exception_ | None:
        """One row as it is stored: to the letter as it was, if nobody touched it. None: it is empty."""
        if not said.get("begins"):
            return None
        number = said.get("stored")
        if number is not None and number < len(self.kept) and zone == self.zone:
            kept: Exception_ = self.kept[number]
            shown = _row(number, kept, zone)
            if all(said[name] == shown[name] for name in ("kind", "begins", "ends")):
                return kept
        kind: str = said["kind"]
        return kind, _moment(said["begins"], zone), _moment(said["ends"], zone)


def _exceptions(hours: Hours) -> list[Exception_]:
    """In the order of the page: as they begin."""
    found = [
        (key, one["period_begin"], one["period_end"]) for key in (OPENINGS, CLOSINGS) for one in hours.get(key, [])
    ]
    return sorted(found, key=lambda one: dt.datetime.fromisoformat(one[1]))


def _in_order(hours: Hours) -> Hours:
    """The same hours as a form gives them: sorted as its rows are, nothing that is empty."""
    ordered: Hours = {}
    if "regular_hours" in hours:
        ordered["regular_hours"] = [
            {"weekday": day, "period_begin": begin, "period_end": end}
            for day in range(1, 8)
            for begin, end in times_of(hours, day)
        ]
    for key in (OPENINGS, CLOSINGS):
        if periods := [{"period_begin": a, "period_end": b} for kind, a, b in _exceptions(hours) if kind == key]:
            ordered[key] = periods
    return ordered


def _row(number: int, stored: Exception_, zone: ZoneInfo) -> dict[str, Any]:
    kind, begin, end = stored
    return {"kind": kind, "begins": _local(begin, zone), "ends": _local(end, zone), "stored": number}


def _local(text: str, zone: ZoneInfo) -> dt.datetime:
    local = dt.datetime.fromisoformat(text).astimezone(zone)
    return local.replace(tzinfo=None, second=0, microsecond=0)


def _moment(local: dt.datetime, zone: ZoneInfo) -> str:
    return local.replace(tzinfo=zone).isoformat()
