"""Payment companies that stand in for real ones, with our settings pointed at them."""

from collections.abc import Iterator
from typing import Any

import pytest

from payments.gateways import patience, razorpay_api, stripe_api
from tests.payments.standins.razorpay import RazorpayStandIn
from tests.payments.standins.stripe import StripeStandIn


@pytest.fixture
def stripe(settings: Any) -> Iterator[StripeStandIn]:
    """Stripe, offered beside the sandbox."""
    with StripeStandIn().running() as company:
        settings.PAYMENT_GATEWAYS = ["sandbox", "stripe"]
        settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE = company.key, company.url
        settings.STRIPE_WEBHOOK_SECRET, settings.STRIPE_ACCOUNT = ",".join(company.secrets), ""
        yield company


@pytest.fixture
def razorpay(settings: Any) -> Iterator[RazorpayStandIn]:
    """Razorpay, offered beside the sandbox."""
    with RazorpayStandIn().running() as company:
        settings.PAYMENT_GATEWAYS = ["sandbox", "razorpay"]
        settings.RAZORPAY_KEY_ID, settings.RAZORPAY_KEY_SECRET = company.key, company.key_secret
        settings.RAZORPAY_API_BASE, settings.RAZORPAY_ACCOUNT = company.url, company.account
        settings.RAZORPAY_WEBHOOK_SECRET = ",".join(company.secrets)
        yield company


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer of a stand-in comes too late, however busy this machine is."""
    for module in (stripe_api, razorpay_api):
        monkeypatch.setattr(module, "TIMEOUT_SECONDS", (30.0, 30.0))
    monkeypatch.setattr(patience, "HURRIED", (30.0, 30.0))
    monkeypatch.setattr(patience, "BEGIN_WITHIN_SECONDS", 60.0)
