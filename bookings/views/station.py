"""One station: what it offers, when it is free, what a wish costs, and holding it."""

import datetime as dt
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from bookings import opening
from bookings.availability import availability_of
from bookings.daygrid import rows_of, starts_of
from bookings.holding import hold
from bookings.limits import limits
from bookings.models import Booking, Evse, Station, Vehicle
from bookings.pricewords import price_table, tariff_facts
from bookings.quoting import Wish, quote, useful_energy_wh
from bookings.refusals import UnknownEvse
from bookings.views.answers import SeeOther, driver, refused, viewer
from bookings.wishes import USUAL_MINUTES, BookingForm
from evbunker import clock
from evbunker.errors import DomainError
from evbunker.models import new_id
from evbunker.ratelimit import address_of

PAGE = "bookings/station.html"
DAYS_SHOWN = 7


@require_safe
def station(request: HttpRequest, station_id: UUID) -> HttpResponse:
    """The page; with a whole wish in the address also its price."""
    shown = _station(request, station_id)
    form = wish_form(request.GET) if "start" in request.GET else BookingForm()
    return render(request, PAGE, page_of(shown, request.GET, form) | _priced(request, shown, form))


@require_safe
def station_quote(request: HttpRequest, station_id: UUID) -> HttpResponse:
    """The price of a wish alone, for htmx; the address bar then names the wish."""
    shown = _station(request, station_id)
    form = wish_form(request.GET)
    context = {"station": shown, "form": form, "day": day_of(shown, request.GET)}
    response = render(request, "bookings/_quote.html", context | _priced(request, shown, form))
    response["HX-Replace-Url"] = wish_url(shown, request.GET)
    return response


@require_POST
def book(request: HttpRequest, station_id: UUID) -> HttpResponse:
    """Hold what was priced, and go on to pay it."""
    shown = _station(request, station_id)
    if viewer(request) is None:
        return redirect_to_login(wish_url(shown, request.POST))
    form = BookingForm(request.POST)
    page = page_of(shown, request.POST, form)
    if not form.is_valid():
        return render(request, PAGE, page, status=422)
    try:
        booking = _hold(request, shown, form)
    except DomainError as error:
        return refused(request, PAGE, page, error)
    return SeeOther(reverse("booking", args=[booking.pk]))


def _station(request: HttpRequest, station_id: UUID) -> Station:
    return get_object_or_404(Station.objects.visible_to(viewer(request)), pk=station_id)


def _hold(request: HttpRequest, shown: Station, form: BookingForm) -> Booking:
    """The booking that this form made, now or when it was sent before."""
    booking_id = form.cleaned_data["booking"] or new_id()
    made = Booking.objects.filter(pk=booking_id, client=driver(request)).first()
    if made is not None:
        return made
    wish = _wish(request, shown, form)
    return hold(
        client=driver(request), evse=wish.evse, starts_at=wish.starts_at, minutes=wish.minutes,
        energy_wh=wish.energy_wh, address=address_of(request), booking_id=booking_id,
    )  # fmt: skip


def _priced(request: HttpRequest, shown: Station, form: BookingForm) -> dict[str, Any]:
    """The quote, or why there is none."""
    if not form.is_bound or not form.is_valid():
        return {}
    try:
        priced = quote(_wish(request, shown, form), client=viewer(request))
    except DomainError as error:
        return {"error": error}
    return {
        "quote": priced,
        "prices": price_table(priced.price.lines, priced.price.currency),
        "energy_kwh": f"{priced.wish.energy_wh / 1000:.3f}",
        "hold_minutes": settings.BOOKING_HOLD_SECONDS // 60,
        "new_id": new_id(),
        "wish_url": wish_url(shown, form.data),
    }


def _wish(request: HttpRequest, shown: Station, form: BookingForm) -> Wish:
    """What a valid form asks for; raises UnknownEvse."""
    evse = Evse.objects.filter(pk=form.cleaned_data["evse"], station=shown).first()
    if evse is None:
        raise UnknownEvse
    client, minutes = viewer(request), form.cleaned_data["minutes"]
    vehicle = Vehicle.objects.filter(client=client).order_by("created_at").first() if client else None
    energy_wh = form.energy_wh
    if energy_wh is None:
        energy_wh = useful_energy_wh(evse, minutes, vehicle)
    return Wish(shown, evse, form.cleaned_data["start"], minutes, energy_wh, vehicle)


def wish_form(asked: QueryDict) -> BookingForm:
    """The form with that wish; a link from the day's table says nothing of the length."""
    return BookingForm({"minutes": USUAL_MINUTES, **asked.dict()})


def wish_url(shown: Station, asked: Mapping[str, Any]) -> str:
    """The station's page with that wish filled in."""
    names = ("date", "evse", "start", "minutes", "energy_kwh")
    known = {name: asked[name] for name in names if asked.get(name)}
    return f"{reverse('station', args=[shown.pk])}?{urlencode(known)}"


def page_of(shown: Station, asked: QueryDict, form: BookingForm) -> dict[str, Any]:
    """What the page shows whatever was wished for."""
    day = day_of(shown, asked)
    days = availability_of(shown, day)
    rows = rows_of(days, shown.zone)
    chosen = form.clean_parts.get("start")
    return {
        "station": shown,
        "form": form,
        "asked": asked,
        "evses": [row.evse for row in rows],
        "starts": starts_of(rows, shown.zone, also=chosen),
        "chosen": chosen,
        "panel_key": f"{shown.pk}:{day.isoformat()}",
        "live_panels": live_panels(shown, day),
        "latitude": f"{shown.latitude:.5f}",
        "longitude": f"{shown.longitude:.5f}",
        "hours": opening.describe(shown.opening_hours, shown.zone),
        "tariff_facts": tariff_facts(shown.tariff) if shown.tariff else [],
        **days_around(shown, day),
    }


def live_panels(shown: Station, day: dt.date) -> str:
    """What the page watches; panels are public, so nothing of a station that only staff may see."""
    if shown.status == Station.Status.RETIRED:
        return ""
    days = [f"availability:{shown.pk}:{day.isoformat()}"] if shown.bookable else []
    return ",".join([*days, f"evses:{shown.pk}"])


def today_at(shown: Station) -> dt.date:
    return clock.now().astimezone(shown.zone).date()


def day_of(shown: Station, asked: QueryDict) -> dt.date:
    """The station's day that was asked for, else today; never one that cannot be booked."""
    today = today_at(shown)
    try:
        day = dt.date.fromisoformat(asked.get("date", ""))
    except ValueError:
        return today
    return min(max(day, today), today + dt.timedelta(days=limits().days_ahead))


def days_around(shown: Station, day: dt.date) -> dict[str, Any]:
    """The week of `day`, counted from today, and its neighbours; None where booking ends."""
    today = today_at(shown)
    last, step = today + dt.timedelta(days=limits().days_ahead), dt.timedelta(days=1)
    first = today + (day - today).days // DAYS_SHOWN * DAYS_SHOWN * step
    week = [first + n * step for n in range(DAYS_SHOWN) if first + n * step <= last]
    return {
        "day": day,
        "today": today,
        "days": week,
        "day_before": day - step if day > today else None,
        "day_after": day + step if day < last else None,
    }
