"""The sandbox gateway's pay page."""

from typing import Any

import pytest
from django.test import Client as Visitor

from bookings.models import Client, Evse
from payments.models import Payment, SandboxPayment
from tests.booking_steps import held, pending


@pytest.fixture
def payment(dara: Client, evse: Evse) -> Payment:
    return pending(held(dara, evse))


@pytest.fixture
def stranger() -> Visitor:
    """The pay page stands for another site: whoever pays there has neither our session nor our CSRF token."""
    return Visitor(enforce_csrf_checks=True)


def address(payment: Payment) -> str:
    return f"/payments/sandbox/{payment.gateway_ref}/"


def test_it_says_what_is_to_be_paid_and_that_it_is_made_up(stranger: Visitor, payment: Payment) -> None:
    page = stranger.get(address(payment))

    assert page.status_code == 200
    html = page.content.decode()
    assert "€13.00" in html
    assert "Harbour" in html
    assert "No money moves" in html
    assert [f'value="{outcome}"' in html for outcome in ("pay", "fail", "pay_late")] == [True] * 3
    assert page.cookies == {}


@pytest.mark.parametrize(("outcome", "noted"), [("pay", "paid"), ("fail", "failed"), ("pay_late", "paid")])
def test_a_choice_leads_back_to_the_booking(stranger: Visitor, payment: Payment, outcome: str, noted: str) -> None:
    answer = stranger.post(address(payment), {"outcome": outcome})

    assert answer.status_code == 303
    assert answer.headers["Location"].endswith(f"/bookings/{payment.booking_id}/")
    assert SandboxPayment.objects.get().outcome == noted


def test_what_is_paid_stays_paid(stranger: Visitor, payment: Payment) -> None:
    stranger.post(address(payment), {"outcome": "pay"})

    assert stranger.post(address(payment), {"outcome": "fail"}).status_code == 303
    assert SandboxPayment.objects.get().outcome == "paid"
    html = stranger.get(address(payment)).content.decode()
    assert "This payment is made." in html
    assert 'name="outcome"' not in html


def test_who_failed_may_try_again(stranger: Visitor, payment: Payment) -> None:
    stranger.post(address(payment), {"outcome": "fail"})

    assert "You may try again" in stranger.get(address(payment)).content.decode()


@pytest.mark.parametrize("outcome", ["", "refund", "PAY"])
def test_another_outcome_is_refused(stranger: Visitor, payment: Payment, outcome: str) -> None:
    answer = stranger.post(address(payment), {"outcome": outcome})

    assert answer.status_code == 422
    assert "Choose one of the three." in answer.content.decode()
    assert SandboxPayment.objects.get().outcome == "open"


def test_an_unknown_payment_is_not_found(stranger: Visitor) -> None:
    assert stranger.get("/payments/sandbox/sb_guessed/").status_code == 404
    assert stranger.post("/payments/sandbox/sb_guessed/", {"outcome": "pay"}).status_code == 404


def test_it_is_not_there_unless_the_sandbox_is_offered(stranger: Visitor, payment: Payment, settings: Any) -> None:
    settings.SANDBOX_ALLOWED = False

    assert stranger.get(address(payment)).status_code == 404
    assert stranger.post(address(payment), {"outcome": "pay"}).status_code == 404


def test_too_many_tries_are_refused(stranger: Visitor, payment: Payment, settings: Any) -> None:
    settings.RATE_LIMITS = {"sandbox": (1, 60)}
    stranger.post(address(payment), {"outcome": "fail"})

    answer = stranger.post(address(payment), {"outcome": "pay"})

    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert SandboxPayment.objects.get().outcome == "failed"


def test_it_takes_no_other_methods(stranger: Visitor, payment: Payment) -> None:
    assert stranger.put(address(payment)).status_code == 405
