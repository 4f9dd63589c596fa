"""Payments, as operators see them."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.cache import patch_vary_headers
from django.utils.functional import SimpleLazyObject
from django.views.decorators.http import require_safe

from adminpanel.access import role_required
from adminpanel.finding import Found, find
from adminpanel.navigation import PAGES
from adminpanel.payment_acts import acts_of
from adminpanel.payment_filter import PaymentFilter
from bookings.views.answers import driver
from evbunker.paging import Place
from payments.models import GatewayCommand, Payment, Refund
from payments.retrying import MOVES_MONEY

MOST_STOPPED = 20


@require_safe
@role_required("viewer")
def payments(request: HttpRequest) -> HttpResponse:
    """Every attempt to pay that fits the filters, newest first; htmx asks for more rows only."""
    form = PaymentFilter(request.GET, zone=driver(request).zone)
    wanted = form.wanted() if form.is_valid() else None
    cursor, down_to = (request.GET.get(name, "") for name in ("cursor", "down_to"))
    for place in filter(None, (cursor, down_to)):
        Place.parse(place)  # refuses it before the page has begun
    more_only = cursor and request.htmx  # type: ignore[attr-defined]
    context = {
        "pages": PAGES,
        "form": form,
        "zone": driver(request).zone,
        "filtered": wanted is None or wanted.is_filtered,
        "cursor": cursor,
        # the list says which version it is before its rows are read
        "found": SimpleLazyObject(lambda: find(wanted, cursor=cursor, down_to=down_to) if wanted else Found()),
    }
    template = "adminpanel/payments/_more_rows.html" if more_only else "adminpanel/payments/list.html"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_safe
@role_required("viewer")
def payment(request: HttpRequest, payment_id: UUID) -> HttpResponse:
    """One payment: how it stands, what happened to it, what its visitor can do."""
    shown = get_object_or_404(Payment, pk=payment_id)
    context = {"pages": PAGES, "payment": shown}
    if driver(request).has_role("operator"):
        context |= _what_can_be_done(shown)
    return render(request, "adminpanel/payments/payment.html", context)


def _what_can_be_done(shown: Payment) -> dict[str, Any]:
    given_up = GatewayCommand.objects.filter(payment=shown, state=GatewayCommand.State.GIVEN_UP)
    return {
        "acts": acts_of(shown),
        "refused": Refund.objects.filter(payment=shown, status=Refund.Status.FAILED)[:MOST_STOPPED],
        "given_up": given_up[:MOST_STOPPED],
        "moves_money": MOVES_MONEY,
    }


@require_safe
@role_required("viewer")
def review(request: HttpRequest) -> HttpResponse:
    """What waits for a person, the oldest first."""
    return render(request, "adminpanel/payments/review.html", {"pages": PAGES})
