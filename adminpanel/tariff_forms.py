"""Tariffs as people write them: whole units of the currency and percent, read exactly; nothing is ever a float."""

import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from adminpanel.editing_station import currency_choices
from bookings.models import Station, Tariff
from bookings.pricing import WHOLE_BP, Price, TariffTerms, price
from evbunker.money import exponent, format_money, major, parse_money

MONEY = {
    "session_fee_minor": _("Fee a session"),
    "per_hour_minor": _("Price an hour"),
    "per_kwh_minor": _("Price a kWh"),
    "idle_per_minute_minor": _("Price an idle minute"),
}
SHARES = {
    "tax_bp": _("Tax, percent"),
    "late_refund_bp": _("Comes back after that, percent"),
    "no_show_fee_bp": _("Kept when nobody comes, percent"),
}
POLICY = ("free_cancel_hours", "late_refund_bp", "no_show_fee_bp")
HELP = {
    "tax_bp": _("Included in the prices."),
    "idle_per_minute_minor": _("For each minute that a car stays plugged in after it was charged."),
    "free_cancel_hours": _("Until so many hours before it begins, everything comes back."),
}
PERCENT = re.compile(r"([0-9]{1,3})(?:[.,]([0-9]{1,2}))?\s*%?", re.ASCII)
MOST_MINOR = 100_000_000
"""Of any price; a column holds up to 2,147,483,647."""
MOST_HOURS = 720
"""As far ahead as anybody can book."""
NO_SHARE = _("Write a share from 0 to 100, such as 19 or 7.5.")
EXAMPLE_MINUTES, EXAMPLE_WH = 60, 20_000


def read_percent(text: str) -> int | None:
    """Basis points of `19`, `19.5` or `12,25 %`, exactly; None for what is no share of a whole."""
    found = PERCENT.fullmatch(text.strip())
    if found is None:
        return None
    bp = int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))
    return bp if bp <= WHOLE_BP else None


def write_percent(bp: int) -> str:
    """What `read_percent` reads again."""
    return f"{bp // 100}.{bp % 100:02}".rstrip("0").rstrip(".")


def example(tariff: Tariff) -> Price:
    """What an hour with 20 kWh costs, by the function that prices bookings."""
    return price(terms=TariffTerms.of(tariff), minutes=EXAMPLE_MINUTES, energy_wh=EXAMPLE_WH)


class TariffForm(forms.Form):
    """`currency` stays as it is while stations use the tariff. `cleaned_data` has a tariff's own fields and units."""

    name = forms.CharField(label=_("Name"), max_length=80)
    currency = forms.ChoiceField(label=_("Currency"))

    def __init__(self, data: Mapping[str, Any] | None = None, *, tariff: Tariff) -> None:
        super().__init__(data)
        self.tariff = tariff
        self._choose_currency()
        for name, label in MONEY.items():
            self._add(name, label, "inputmode", "decimal")
            self.initial[name] = str(major(getattr(tariff, name), tariff.currency or "EUR"))
        self._add("tax_bp", SHARES["tax_bp"], "inputmode", "decimal")
        self.fields["free_cancel_hours"] = forms.IntegerField(
            label=_("Free cancelling, hours before"), min_value=0, max_value=MOST_HOURS
        )
        for name in ("late_refund_bp", "no_show_fee_bp"):
            self._add(name, SHARES[name], "inputmode", "decimal")
        self.initial["name"], self.initial["currency"] = tariff.name, tariff.currency
        self.initial["free_cancel_hours"] = tariff.free_cancel_hours
        for name in SHARES:
            self.initial[name] = write_percent(getattr(tariff, name))
        for name, told in HELP.items():
            self.fields[name].help_text = told

    def _add(self, name: str, label: Any, attribute: str, value: str) -> None:
        self.fields[name] = forms.CharField(label=label, max_length=24)
        self.fields[name].widget.attrs |= {attribute: value, "autocomplete": "off"}

    def _choose_currency(self) -> None:
        field = self.fields["currency"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("choose one")), *currency_choices(self.tariff.currency)]
        if not self.tariff._state.adding and Station.objects.filter(tariff=self.tariff).exists():
            field.disabled = True
            field.help_text = _("Stations use this tariff: for another currency make a new one.")

    def money(self) -> list[forms.BoundField]:
        return [self[name] for name in MONEY]

    def policy(self) -> list[forms.BoundField]:
        return [self[name] for name in POLICY]

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"])
        if Tariff.objects.filter(name=name).exclude(pk=self.tariff.pk).exists():
            raise forms.ValidationError(_("There is a tariff of that name."))
        return name

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        for name in SHARES.keys() & said.keys():
            said[name] = self._read(name, read_percent(said[name]), NO_SHARE)
        if currency := said.get("currency"):
            for name in MONEY.keys() & said.keys():
                said[name] = self._read_money(name, said[name], currency)
        return said

    def _read_money(self, name: str, text: str, currency: str) -> int:
        amount_minor = parse_money(text, currency)
        shown = format_money(45, currency)
        digits = exponent(currency)
        told = _("Write an amount in %(currency)s, such as %(example)s; %(digits)s digits after the point at most.")
        read = amount_minor if amount_minor is not None and amount_minor <= MOST_MINOR else None
        return self._read(name, read, told % {"currency": currency, "example": shown, "digits": digits})

    def _read(self, name: str, read: int | None, told: Any) -> int:
        if read is None:
            self.add_error(name, told)
        return read or 0

    def fields_to_save(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.fields}

    def proposed(self) -> Tariff:
        """The tariff as it would be; of a valid form."""
        return Tariff(pk=self.tariff.pk, **self.fields_to_save())


def field_in_words(tariff: Tariff, name: str) -> str:
    """One field as a page says it, in the tariff's currency."""
    value = getattr(tariff, name)
    if name in MONEY:
        return format_money(value, tariff.currency)
    return f"{write_percent(value)} %" if name in SHARES else str(value)
