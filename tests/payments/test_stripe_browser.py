"""Paying on Stripe's own pages, in Chromium, against a running server: a form of ours leads to another site."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from csp.constants import SELF
from django.conf import settings
from playwright.sync_api import expect

from bookings.models import Booking, Client, Evse
from payments.integrity import check_integrity
from payments.models import Payment, WebhookEvent
from tests.booking_steps import held
from tests.browsing import OpenPage
from tests.engines import ROOT
from tests.payments.standins.base import post_to
from tests.payments.standins.stripe import StripeStandIn
from tests.serving import Site

PAY_BUTTON = "with Stripe"


def overrides(company: StripeStandIn, *, pay_page: str) -> dict[str, object]:
    """Settings of the server. What its policy allows is what `evbunker.settings` makes of STRIPE_PAY_PAGE."""
    directives = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"] | {"form-action": [SELF, pay_page]}
    return {
        "PAYMENT_GATEWAYS": ["stripe"], "STRIPE_SECRET_KEY": company.key, "STRIPE_API_BASE": company.url,
        "STRIPE_WEBHOOK_SECRET": ",".join(company.secrets), "CONTENT_SECURITY_POLICY": {"DIRECTIVES": directives},
    }  # fmt: skip


@pytest.fixture
def pay_page(stripe: StripeStandIn) -> str:
    """The site to which our forms may lead."""
    return stripe.url


@pytest.fixture
def site(tmp_path: Path, transactional_db: None, stripe: StripeStandIn, pay_page: str) -> Iterator[Site]:
    server = Site(tmp_path / "server.log", **overrides(stripe, pay_page=pay_page))
    server.start()
    yield server
    server.stop()
    assert "Traceback" not in server.log.read_text(), server.log.read_text()


def test_hold_pay_come_back_and_be_confirmed(
    open_page: OpenPage, site: Site, stripe: StripeStandIn, dara: Client, evse: Evse
) -> None:
    booking = held(dara, evse)
    page = open_page(dara)
    page.goto(f"/bookings/{booking.pk}/")
    page.get_by_role("button", name=PAY_BUTTON).click()
    expect(page.get_by_role("heading", name="Harbour")).to_be_visible()
    assert page.url.startswith(f"{stripe.url}/c/pay/cs_test_")

    page.get_by_role("link", name="back").click()
    page.get_by_role("link", name="Go on to pay").click()
    page.get_by_role("button", name="pay", exact=True).click()
    expect(page.get_by_role("link", name="Add to calendar")).to_be_visible()
    assert page.url.partition("#")[0] == f"{site.url}/bookings/{booking.pk}/"

    assert stripe.deliver(post_to(f"{site.url}/payments/webhooks/stripe/"), times=2) == [200, 200]
    assert Booking.objects.get().status == "confirmed"
    assert (Payment.objects.get().status, WebhookEvent.objects.get().state) == ("captured", "done")
    assert check_integrity() == []


class TestAnotherSite:
    @pytest.fixture
    def pay_page(self) -> str:
        return "https://checkout.stripe.com"

    def test_a_form_leads_only_where_it_may(
        self, open_page: OpenPage, site: Site, stripe: StripeStandIn, dara: Client, evse: Evse
    ) -> None:
        """The negative control: with Stripe's real address in the policy, Chromium does not go to the stand-in."""
        booking = held(dara, evse)
        page = open_page(dara)
        page.expected_errors = ("form-action",)
        page.goto(f"/bookings/{booking.pk}/")
        with page.expect_console_message(lambda message: "form-action" in message.text):
            page.get_by_role("button", name=PAY_BUTTON).click()
        assert page.url == f"{site.url}/bookings/{booking.pk}/"
        policy = requests.get(f"{site.url}/bookings/").headers["Content-Security-Policy"]
        assert "form-action 'self' https://checkout.stripe.com;" in f"{policy};"


@pytest.mark.parametrize(
    ("gateways", "forms_lead_to"),
    [("sandbox", ["'self'"]), ("sandbox,stripe", ["'self'", "https://pay.example.org"])],
)
def test_the_policy_names_the_pay_pages_of_what_is_offered(gateways: str, forms_lead_to: list[str]) -> None:
    asked = "from evbunker.settings import CONTENT_SECURITY_POLICY as p; print(*p['DIRECTIVES']['form-action'])"
    given = {"PAYMENT_GATEWAYS": gateways, "STRIPE_PAY_PAGE": "https://pay.example.org/"}
    ran = subprocess.run(
        [sys.executable, "-c", asked], env=os.environ | given, cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == forms_lead_to
