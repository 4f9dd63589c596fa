"""The form above the list of payments."""

import datetime as dt
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from adminpanel.finding import DISPUTED, REFUND_FAILED, Wanted
from bookings.models import Tariff
from evbunker.money import parse_money
from payments.gateways import KNOWN
from payments.models import Payment

ANY = ("", _("Any"))
STATES = [
    ANY,
    (Payment.Status.CAPTURED, _("Paid")),
    (Payment.Status.CREATED, _("Created, not yet at the gateway")),
    (Payment.Status.PENDING, _("Waiting for the driver")),
    (Payment.Status.FAILED, _("Failed")),
    (Payment.Status.CANCELLED, _("Cancelled")),
    (Payment.Status.REVIEW, _("In review")),
    (REFUND_FAILED, _("A refund was refused")),
    (DISPUTED, _("Called back by the bank")),
]


def _date() -> forms.DateField:
    return forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}))


class PaymentFilter(forms.Form):
    """Reads the address of a list of payments. Days are those of the reader's time zone."""

    q = forms.CharField(
        label=_("Search"), required=False, max_length=160,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("E-mail address, number or reference")}),
        help_text=_(
            "The client's e-mail address, the id of a payment, booking or refund, the gateway's reference or the "
            "number of a receipt: each as a whole."
        ),
    )  # fmt: skip
    state = forms.ChoiceField(label=_("State"), required=False, choices=STATES)
    gateway = forms.ChoiceField(label=_("Gateway"), required=False)
    currency = forms.ChoiceField(label=_("Currency"), required=False)
    at_least = forms.CharField(label=_("At least"), required=False, max_length=24)
    at_most = forms.CharField(label=_("At most"), required=False, max_length=24)
    since = _date()
    until = _date()
    station = forms.UUIDField(required=False, widget=forms.HiddenInput)
    client = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Mapping[str, Any], *, zone: ZoneInfo) -> None:
        super().__init__(data)
        self.zone = zone
        self.fields["since"].label, self.fields["until"].label = _("Begun from"), _("Begun until")
        self.fields["gateway"].choices = [ANY, *((name, name.title()) for name in KNOWN)]  # type: ignore[attr-defined]
        self.fields["currency"].choices = [ANY, *((code, code) for code in _currencies())]  # type: ignore[attr-defined]
        for name in ("at_least", "at_most"):
            self.fields[name].widget.attrs["inputmode"] = "decimal"

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        for name in ("at_least", "at_most"):
            if data.get(name):
                data[f"{name}_minor"] = self._amount(name, data[name], data.get("currency", ""))
        if data.get("since") and data.get("until") and data["until"] < data["since"]:
            self.add_error("until", _("This day is before the first one."))
        return data

    def _amount(self, name: str, text: str, currency: str) -> int | None:
        if not currency:
            self.add_error("currency", _("Choose the currency of the amount."))
            return None
        amount_minor = parse_money(text, currency)
        if amount_minor is None:
            self.add_error(name, _("Write an amount in %(currency)s, such as 12.50.") % {"currency": currency})
        return amount_minor

    def narrows(self) -> bool:
        """Is one of the filters set that are folded away?"""
        return any(self.data.get(name) for name in ("gateway", "currency", "at_least", "at_most", "since", "until"))

    def wanted(self) -> Wanted:
        """What a valid form asks for."""
        data = self.cleaned_data
        return Wanted(
            q=data["q"].strip(), state=data["state"], gateway=data["gateway"], currency=data["currency"],
            at_least_minor=data.get("at_least_minor"), at_most_minor=data.get("at_most_minor"),
            since=self._midnight(data["since"]), until=self._midnight(data["until"], days_later=1),
            station=data["station"], client=data["client"],
        )  # fmt: skip

    def _midnight(self, day: dt.date | None, days_later: int = 0) -> dt.datetime | None:
        """When a day began where the reader lives."""
        if day is None or not 2000 <= day.year <= 9000:
            return None
        return dt.datetime.combine(day + dt.timedelta(days=days_later), dt.time(), self.zone).astimezone(dt.UTC)


def _currencies() -> list[str]:
    """Those of the tariffs, of which there are few."""
    return sorted(set(Tariff.objects.values_list("currency", flat=True)))
