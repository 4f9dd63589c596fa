"""Forms of an account: signing up, who one is, one's vehicles and keys."""

from decimal import Decimal
from typing import Any

from allauth.core import context
from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from bookings.models import ApiToken, Client, Connector, Vehicle
from bookings.places import country_choices, time_zone_choices
from evbunker.ratelimit import address_of, allow

WH_PER_KWH = 1000
CAR_CONNECTORS = (
    Connector.IEC_62196_T2,
    Connector.IEC_62196_T2_COMBO,
    Connector.IEC_62196_T1,
    Connector.IEC_62196_T1_COMBO,
    Connector.CHADEMO,
    Connector.NACS,
    Connector.TESLA_S,
    Connector.GBT_AC,
    Connector.GBT_DC,
    Connector.DOMESTIC_F,
)
"""Inlets and plugs that cars come with; stations know many more."""


class SignUpForm(forms.Form):
    """What a new client is asked for, besides e-mail and password."""

    name = forms.CharField(
        label=_("Name"), max_length=120, required=False, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )

    def clean(self) -> dict[str, Any] | None:
        """Count the attempt: a sign-up makes an account and sends a message, to whatever address it names."""
        keys = [f"address:{address_of(context.request)}"] if context.request else []
        if email := self.cleaned_data.get("email"):
            keys.append(f"account:{email}")
        allow("sign_up", *keys)
        return super().clean()

    def signup(self, request: HttpRequest, user: Client) -> None:
        """`bookings.accounts.AccountAdapter` has saved all there is."""


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]
    """Who the client is and where it is at home."""

    country = forms.ChoiceField(label=_("Country"), required=False)
    time_zone = forms.ChoiceField(label=_("Time zone"), help_text=_("Bookings are always shown in the station's own."))

    class Meta:
        model = Client
        fields = ("name", "country", "time_zone")
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "name"})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        country, zone = self.fields["country"], self.fields["time_zone"]
        assert isinstance(country, forms.ChoiceField)
        assert isinstance(zone, forms.ChoiceField)
        country.choices = [("", _("Not said")), *country_choices()]
        zone.choices = time_zone_choices(self.instance.time_zone)


class ScaledField(forms.DecimalField):
    """A figure as people say it (kWh, kW, kWh/100 km) of a column that counts in a unit `scale` times smaller."""

    def __init__(self, *, scale: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = scale

    def prepare_value(self, value: Any) -> Any:
        """An integer is the column's; what was typed stays as it was typed."""
        return f"{(Decimal(value) / self.scale).normalize():f}" if isinstance(value, int) else value

    def clean(self, value: Any) -> Any:
        said = super().clean(value)
        return None if said is None else round(said * self.scale)


class VehicleForm(forms.ModelForm):  # type: ignore[type-arg]
    """A car of the client's."""

    usable_battery_wh = ScaledField(
        label=_("Usable battery, kWh"), scale=WH_PER_KWH, min_value=1, max_value=1000, decimal_places=1
    )
    ac_max_w = ScaledField(
        label=_("Most AC power, kW"), scale=WH_PER_KWH, min_value=1, max_value=100, decimal_places=1, initial=11_000
    )
    dc_max_w = ScaledField(
        label=_("Most DC power, kW"), scale=WH_PER_KWH, min_value=0, max_value=4000, decimal_places=1, initial=0,
        help_text=_("0 if it cannot charge with direct current."),
    )  # fmt: skip
    wh_per_km = ScaledField(
        label=_("Consumption, kWh per 100 km"), scale=10, min_value=5, max_value=300, decimal_places=1, initial=180,
        help_text=_("Turns your energy into distance, and so into what you saved."),
    )  # fmt: skip
    connector_types = forms.MultipleChoiceField(
        label=_("Connectors"), widget=forms.CheckboxSelectMultiple, choices=[(c.value, c.label) for c in CAR_CONNECTORS]
    )

    class Meta:
        model = Vehicle
        fields = ("name", "usable_battery_wh", "ac_max_w", "dc_max_w", "wh_per_km", "connector_types")


class TokenForm(forms.ModelForm):  # type: ignore[type-arg]
    """A new key to the API."""

    class Meta:
        model = ApiToken
        fields = ("name",)
        help_texts = {"name": _("What it is for, so that you know later which one to revoke.")}


class LeaveForm(forms.Form):
    """The client means it."""

    sure = forms.BooleanField(label=_("I understand that this cannot be undone."))
