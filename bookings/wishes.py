"""What drivers wish for, as their forms say it: a station to find, an EVSE to book."""

import datetime as dt
from typing import Any, cast
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.api.inputs import parse_instant_in_address, parse_place
from bookings.forms import CAR_CONNECTORS
from bookings.limits import limits
from bookings.models import Connector
from bookings.rules import too_far_ahead
from bookings.slots import MOST_DAYS_AHEAD, SLOT_MINUTES, slot_of, start_of
from evbunker import clock
from evbunker.moments import format_minutes
from evbunker.units import POWER, format_quantity

POWERS_W = (3_700, 7_400, 11_000, 22_000, 43_000, 50_000, 100_000, 150_000, 300_000)
RADII_KM = (2, 5, 10, 25, 50, 100, 250)
USUAL_MINUTES = 60
USUAL_RADIUS_KM = 25


def connector_choices() -> list[tuple[Any, Any]]:
    """Every connector, those of cars on top."""
    rest = [(one.value, one.label) for one in Connector if one not in CAR_CONNECTORS]
    return [
        ("", _("Any")),
        *((one.value, one.label) for one in CAR_CONNECTORS),
        (_("Other plugs and sockets"), rest),
    ]


def power_choices() -> list[tuple[int, Any]]:
    return [(0, _("Any")), *((power_w, format_quantity(power_w, POWER)) for power_w in POWERS_W)]


def length_choices() -> list[tuple[int, str]]:
    """A quarter of an hour up to what the operator allows."""
    return [(slots * SLOT_MINUTES, format_minutes(slots * SLOT_MINUTES)) for slots in range(1, limits().slots + 1)]


def known_zone(name: str) -> ZoneInfo | None:
    """The time zone called `name`, if there is one."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # no such zone, a path out of the folder, a directory
        return None


class NumberChoiceField(forms.TypedChoiceField):
    """One of some integers; `usual` if nothing was chosen."""

    def __init__(self, *, usual: int, **kwargs: Any) -> None:
        super().__init__(coerce=int, empty_value=usual, required=False, **kwargs)  # type: ignore[arg-type]


class SearchForm(forms.Form):
    """Find a station. The names are those of the JSON API; `zone` is the zone that `free_from` is meant in."""

    q = forms.CharField(
        label=_("Where"), required=False, max_length=100,
        widget=forms.TextInput(
            attrs={"type": "search", "placeholder": _("City, station or network"), "autocomplete": "off"}
        ),
    )  # fmt: skip
    near = forms.CharField(required=False, max_length=60, widget=forms.HiddenInput)
    radius_km = NumberChoiceField(
        label=_("Within"), usual=USUAL_RADIUS_KM, choices=[(km, _("%(km)s km") % {"km": km}) for km in RADII_KM]
    )
    connector = forms.ChoiceField(label=_("Connector"), required=False, choices=connector_choices)
    min_power_w = NumberChoiceField(label=_("Power, at least"), usual=0, choices=power_choices)
    free_from = forms.DateTimeField(
        label=_("Free from"), required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": SLOT_MINUTES * 60}),
    )  # fmt: skip
    minutes = NumberChoiceField(label=_("For"), usual=USUAL_MINUTES, choices=length_choices)
    zone = forms.CharField(required=False, max_length=60, widget=forms.HiddenInput)

    def clean_near(self) -> tuple[float, float] | None:
        """Degrees of latitude and longitude."""
        text = self.cleaned_data["near"]
        try:
            return parse_place(text) if text else None
        except ValueError as error:
            raise ValidationError(str(error)) from error

    def clean_zone(self) -> ZoneInfo:
        zone = known_zone(self.cleaned_data["zone"] or "UTC")
        if zone is None:
            raise ValidationError(_("We do not know that time zone."))
        return zone

    def clean(self) -> dict[str, Any]:
        """Read `free_from` on the wall clock of `zone`, at the beginning of its quarter of an hour."""
        cleaned = cast(dict[str, Any], super().clean())
        if cleaned.get("free_from") and cleaned.get("zone"):
            cleaned["free_from"] = self._free_from(cleaned["free_from"], cleaned["zone"])
        return cleaned

    def _free_from(self, typed: dt.datetime, zone: ZoneInfo) -> dt.datetime | None:
        now = clock.now()
        if abs(typed - now) > dt.timedelta(days=2 * MOST_DAYS_AHEAD):  # so far that no zone matters
            moment = typed
        else:
            moment = start_of(slot_of(timezone.make_naive(typed).replace(tzinfo=zone)))
        if moment < start_of(slot_of(now)):
            self.add_error("free_from", _("This time is over. Pick one from now on."))
        elif moment > now + dt.timedelta(days=limits().days_ahead):
            self.add_error("free_from", too_far_ahead())
        else:
            return moment
        return None

    @property
    def narrows(self) -> bool:
        """Does it leave any station out, or try to?"""
        wished = ("q", "near", "connector", "min_power_w", "free_from")
        return bool(self.errors) or any(self.cleaned_data[name] for name in wished)

    @property
    def wish(self) -> dict[str, Any]:
        """What `find_stations` is asked for; only of a valid form."""
        cleaned = self.cleaned_data
        return {
            "text": cleaned["q"],
            **{name: cleaned[name] for name in ("near", "connector", "min_power_w", "free_from", "minutes")},
            "radius_km": cleaned["radius_km"] if cleaned["near"] else None,
        }


class BookingForm(forms.Form):
    """Which EVSE, from when, for how long and for how much energy; no energy means as much as makes sense.

    `booking` is the id that the booking will have: a form that is sent twice makes one booking.
    """

    evse = forms.UUIDField(error_messages={"required": _("Choose an EVSE."), "invalid": _("There is no such EVSE.")})
    start = forms.CharField(max_length=40, error_messages={"required": _("Choose when to start.")})
    minutes = forms.TypedChoiceField(label=_("For how long"), coerce=int, choices=length_choices, initial=USUAL_MINUTES)
    energy_kwh = forms.DecimalField(
        label=_("At most this much energy"), required=False, max_digits=8, decimal_places=3,
        widget=forms.NumberInput(attrs={"step": "any", "min": "0.001", "inputmode": "decimal"}),
    )  # fmt: skip
    booking = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def clean_start(self) -> dt.datetime:
        """An instant, with its offset: local times alone are ambiguous on the night the clocks change."""
        try:
            moment = parse_instant_in_address(self.cleaned_data["start"])
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            raise ValidationError(_("We could not read that time. Choose a start from the list."))
        return moment.astimezone(dt.UTC)

    @property
    def clean_parts(self) -> dict[str, Any]:
        """What could be read of the wish, be it whole or not."""
        if not self.is_bound:
            return {}
        self.is_valid()
        return self.cleaned_data

    @property
    def energy_wh(self) -> int | None:
        """What was typed, exactly."""
        typed = self.cleaned_data["energy_kwh"]
        return None if typed is None else int(typed * 1000)
