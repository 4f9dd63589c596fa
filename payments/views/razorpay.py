"""Our side of Razorpay's hosted checkout: the page that leads there, and where browsers come back."""

import logging
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from bookings.models import Booking
from bookings.views.answers import SeeOther, driver, refused
from evbunker import clock
from evbunker.errors import DomainError
from evbunker.ratelimit import address_of, allow
from payments.gateways.base import GatewayDown
from payments.models import Payment
from payments.razorpay_checkout import checkout_fields, checkout_url, verify_return
from payments.settling import settle

log = logging.getLogger(__name__)
NAME = "razorpay"


@login_required
@require_safe
@never_cache
def razorpay_pay(request: HttpRequest, payment_id: UUID) -> HttpResponse:
    """What is to be paid, and the form that leads to Razorpay. Once nothing can be paid, the booking says why."""
    payment = get_object_or_404(Payment, pk=payment_id, client=driver(request), gateway=NAME)
    booking = payment.booking
    if payment.status != Payment.Status.PENDING or not _has_time(booking):
        return SeeOther(reverse("booking", args=[booking.pk]))
    response = render(request, "payments/razorpay.html", {
        "payment": payment, "booking": booking, "url": checkout_url(), "fields": checkout_fields(payment),
        "hold_seconds": settings.BOOKING_HOLD_SECONDS,
    })  # fmt: skip
    response._csp_update = {"form-action": [settings.RAZORPAY_API_BASE]}  # type: ignore[attr-defined]
    return response


def _has_time(booking: Booking) -> bool:
    return booking.is_held and booking.expires_at is not None and booking.expires_at > clock.now()


@csrf_exempt
@require_POST
def razorpay_return(request: HttpRequest, payment_id: UUID) -> HttpResponse:
    """A browser that comes from Razorpay, without our cookies. What it brings is checked, then Razorpay is asked."""
    payment = get_object_or_404(Payment, pk=payment_id, gateway=NAME)
    try:
        _check(request, payment)
    except DomainError as error:
        return refused(request, "payments/razorpay_refused.html", {"payment": payment}, error)
    try:
        settle(payment)
    except GatewayDown as error:  # the poller asks again; the booking's page says that we wait
        log.warning("Razorpay brought payment %s back but did not answer: %s", payment.pk, error)
    return SeeOther(reverse("booking", args=[payment.booking_id]))


def _check(request: HttpRequest, payment: Payment) -> None:
    """Refuse what is not signed. A try that failed comes without a signature, says nothing and is believed nothing."""
    allow("pay_return", f"address:{address_of(request)}")
    said = request.POST
    if "error[code]" in said and "razorpay_payment_id" not in said:
        return
    try_ref, signature = said.get("razorpay_payment_id", ""), said.get("razorpay_signature", "")
    verify_return(payment, try_ref=try_ref, signature=signature)
