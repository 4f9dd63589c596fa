"""What operators type when they act on payments."""

import uuid
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from adminpanel.acts import WhyForm
from evbunker.money import format_money, major, parse_money
from payments.models import Payment


class RefundForm(WhyForm):
    """How much goes back. The amount is in whole units of the payment's currency, read exactly.

    `once` is made with the form and comes back with it, so that it sends money once however often it is sent.
    """

    amount = forms.CharField(label=_("Amount"), max_length=24)
    once = forms.UUIDField(widget=forms.HiddenInput)

    field_order = ("amount", "note", "once")

    def __init__(self, data: Mapping[str, Any] | None = None, *, payment: Payment) -> None:
        super().__init__(data)
        self.payment = payment
        self.initial = {"amount": str(major(payment.kept_minor, payment.currency)), "once": uuid.uuid4()}
        self.fields["amount"].label = _("Amount in %(currency)s") % {"currency": payment.currency}
        self.fields["amount"].help_text = _("%(left)s is left of it.") % {
            "left": format_money(payment.kept_minor, payment.currency)
        }
        self.fields["amount"].widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}

    def clean(self) -> dict[str, Any]:
        if "once" in self.errors:  # nobody sees that field
            self.add_error(None, _("This form is not whole. Open it anew."))
        return super().clean() or self.cleaned_data

    def clean_amount(self) -> int:
        """In minor units."""
        currency = self.payment.currency
        amount_minor = parse_money(self.cleaned_data["amount"], currency)
        if amount_minor is None:
            raise forms.ValidationError(
                _("Write an amount in %(currency)s, such as %(example)s."),
                params={"currency": currency, "example": major(self.payment.amount_minor, currency)},
            )
        if amount_minor <= 0:
            raise forms.ValidationError(_("An amount to send back is more than nothing."))
        return amount_minor
