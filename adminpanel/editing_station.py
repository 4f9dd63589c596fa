"""Stations and EVSEs as operators write them. What a driver pays there is the owner's business: `tariff_*.py`."""

from collections.abc import Mapping
from copy import copy
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from adminpanel.editing_hours import HoursForm
from bookings.forms import CAR_CONNECTORS, ScaledField
from bookings.importers.places import SWAPPED, Place, countries, place_at
from bookings.importers.rows import Unusable
from bookings.models import Connector, Evse, Station
from bookings.opening import Hours, describe
from bookings.places import country_choices, time_zone_choices
from evbunker import clock
from evbunker.units import POWER, format_quantity

DETAILS = (
    "name", "network", "address", "city", "country", "latitude", "longitude", "time_zone", "currency", "status",
)  # fmt: skip
PLACE = {"latitude", "longitude", "country"}
W_PER_KW = 1000
LEAST_KW, MOST_KW = Decimal("0.1"), 4000


def degrees(label: Any, most: int, example: str) -> forms.FloatField:
    return forms.FloatField(
        label=label, min_value=-most, max_value=most, localize=False,
        widget=forms.TextInput(attrs={"inputmode": "text", "autocomplete": "off", "placeholder": example}),
    )  # fmt: skip


class StationForm(forms.ModelForm):  # type: ignore[type-arg]
    """Where a station is and what it is called. Zone, country and currency that are left open follow from the place."""

    country = forms.ChoiceField(label=_("Country"), required=False)
    latitude = degrees(_("Latitude"), 90, "52.5200")
    longitude = degrees(_("Longitude"), 180, "13.4050")
    time_zone = forms.ChoiceField(label=_("Time zone"), required=False)
    currency = forms.ChoiceField(label=_("Currency"), required=False)

    class Meta:
        model = Station
        fields = DETAILS

    def __init__(self, data: Mapping[str, Any] | None = None, *, instance: Station) -> None:
        super().__init__(data, instance=instance)
        self.stored = {name: getattr(instance, name) for name in DETAILS}
        self.place: Place | None = None
        found = ("", _("found from the coordinates"))
        self._choose("country", [found, *country_choices()])
        self._choose("time_zone", [found, *time_zone_choices(instance.time_zone or "UTC")])
        self._choose("currency", [("", _("that of the country")), *currency_choices(instance.currency)])
        self.fields["longitude"].help_text = _("Degrees, as maps show them; south and west are negative.")
        self.fields["status"].help_text = _("Drivers see a closed station and cannot book it; a retired one is gone.")

    def _choose(self, name: str, choices: list[Any]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors:
            self._find_place(said)
        tariff = self.instance.tariff
        if not self.errors and tariff is not None and tariff.currency != said["currency"]:
            self.add_error("currency", _("Its tariff is in %(currency)s.") % {"currency": tariff.currency})
        return said

    def _find_place(self, said: dict[str, Any]) -> None:
        """Look where the coordinates lie, and fill in what was left open. A place that nobody changed is believed."""
        try:
            self.place = place_at(said["latitude"], said["longitude"], said["country"])
        except Unusable as error:
            if any(said[name] != self.stored[name] for name in PLACE):
                told = _("These coordinates cannot be right: %(reason)s.") % {"reason": error.reason}
                self.add_error("latitude", f"{told} {error.detail}".strip())
                return
        else:
            if SWAPPED in self.place.notes:
                self.add_error("latitude", _("Latitude and longitude seem to be the wrong way round."))
        for name in ("country", "time_zone", "currency"):
            said[name] = said[name] or (getattr(self.place, name) if self.place else self.stored[name])
        if not said["currency"]:
            said["currency"] = countries()[said["country"]].currency if said["country"] in countries() else ""

    def zone_differs(self) -> str:
        """The zone at the coordinates, where it is another one than the form says; of a valid form."""
        place = self.place
        return place.time_zone if place and not same_clock(place.time_zone, self.cleaned_data["time_zone"]) else ""


def same_clock(one: str, other: str) -> bool:
    """Whether two zones tell the same time all this year: several names mean one clock."""
    if one == other:
        return True
    moments = [clock.now().replace(month=month, day=15) for month in (1, 4, 7, 10)]
    return all(at.astimezone(ZoneInfo(one)).utcoffset() == at.astimezone(ZoneInfo(other)).utcoffset() for at in moments)


def currency_choices(current: str = "") -> list[tuple[str, str]]:
    """Every currency that a country has, and `current`."""
    codes = {country.currency for country in countries().values()} | {current}
    return [(code, code) for code in sorted(codes - {""})]


class EvseForm(forms.ModelForm):  # type: ignore[type-arg]
    """One EVSE. Plugs of cars come first; stations know many more."""

    current = forms.ChoiceField(label=_("Current"), choices=Evse.Current.choices, widget=forms.RadioSelect)
    max_power_w = ScaledField(
        label=_("Most power, kW"), scale=W_PER_KW, min_value=LEAST_KW, max_value=MOST_KW, decimal_places=3
    )
    connector_types = forms.MultipleChoiceField(
        label=_("Connectors"), choices=Connector.choices, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = Evse
        fields = ("label", "current", "max_power_w", "connector_types", "status", "ocpp_identity")

    def __init__(self, data: Mapping[str, Any] | None = None, *, instance: Evse) -> None:
        super().__init__(data, instance=instance)
        stays = {"", Evse.Status.OCCUPIED} - {instance.status}  # a charging station says that it is occupied
        status = self.fields["status"]
        assert isinstance(status, forms.ChoiceField)
        status.choices = [choice for choice in Evse.Status.choices if choice[0] not in stays]
        self.fields["label"].help_text = _("As it is written on the EVSE: drivers look for it.")
        self.fields["ocpp_identity"].help_text = _("The name the charging station reports with; empty until it does.")
        self.fields["max_power_w"].widget.attrs |= {"step": "any", "inputmode": "decimal"}

    def usual_connectors(self) -> list[forms.boundfield.BoundWidget]:
        return [box for box in self["connector_types"].subwidgets if box.data["value"] in CAR_CONNECTORS]

    def other_connectors(self) -> list[forms.boundfield.BoundWidget]:
        return [box for box in self["connector_types"].subwidgets if box.data["value"] not in CAR_CONNECTORS]

    def other_chosen(self) -> bool:
        return any(box.data["selected"] for box in self.other_connectors())

    def clean_label(self) -> str:
        """Unique at its station: nobody could tell two EVSEs apart."""
        label = str(self.cleaned_data["label"]).strip()
        same = Evse.objects.filter(station_id=self.instance.station_id, label=label).exclude(pk=self.instance.pk)
        if same.exists():
            raise forms.ValidationError(_("Another EVSE of this station has that label."))
        return label

    def clean_ocpp_identity(self) -> str | None:
        identity = self.cleaned_data["ocpp_identity"] or None
        if identity and Evse.objects.filter(ocpp_identity=identity).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(_("Another EVSE has that identity."))
        return identity


def said_in_words(name: str, value: Any) -> str:
    """One field as a page says it."""
    if name == "opening_hours":
        return hours_in_words(value, ZoneInfo("UTC"))
    if name == "max_power_w":
        return format_quantity(value, POWER)
    if name == "connector_types":
        return ", ".join(str(Connector(one).label) if one in Connector else one for one in value)
    return str(value or "-")


def hours_in_words(hours: Hours, zone: ZoneInfo) -> str:
    return "; ".join(f"{when}: {times}" for when, times in describe(hours, zone))


class StationEdit:
    """The two forms of a station's page as one."""

    def __init__(self, data: Mapping[str, Any] | None, station: Station) -> None:
        stored_zone = ZoneInfo(station.time_zone or "UTC")
        self.details = StationForm(data, instance=copy(station))  # a form changes the record it is about
        self.hours = HoursForm(data, stored=station.opening_hours, zone=stored_zone)

    def is_valid(self) -> bool:
        return all([self.details.is_valid(), self.hours.is_valid()])

    @property
    def errors(self) -> bool:
        return bool(self.details.errors or self.hours.week.errors or any(self.hours.rows.errors))

    def fields(self) -> dict[str, Any]:
        """What is to be saved; of valid forms."""
        said = {name: self.details.cleaned_data[name] for name in DETAILS}
        return said | {"opening_hours": self.hours.hours(ZoneInfo(said["time_zone"]))}
