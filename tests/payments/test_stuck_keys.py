"""Keys that are of no use any more: nothing is made twice, and nothing is left unmade."""

import datetime as dt

import pytest

from bookings.models import Booking, Client, Evse
from evbunker import clock
from payments import stuck_keys
from payments.cancelling import cancel_booking
from payments.gateways.base import GatewayDown, GatewayStuck
from payments.models import GatewayCommand, Payment, Refund
from payments.refunding import send_refund
from tests.bookings.test_hold_races import at_once
from tests.payments.standins.base import Fault
from tests.payments.standins.stripe import StripeStandIn
from tests.payments.stripe_steps import ends_well, post, to_pay, work_outbox, work_until

DAY = dt.timedelta(hours=25)

pytestmark = pytest.mark.usefixtures("patient")


@pytest.fixture
def payment(stripe: StripeStandIn, dara: Client, evse: Evse) -> Payment:
    """It paid for a booking two days ahead."""
    payment = to_pay(dara, evse, in_minutes=2 * 24 * 60)
    stripe.pay(payment.gateway_ref)
    stripe.deliver(post)
    return payment


@pytest.fixture
def refund(payment: Payment) -> Refund:
    """Asked for, not sent."""
    cancel_booking(booking=Booking.objects.get(pk=payment.booking_id), actor=payment.client)
    return Refund.objects.get()


def test_what_was_made_is_found(stripe: StripeStandIn, refund: Refund) -> None:
    stripe.arm(Fault.BROKEN_AFTER, "POST /v1/refunds")
    with pytest.raises(GatewayDown):
        send_refund(refund)
    send_refund(refund)
    refund.refresh_from_db()
    assert (refund.status, refund.idempotency_key) == ("succeeded", f"refund:{refund.pk}:1")
    assert len(stripe.all("refund")) == 1


def test_what_was_not_made_is_asked_for_under_a_new_key(stripe: StripeStandIn, refund: Refund) -> None:
    stripe.arm(Fault.BROKEN, "POST /v1/refunds")
    for raised in (GatewayDown, GatewayStuck):
        with pytest.raises(raised):
            send_refund(refund)
    assert Refund.objects.get().idempotency_key == f"refund:{refund.pk}:2"
    assert stripe.all("refund") == []
    send_refund(Refund.objects.get())
    assert Refund.objects.get().status == "succeeded"
    assert len(stripe.all("refund")) == 1


def test_while_it_cannot_be_looked_for_no_new_key_is_made(stripe: StripeStandIn, refund: Refund) -> None:
    stripe.arm(Fault.BROKEN_AFTER, "POST /v1/refunds")
    stripe.arm(Fault.DOWN, "GET /v1/refunds")
    for _ in range(2):
        with pytest.raises(GatewayDown):
            send_refund(refund)
    assert Refund.objects.get().idempotency_key == f"refund:{refund.pk}:1"


@pytest.mark.parametrize(("keys_last", "made"), [(stuck_keys.KEYS_LAST, 1), (dt.timedelta(days=9), 2)])
def test_after_a_day_it_is_looked_for_first(
    stripe: StripeStandIn, refund: Refund, monkeypatch: pytest.MonkeyPatch, keys_last: dt.timedelta, made: int
) -> None:
    """The negative control: whoever trusts an old key sends the money twice (half of it, so that there is enough)."""
    monkeypatch.setattr(stuck_keys, "KEYS_LAST", keys_last)
    Refund.objects.filter(pk=refund.pk).update(amount_minor=refund.amount_minor // 2)
    refund.refresh_from_db()
    stripe.arm(Fault.VANISH, "POST /v1/refunds")
    with pytest.raises(GatewayDown):
        send_refund(refund)
    stripe.forget_keys()
    with clock.shifted(DAY):
        send_refund(refund)
    assert len(stripe.all("refund")) == made


def test_a_session_after_a_day_too(stripe: StripeStandIn, dara: Client, evse: Evse) -> None:
    stripe.arm(Fault.VANISH, "POST /v1/checkout/sessions")
    payment = to_pay(dara, evse, in_minutes=2 * 24 * 60)
    stripe.forget_keys()
    Payment.objects.filter(pk=payment.pk).update(created_at=clock.now() - DAY)
    Booking.objects.filter(pk=payment.booking_id).update(expires_at=clock.now() + DAY)
    work_until(lambda: Payment.objects.get().status == "pending")
    assert len(stripe.all("checkout.session")) == 1


@pytest.mark.race
def test_many_workers_at_once_send_it_once(stripe: StripeStandIn, payment: Payment, refund: Refund) -> None:
    """They share the old key and find it stuck; then some have the new key and some have not."""
    stripe.arm(Fault.BROKEN, "POST /v1/refunds")

    def send() -> None:
        for _ in range(4):
            try:
                send_refund(Refund.objects.get(pk=refund.pk))
            except GatewayDown:
                continue

    at_once([send for _ in range(6)])
    work_until(lambda: Refund.objects.get().status == "succeeded")
    assert Refund.objects.get().idempotency_key == f"refund:{refund.pk}:2"
    assert len(stripe.all("refund")) == 1
    assert ends_well(payment, stripe) == "returned"


def test_the_outbox_writes_down_that_it_was_stuck(stripe: StripeStandIn, refund: Refund) -> None:
    stripe.arm(Fault.BROKEN, "POST /v1/refunds")
    work_outbox()
    with clock.shifted(dt.timedelta(seconds=9)):
        work_outbox()
    command = GatewayCommand.objects.get(kind="refund")
    assert (command.state, command.attempts) == ("waiting", 2)
    assert command.last_error.startswith("GatewayStuck")
