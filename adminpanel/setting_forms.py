"""What owners write on the page of settings."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _

from adminpanel.setting_values import LIMITS, POLICY, Figure
from adminpanel.tariff_forms import NO_SHARE, read_percent, write_percent
from adminpanel.texts import TEXTS, Text
from bookings.slots import SLOT_MINUTES
from evbunker.moments import format_minutes

ADDRESSES = {"operator_email", "alert_recipients"}
LONGEST_TEXT, LONGEST_LINE = 50_000, 500
HELP = _(
    "A blank line begins a paragraph, a line that begins with “# ” is a heading, lines that begin with “- ” are a "
    "list. Leave it empty to show the default text."
)


class TextForm(forms.Form):
    """One text. `seen` is what was written when the form was opened."""

    value = forms.CharField(label=_("What it says"), required=False, strip=True)
    seen = forms.CharField(required=False, strip=False, widget=forms.HiddenInput)

    def __init__(self, data: Mapping[str, Any] | None = None, *, key: str, written: str) -> None:
        text: Text = TEXTS[key]
        shown = written or (str(text.default) if text.long else "")
        super().__init__(data, initial={"value": shown, "seen": written})
        self.key = key
        field = self.fields["value"]
        assert isinstance(field, forms.CharField)
        field.label = str(text.label)
        several = text.long or key in {"operator_address", "alert_recipients"}
        if several:
            field.widget = forms.Textarea(attrs={"rows": 20 if text.long else 4})
        if text.long:
            field.help_text = HELP

    def clean_value(self) -> str:
        value = str(self.cleaned_data["value"]).replace("\r\n", "\n")
        most = LONGEST_TEXT if TEXTS[self.key].long else LONGEST_LINE
        if len(value) > most:
            raise ValidationError(_("It is too long: at most %(most)s characters."), params={"most": most})
        if self.key in ADDRESSES:
            for address in filter(None, (part.strip() for part in value.replace("\n", ",").split(","))):
                validate_email(address)
        return "" if value == str(TEXTS[self.key].default) else value

    def clean_seen(self) -> str:
        return str(self.cleaned_data["seen"]).replace("\r\n", "\n")


class FiguresForm(forms.Form):
    """Some figures at once; each has a hidden twin that says what stood there when the form was opened."""

    figures: dict[str, Figure] = {}

    def __init__(self, data: Mapping[str, Any] | None = None, *, now: dict[str, int]) -> None:
        super().__init__(data)
        for key, figure in self.figures.items():
            self.fields[key] = self.field_of(key, figure)
            self.initial[key] = self.shown(key, now[key])
        for key in self.figures:
            self.fields[f"seen_{key}"] = forms.IntegerField(widget=forms.HiddenInput)
            self.initial[f"seen_{key}"] = now[key]

    def field_of(self, key: str, figure: Figure) -> forms.Field:
        return forms.IntegerField(label=str(figure.label), min_value=figure.least, max_value=figure.most)

    def shown(self, key: str, number: int) -> Any:
        return number

    def typed(self) -> dict[str, int]:
        return {key: self.cleaned_data[key] for key in self.figures}

    def seen(self) -> dict[str, int]:
        return {key: self.cleaned_data[f"seen_{key}"] for key in self.figures}


class LimitsForm(FiguresForm):
    """How long and how far ahead."""

    figures = LIMITS

    def field_of(self, key: str, figure: Figure) -> forms.Field:
        if key != "limit_slots":
            return super().field_of(key, figure)
        lengths = [(slots, format_minutes(slots * SLOT_MINUTES)) for slots in range(figure.least, figure.most + 1)]
        return forms.TypedChoiceField(label=str(figure.label), coerce=int, choices=lengths)


class PolicyForm(FiguresForm):
    """What new tariffs begin with."""

    figures = POLICY

    def field_of(self, key: str, figure: Figure) -> forms.Field:
        if not key.endswith("_bp"):
            return super().field_of(key, figure)
        return PercentField(label=_("%(what)s, percent") % {"what": figure.label}, max_length=8)

    def shown(self, key: str, number: int) -> Any:
        return write_percent(number) if key.endswith("_bp") else number


class PercentField(forms.CharField):
    """A share as people write it; basis points when it is clean."""

    def clean(self, value: Any) -> Any:
        read = read_percent(str(super().clean(value)))
        if read is None:
            raise ValidationError(NO_SHARE)
        return read
