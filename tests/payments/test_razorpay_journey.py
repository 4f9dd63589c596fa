"""Paying on Razorpay's hosted page, in Chromium without JavaScript, against a running server.

The server is `localhost`, the stand-in is `127.0.0.1`: two sites, so cookies and policies count as they do in life.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from bookings.models import Booking, Client, Evse
from payments.integrity import check_integrity
from payments.models import Payment, WebhookEvent
from tests.booking_steps import held
from tests.browsing import OpenPage
from tests.payments.standins.base import post_to
from tests.payments.standins.razorpay import RazorpayStandIn
from tests.serving import Site


@pytest.fixture
def site(tmp_path: Path, transactional_db: None, razorpay: RazorpayStandIn) -> Iterator[Site]:
    server = Site(
        tmp_path / "server.log", PAYMENT_GATEWAYS=["razorpay"],
        RAZORPAY_KEY_ID=razorpay.key, RAZORPAY_KEY_SECRET=razorpay.key_secret, RAZORPAY_API_BASE=razorpay.url,
        RAZORPAY_WEBHOOK_SECRET=",".join(razorpay.secrets), RAZORPAY_ACCOUNT=razorpay.account,
    )  # fmt: skip
    server.start()
    yield server
    server.stop()
    assert "Traceback" not in server.log.read_text(), server.log.read_text()


def test_hold_fail_try_again_and_be_confirmed(
    open_page: OpenPage, site: Site, razorpay: RazorpayStandIn, dara: Client, evse: Evse
) -> None:
    booking = held(dara, evse)
    page = open_page(dara, java_script_enabled=False)
    page.goto(f"/bookings/{booking.pk}/")
    page.get_by_role("button", name="with Razorpay").click()
    expect(page.get_by_role("heading", name="€13.00")).to_be_visible()
    assert page.url == f"{site.url}/payments/razorpay/{Payment.objects.get().pk}/"

    page.get_by_role("button", name="Go on to Razorpay").click()
    assert page.url == f"{razorpay.url}/v1/checkout/embedded"
    page.get_by_role("button", name="fail").click()
    page.get_by_role("button", name="Back to the shop").click()
    assert page.url == f"{site.url}/bookings/{booking.pk}/"

    page.get_by_role("link", name="Go on to pay").click()
    page.get_by_role("button", name="Go on to Razorpay").click()
    page.get_by_role("button", name="pay", exact=True).click()
    page.get_by_role("button", name="Back to the shop").click()
    expect(page.get_by_role("link", name="Add to calendar")).to_be_visible()
    assert page.url == f"{site.url}/bookings/{booking.pk}/"

    assert set(razorpay.deliver(post_to(f"{site.url}/payments/webhooks/razorpay/"), times=2)) == {200}
    assert Booking.objects.get().status == "confirmed"
    assert Payment.objects.get().status == "captured"
    assert not WebhookEvent.objects.filter(state="received").exists()
    assert check_integrity() == []
