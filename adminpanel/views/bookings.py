"""Bookings, as operators see them."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from adminpanel.access import role_required
from adminpanel.booking_filter import BookingFilter
from adminpanel.payment_acts import acts_of
from adminpanel.views.lists import listed
from bookings.models import Booking, ChargingSession
from bookings.views.answers import driver
from payments.family import paid_for
from payments.models import Payment

ABOUT_MONEY = ("refund", "close", "resend")
"""Acts with a payment that are of use where one looks at its booking."""


@require_safe
@role_required("viewer")
def bookings(request: HttpRequest) -> HttpResponse:
    """Every booking that fits the filters, the newest first."""
    return listed(request, BookingFilter(request.GET, zone=driver(request).zone), "bookings")


@require_safe
@role_required("viewer")
def booking(request: HttpRequest, booking_id: UUID) -> HttpResponse:
    """Everything about one booking, and where to act on it."""
    shown = get_object_or_404(Booking, pk=booking_id)
    context: dict[str, Any] = {"booking": shown}
    if driver(request).has_role("operator"):
        payment = next(iter([*paid_for(shown), *Payment.objects.filter(booking=shown)[:1]]), None)
        acts = acts_of(payment) if payment else []
        context |= {
            "payment": payment,
            "acts": [act for act in acts if act[0] in ABOUT_MONEY],
            "charging": ChargingSession.objects.filter(booking=shown, status=ChargingSession.Status.ACTIVE).first(),
        }
    return render(request, "adminpanel/bookings/booking.html", context)
