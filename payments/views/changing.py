"""Another time for a booking: what can be chosen, what it would cost or bring back, and doing it."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from functools import wraps
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from bookings import refusals
from bookings.api.inputs import parse_instant_in_address
from bookings.models import Booking, Evse, Station
from bookings.rules import checked_period
from bookings.views.answers import SeeOther, driver, refused
from bookings.views.station import day_of, days_around
from evbunker import clock
from evbunker.db import by_id
from evbunker.errors import DomainError
from evbunker.models import new_id
from evbunker.moments import in_zone
from evbunker.ratelimit import address_of
from payments.changes import free_until_if_moved, length_of, lengths_of, starts_on
from payments.moving import extend_booking, move_booking, shorten_booking
from payments.standing import standing_of
from payments.views.booking import own_booking

PAGE = "payments/change.html"
Action = Callable[[HttpRequest, Booking], str | None]


@login_required
@require_safe
def change(request: HttpRequest, booking_id: UUID) -> HttpResponse:
    """The choices; with a whole choice in the address also what it means, to be confirmed."""
    shown = own_booking(request, booking_id)
    page = page_of(shown, request.GET)
    if not (page["standing"].may_move or page["standing"].may_extend):
        return SeeOther(reverse("booking", args=[shown.extends_id or shown.pk]))
    try:
        return render(request, PAGE, page | _asked(shown, request.GET))
    except DomainError as error:
        return refused(request, PAGE, page, error)


def page_of(shown: Booking, asked: QueryDict) -> dict[str, Any]:
    """What the page shows whatever was chosen."""
    evse, station, standing = by_id(Evse, shown.evse_id), by_id(Station, shown.station_id), standing_of(shown)
    day = day_of(station, asked) if "date" in asked else _day_of(shown)
    starts = starts_on(shown, evse, station, day) if standing.may_move else []
    return {
        "booking": shown,
        "standing": standing,
        "station": station,
        "starts": [in_zone(start, shown.zone) for start in starts],
        "lengths": lengths_of(shown, evse, station) if standing.may_extend else [],
        "hold_seconds": settings.BOOKING_HOLD_SECONDS,
        **days_around(station, day),
    }


def _day_of(shown: Booking) -> dt.date:
    return max(shown.starts_at, clock.now()).astimezone(shown.zone).date()


def _asked(shown: Booking, asked: QueryDict) -> dict[str, Any]:
    """What was chosen and what it means. Raises the refusal that doing it would meet, as far as one can tell."""
    evse, station = by_id(Evse, shown.evse_id), by_id(Station, shown.station_id)
    if asked.get("start"):
        period = checked_period(
            evse=evse, station=station, starts_at=_start(asked), minutes=shown.minutes,
            energy_wh=shown.energy_budget_wh, had_minutes=shown.minutes,
        )  # fmt: skip
        free_until = free_until_if_moved(shown, period.starts_at)
        return {"period": period, "free_until": free_until, "still_free": free_until > clock.now()}
    if asked.get("minutes"):
        energy_wh = _energy_wh(asked)
        length = length_of(shown, evse, station, _minutes(asked), energy_wh)
        more_wh = energy_wh if length.is_more else 0
        return {
            "length": length,
            "more_energy_wh": more_wh,
            "more_energy_kwh": f"{more_wh / 1000:.3f}",
            "new_id": new_id(),
        }
    return {}


def _start(asked: QueryDict) -> dt.datetime:
    try:
        return parse_instant_in_address(asked.get("start", ""))
    except ValueError:
        raise refusals.TimeWithoutZone from None


def _minutes(asked: QueryDict) -> int:
    try:
        return int(asked.get("minutes", "")[:6])
    except ValueError:
        raise refusals.OffGrid from None


def _energy_wh(asked: QueryDict) -> int:
    """What was typed in kWh; nothing is nothing more."""
    try:
        typed = Decimal(asked.get("energy_kwh", "").strip()[:12].replace(",", ".") or 0)
        return int(typed * 1000)
    except (InvalidOperation, ValueError, OverflowError):
        raise refusals.EnergyOutOfRange from None


def action(act: Action) -> Callable[[HttpRequest, UUID], HttpResponse]:
    """A POST by the booking's own client: on to the address that `act` names, else to the booking's page.

    A refusal is put on the page of choices, as they are now.
    """

    @require_POST
    @wraps(act)
    def view(request: HttpRequest, booking_id: UUID) -> HttpResponse:
        page = reverse("booking", args=[booking_id])
        if not request.user.is_authenticated:
            return redirect_to_login(page)
        shown = own_booking(request, booking_id)
        try:
            return SeeOther(act(request, shown) or page)
        except DomainError as error:
            shown.refresh_from_db()
            return refused(request, PAGE, page_of(shown, request.POST), error)

    return view


@action
def move(request: HttpRequest, shown: Booking) -> None:
    move_booking(
        booking=shown, starts_at=_start(request.POST), actor=driver(request), address=address_of(request)
    )  # fmt: skip


@action
def extend(request: HttpRequest, shown: Booking) -> str | None:
    """On to pay what was added; nothing is left to do for less time, or for more that costs nothing."""
    minutes, change_id = _minutes(request.POST), _change_id(request.POST)
    if minutes < 0:
        seen = request.POST.get("comes_back_minor", "")
        shown_minor = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 19 else None
        shorten_booking(
            booking=shown, less_minutes=-minutes, actor=driver(request), shown_minor=shown_minor, change_id=change_id
        )
        return None
    extension = extend_booking(
        booking=shown, minutes=minutes, energy_wh=_energy_wh(request.POST), actor=driver(request),
        address=address_of(request), extension_id=change_id,
    )  # fmt: skip
    return reverse("booking", args=[extension.pk]) if extension else None


def _change_id(asked: QueryDict) -> UUID | None:
    """What makes a form that is sent twice do one thing."""
    try:
        return UUID(asked.get("change", ""))
    except ValueError:
        return None
