"""Steps of the tests that pay at Stripe's stand-in."""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.test import Client as Visitor

from bookings.models import Booking, Client, Evse
from evbunker import clock
from payments import outbox
from payments.gateways import patience, stripe_api
from payments.integrity import check_integrity
from payments.models import GatewayCommand, Payment
from payments.reconciling import reconcile_payments
from payments.starting import start_payment
from tests.booking_steps import held
from tests.payments.standins.stripe import StripeStandIn

MOST_TRIES = 8
VISITOR = Visitor(enforce_csrf_checks=True)
"""One for all: each new one reads the list of static files anew."""


def to_pay(client: Client, evse: Evse, **wish: int) -> Payment:
    """An attempt to pay a fresh hold at Stripe."""
    return start_payment(booking=held(client, evse, **wish), gateway="stripe")


def post(body: bytes, headers: dict[str, str]) -> int:
    """Bring a webhook to us, without a server between."""
    return send(body, headers).status_code


def send(body: bytes, headers: dict[str, str]):  # type: ignore[no-untyped-def]
    extra = {name: value for name, value in headers.items() if name != "Content-Type"}
    return VISITOR.post("/payments/webhooks/stripe/", body, content_type="application/json", headers=extra)


def work_outbox() -> None:
    """As far as it is about money: letters with PDF files cost more than all else here, and have tests of their own."""
    due = GatewayCommand.objects.filter(state=GatewayCommand.State.WAITING, next_at__lte=clock.now())
    outbox.run(due.exclude(kind__endswith="_email"))


def work_until(done: Callable[[], bool]) -> None:
    """Let the outbox try again, as time passes, until it is done."""
    for number in range(MOST_TRIES):
        if done():
            return
        with clock.shifted(dt.timedelta(seconds=2 ** (number + 2))):
            work_outbox()
    assert done(), "The outbox did not get it done."


@contextmanager
def impatient() -> Iterator[None]:
    """Wait for no answer for longer than a second: for what hangs on purpose."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(stripe_api, "TIMEOUT_SECONDS", (1.0, 1.0))
        patched.setattr(patience, "HURRIED", (1.0, 1.0))
        yield


def status_of(payment: Payment) -> str:
    payment.refresh_from_db()
    return payment.status


def reconcile() -> None:
    """What the scheduler does every minute, three minutes later."""
    with clock.shifted(dt.timedelta(minutes=3)):
        reconcile_payments()


def ends_well(payment: Payment, company: StripeStandIn) -> str:
    """`confirmed` or `returned`: nothing else may become of money that came, and both books say the same."""
    work_outbox()
    payment.refresh_from_db()
    booking = Booking.objects.get(pk=payment.booking_id)
    charged = sum(one["amount"] for one in company.all("charge"))
    back = sum(one["amount"] for one in company.all("refund") if one["status"] == "succeeded")
    assert check_integrity() == []
    assert (payment.status, payment.captured_minor, payment.refunded_minor) == ("captured", charged, back)
    if booking.is_paid:
        assert back == 0
        return "confirmed"
    assert back == charged == payment.amount_minor
    return "returned"
