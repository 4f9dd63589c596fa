"""Razorpay's hosted checkout: what our page sends there, and what a browser brings back from it.

Neither their script nor card data ever comes here (razorpay.com/docs: web integration, hosted).
"""

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from evbunker.errors import DomainError
from evbunker.moments import format_moment
from payments.gateways.base import BadSignature
from payments.gateways.signing import check_signed
from payments.models import Payment


class BadReturn(DomainError):
    code, status = "bad_return", 400
    message = _(
        "This answer does not come from Razorpay, so nothing was changed. "
        "If you have paid, your booking says so as soon as Razorpay tells us."
    )


def checkout_url() -> str:
    """Where the hosted page is."""
    return f"{settings.RAZORPAY_API_BASE}/v1/checkout/embedded"


def checkout_fields(payment: Payment) -> dict[str, str]:
    """What the form sends. Razorpay asks for the telephone number itself: we know none.

    The key's id is no secret, and the amount is only shown: what counts is the order's.
    """
    back = settings.SITE_URL + reverse("booking", args=[payment.booking_id])
    when = format_moment(payment.starts_at, payment.station_time_zone)
    return {
        "key_id": settings.RAZORPAY_KEY_ID,
        "order_id": payment.gateway_ref or "",
        "amount": str(payment.amount_minor),
        "currency": payment.currency,
        "name": "EV Bunker",
        "description": f"Charging at {payment.station_name}, {when}"[:255],
        "prefill[name]": payment.client_name,
        "prefill[email]": payment.client.email,
        "callback_url": settings.SITE_URL + reverse("razorpay_return", args=[payment.pk]),
        "cancel_url": back,
    }


def verify_return(payment: Payment, *, try_ref: str, signature: str) -> None:
    """Raise BadReturn unless Razorpay signed that `try_ref` paid the order that we noted, not one that is claimed."""
    message = f"{payment.gateway_ref}|{try_ref}".encode()
    try:
        check_signed(setting=settings.RAZORPAY_KEY_SECRET, message=message, given=signature)
    except BadSignature as error:
        raise BadReturn from error
