"""One booking's page, and what its driver can do there. It moves money, so it is here and not in `bookings`."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from bookings.accounts import check_may_pay, may_pay
from bookings.charging import start_session, stop_session
from bookings.merging import MERGED
from bookings.models import Booking
from bookings.policy import policy_sentences
from bookings.pricewords import price_table
from bookings.views.answers import SeeOther, driver, refused
from evbunker import clock
from evbunker.errors import DomainError
from evbunker.ratelimit import address_of, allow
from payments.cancelling import cancel_booking
from payments.gateways import offered
from payments.gateways.base import GatewayDown
from payments.models import Payment
from payments.settling import settle
from payments.standing import standing_of
from payments.starting import start_payment

PAGE = "payments/booking.html"
TITLES = {"sandbox": _("made-up money")}
"""How a gateway is called on its button; others by their own name."""
Action = Callable[[HttpRequest, Booking], str | None]


@login_required
@require_safe
def booking(request: HttpRequest, booking_id: UUID) -> HttpResponse:
    """The page. A driver who comes back from paying is believed only after the gateway was asked.

    Time that has become part of another booking is shown there.
    """
    shown = own_booking(request, booking_id)
    answered = look_again(shown)
    if shown.ended_reason == MERGED:
        return SeeOther(reverse("booking", args=[shown.extends_id]))
    return render(request, PAGE, page_of(request, shown) | {"gateway_down": not answered})


def look_again(shown: Booking) -> bool:
    """Settle a payment under way; False if its gateway does not answer."""
    for payment in Payment.objects.filter(live_for=shown.pk, status=Payment.Status.PENDING):
        try:
            settle(payment)
        except GatewayDown:
            return False
        shown.refresh_from_db()
    return True


def own_booking(request: HttpRequest, booking_id: UUID) -> Booking:
    return get_object_or_404(Booking, pk=booking_id, client=driver(request))


def page_of(request: HttpRequest, shown: Booking) -> dict[str, Any]:
    """What the page shows."""
    return {
        "booking": shown,
        "standing": standing_of(shown),
        "gateways": [(name, TITLES.get(name, name.title())) for name in offered()],
        "may_pay": may_pay(driver(request)),
        "prices": price_table(shown.price_lines, shown.currency),
        "again_url": again_url(shown),
        "policy": policy_sentences(shown),
        "hold_seconds": settings.BOOKING_HOLD_SECONDS,
        "turns_in_seconds": seconds_to_next_turn(shown),
    }


def seconds_to_next_turn(shown: Booking) -> int | None:
    """When time alone will change what may be done: the booking begins or ends; None if neither lies ahead."""
    turns = [turn for turn in (shown.starts_at, shown.ends_at) if turn > clock.now()]
    return int((min(turns) - clock.now()).total_seconds()) if turns and shown.is_paid else None


def again_url(shown: Booking) -> str:
    """The station's page with the same wish; without its time if that is over."""
    wish: dict[str, object] = {"evse": shown.evse_id, "minutes": shown.minutes}
    if shown.starts_at > clock.now():
        local = shown.starts_at.astimezone(shown.zone)
        wish |= {"date": local.date(), "start": local.isoformat(), "energy_kwh": shown.energy_budget_wh / 1000}
    return f"{reverse('station', args=[shown.station_id])}?{urlencode(wish)}"


def action(act: Action) -> Callable[[HttpRequest, UUID], HttpResponse]:
    """A POST by the booking's own client: on to the address that `act` names, else back to the booking's page.

    A refusal is put on that page; whoever is signed out comes back to it, not to an address that takes POST only.
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
            return refused(request, PAGE, page_of(request, shown), error)

    return view


@action
def pay(request: HttpRequest, shown: Booking) -> str:
    """On to the gateway's pay page; empty while there is none."""
    client = driver(request)
    check_may_pay(client)
    allow("pay", f"client:{client.pk}", f"address:{address_of(request)}")
    return start_payment(booking=shown, gateway=request.POST.get("gateway", "")).pay_url


@action
def cancel(request: HttpRequest, shown: Booking) -> None:
    """A driver who saw an amount gets that amount or none."""
    seen = request.POST.get("comes_back_minor", "")
    shown_minor = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 19 else None
    cancel_booking(booking=shown, actor=driver(request), shown_minor=shown_minor)


@action
def start(request: HttpRequest, shown: Booking) -> None:
    start_session(booking=shown, actor=driver(request))


@action
def stop(request: HttpRequest, shown: Booking) -> None:
    stop_session(booking=shown, actor=driver(request))
