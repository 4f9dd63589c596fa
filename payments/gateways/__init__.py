"""The payment gateways. Adding one: a module with a class that fits `Gateway`, and a line in `KNOWN`."""

from collections.abc import Callable

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from evbunker.errors import DomainError
from payments.gateways.base import Gateway
from payments.gateways.razorpay import RazorpayGateway
from payments.gateways.sandbox import SandboxGateway
from payments.gateways.stripe import StripeGateway

KNOWN: dict[str, Callable[[], Gateway]] = {
    "sandbox": SandboxGateway,
    "stripe": StripeGateway,
    "razorpay": RazorpayGateway,
}


FREE = "free"
"""Stands where a gateway's name would: the booking cost nothing, so none was asked."""


class UnknownGateway(DomainError):
    code, status = "unknown_gateway", 422
    message = _("This way to pay is not offered here.")
    field = "gateway"


def offered() -> list[str]:
    """The gateways a driver may choose, as the operator lists them."""
    return [name for name in settings.PAYMENT_GATEWAYS if name in KNOWN and may_use(name)]


def may_use(name: str) -> bool:
    """The sandbox moves no money, so it needs a switch of its own."""
    return name != "sandbox" or settings.SANDBOX_ALLOWED


def gateway(name: str) -> Gateway:
    """The gateway called `name`; raises UnknownGateway unless it is offered."""
    if name not in offered():
        raise UnknownGateway
    return KNOWN[name]()


def used(name: str) -> Gateway:
    """The gateway called `name`, also one that is offered no more: what was paid there is settled there.

    Raises UnknownGateway for a name that is not known, and for the sandbox where it is not allowed.
    """
    if name not in KNOWN or not may_use(name):
        raise UnknownGateway
    return KNOWN[name]()


def is_made_up(name: str) -> bool:
    """Does no real money move there, although the page says that something is paid?"""
    return name != FREE and not KNOWN[name]().live
