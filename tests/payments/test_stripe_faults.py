"""Whatever goes wrong at Stripe or on the way: money that came ends as a sure booking or goes back, exactly once."""

import datetime as dt
from typing import Any

import pytest
from django.conf import settings as configured

from bookings.holding import expire_holds
from bookings.models import Booking, Client, Evse
from evbunker import clock
from payments.cancelling import cancel_booking
from payments.integrity import check_integrity
from payments.models import GatewayCommand, Payment, Refund, WebhookEvent
from payments.refunding import settle_refund
from payments.settling import settle
from payments.starting import start_payment
from tests.booking_steps import held
from tests.payments.standins.base import Fault
from tests.payments.standins.stripe import StripeStandIn
from tests.payments.stripe_steps import (
    ends_well,
    impatient,
    post,
    reconcile,
    status_of,
    to_pay,
    work_outbox,
    work_until,
)

CREATE, REFUND = r"POST /v1/checkout/sessions$", r"POST /v1/refunds$"
AFTER_THE_GRACE = dt.timedelta(
    seconds=2 * configured.BOOKING_HOLD_SECONDS + configured.BOOKING_TAKEOVER_GRACE_SECONDS + 2
)


pytestmark = pytest.mark.usefixtures("patient")


def paid(payment: Payment, stripe: StripeStandIn) -> Payment:
    assert payment.gateway_ref
    stripe.pay(payment.gateway_ref)
    assert set(stripe.deliver(post)) == {200}
    assert status_of(payment) == "captured"
    return payment


@pytest.mark.parametrize("fault", [Fault.DROP, Fault.BROKEN, Fault.BROKEN_AFTER, Fault.HANG])
def test_a_session_is_made_once(stripe: StripeStandIn, dara: Client, evse: Evse, fault: Fault) -> None:
    stripe.arm(fault, CREATE)
    with impatient():
        payment = to_pay(dara, evse)
    work_until(lambda: status_of(payment) == "pending")
    [session] = stripe.all("checkout.session")
    assert (payment.gateway_ref, payment.pay_url) == (session["id"], session["url"])
    assert ends_well(paid(payment, stripe), stripe) == "confirmed"


def test_a_webhook_while_stripe_is_silent_is_worked_off_later(stripe: StripeStandIn, dara: Client, evse: Evse) -> None:
    payment = to_pay(dara, evse)
    stripe.pay(payment.gateway_ref)
    stripe.arm(Fault.HANG, r"GET /v1/checkout/sessions/")
    with impatient():
        assert stripe.deliver(post) == [200]
    assert (status_of(payment), WebhookEvent.objects.get().state) == ("pending", "received")
    reconcile()
    assert ends_well(payment, stripe) == "confirmed"
    assert WebhookEvent.objects.get().state == "done"


@pytest.mark.parametrize("fault", [Fault.DOWN, Fault.BROKEN, Fault.BROKEN_AFTER, Fault.VANISH, Fault.HANG])
def test_a_refund_is_made_once(stripe: StripeStandIn, dara: Client, evse: Evse, fault: Fault) -> None:
    payment = paid(to_pay(dara, evse, in_minutes=300), stripe)
    stripe.arm(fault, REFUND)
    cancel_booking(booking=Booking.objects.get(pk=payment.booking_id), actor=dara)
    with impatient():
        work_outbox()
    work_until(lambda: Refund.objects.get().status == "succeeded")
    assert len(stripe.all("refund")) == 1
    assert ends_well(payment, stripe) == "returned"


def test_many_faults_in_a_row(stripe: StripeStandIn, dara: Client, evse: Evse) -> None:
    """The answers that are repeated under a key are late ones."""
    for fault in (Fault.DOWN, Fault.BROKEN, Fault.DELAY, Fault.BROKEN, Fault.DELAY, Fault.VANISH):
        stripe.arm(fault, CREATE)
    with impatient():
        payment = to_pay(dara, evse)
    work_until(lambda: status_of(payment) == "pending")
    assert len(stripe.all("checkout.session")) == 1
    assert payment.idempotency_key == f"create:{payment.pk}:3"
    assert ends_well(paid(payment, stripe), stripe) == "confirmed"


def test_nobody_told_us_and_the_poller_finds_it(stripe: StripeStandIn, dara: Client, evse: Evse) -> None:
    payment = to_pay(dara, evse)
    stripe.pay(payment.gateway_ref)
    stripe.calls.clear()
    reconcile()
    assert ends_well(payment, stripe) == "confirmed"


def test_every_webhook_thrice_and_backwards(stripe: StripeStandIn, dara: Client, evse: Evse) -> None:
    payment = to_pay(dara, evse, in_minutes=300)
    stripe.pay(payment.gateway_ref)
    settle(payment)
    cancel_booking(booking=Booking.objects.get(pk=payment.booking_id), actor=dara)
    work_until(lambda: Refund.objects.get().status == "succeeded")
    stripe.calls.reverse()
    assert [call.type for call in stripe.calls] == ["charge.refunded", "refund.created", "checkout.session.completed"]
    assert stripe.deliver(post, times=3) == [200] * 9
    assert set(WebhookEvent.objects.values_list("state", flat=True)) == {"done"}
    assert ends_well(payment, stripe) == "returned"


class TestLateMoney:
    def test_while_nobody_took_the_slots_it_confirms(self, stripe: StripeStandIn, dara: Client, evse: Evse) -> None:
        payment = to_pay(dara, evse, in_minutes=120)
        with clock.shifted(AFTER_THE_GRACE):
            stripe.pay(payment.gateway_ref)
            expire_holds()
            stripe.deliver(post)
            assert ends_well(payment, stripe) == "confirmed"

    def test_when_somebody_has_them_it_goes_back(
        self, stripe: StripeStandIn, dara: Client, eli: Client, evse: Evse
    ) -> None:
        payment = to_pay(dara, evse, in_minutes=120)
        with clock.shifted(AFTER_THE_GRACE):
            expire_holds()
            minutes = int((payment.starts_at - clock.now()).total_seconds() // 60)
            held(eli, evse, in_minutes=minutes - 14)
            stripe.pay(payment.gateway_ref)
            stripe.deliver(post)
            work_until(lambda: Refund.objects.get().status == "succeeded")
            assert ends_well(payment, stripe) == "returned"

    def test_paid_at_the_moment_of_giving_up_it_goes_back(
        self, stripe: StripeStandIn, dara: Client, evse: Evse
    ) -> None:
        payment = to_pay(dara, evse)
        stripe.pay(payment.gateway_ref)
        stripe.calls.clear()
        cancel_booking(booking=Booking.objects.get(pk=payment.booking_id), actor=dara)
        work_until(lambda: Refund.objects.filter(status="succeeded").exists())
        assert ends_well(payment, stripe) == "returned"

    def test_given_up_nobody_can_pay_any_more(self, stripe: StripeStandIn, dara: Client, evse: Evse) -> None:
        payment = to_pay(dara, evse)
        cancel_booking(booking=Booking.objects.get(pk=payment.booking_id), actor=dara)
        work_until(lambda: stripe.objects[payment.gateway_ref]["status"] == "expired")
        assert stripe.deliver(post) == [200]
        assert status_of(payment) == "cancelled"
        assert check_integrity() == []

    def test_captured_after_expiring_all_the_same_it_goes_back(
        self, stripe: StripeStandIn, dara: Client, evse: Evse
    ) -> None:
        payment = to_pay(dara, evse)
        cancel_booking(booking=Booking.objects.get(pk=payment.booking_id), actor=dara)
        work_until(lambda: stripe.objects[payment.gateway_ref]["status"] == "expired")
        stripe.pay(payment.gateway_ref)
        stripe.deliver(post)
        work_until(lambda: Refund.objects.filter(status="succeeded").exists())
        assert ends_well(payment, stripe) == "returned"


class TestMethodsThatTakeDays:
    def test_completed_is_not_paid(self, stripe: StripeStandIn, dara: Client, evse: Evse) -> None:
        payment = to_pay(dara, evse)
        stripe.pay_later(payment.gateway_ref)
        assert stripe.deliver(post) == [200]
        assert (status_of(payment), WebhookEvent.objects.get().state) == ("pending", "done")
        stripe.pay(payment.gateway_ref)
        assert [call.type for call in stripe.calls] == ["checkout.session.async_payment_succeeded"]
        stripe.deliver(post)
        assert ends_well(payment, stripe) == "confirmed"

    def test_the_bank_says_no(self, stripe: StripeStandIn, dara: Client, evse: Evse) -> None:
        payment = to_pay(dara, evse)
        stripe.pay_later(payment.gateway_ref)
        stripe.fail_later(payment.gateway_ref)
        assert stripe.deliver(post) == [200, 200]
        assert status_of(payment) == "failed"
        again = start_payment(booking=payment.booking, gateway="stripe")
        assert again.pk != payment.pk
        assert ends_well(paid(again, stripe), stripe) == "confirmed"

    def test_and_yes_after_all(self, stripe: StripeStandIn, dara: Client, evse: Evse) -> None:
        payment = to_pay(dara, evse)
        stripe.pay_later(payment.gateway_ref)
        stripe.fail_later(payment.gateway_ref)
        stripe.deliver(post)
        stripe.pay(payment.gateway_ref)
        stripe.deliver(post)
        assert ends_well(payment, stripe) == "confirmed"


@pytest.mark.parametrize(
    ("lie", "reason"), [("amount", "amount"), ("currency", "currency"), ("live", "live_mode"), ("account", "account")]
)
def test_what_we_did_not_ask_for_goes_to_review(
    stripe: StripeStandIn, dara: Client, evse: Evse, settings: Any, lie: str, reason: str
) -> None:
    payment = to_pay(dara, evse)
    if lie == "account":
        settings.STRIPE_ACCOUNT = "acct_other"
    stripe.objects[payment.gateway_ref]["livemode"] = lie == "live"
    stripe.pay(
        payment.gateway_ref, amount=1 if lie == "amount" else None, currency="usd" if lie == "currency" else None
    )
    stripe.deliver(post)
    settle(payment)
    booking = Booking.objects.get(pk=payment.booking_id)
    assert (status_of(payment), payment.review_reason, booking.is_paid) == ("review", reason, False)


class TestRefunds:
    @pytest.fixture
    def payment(self, stripe: StripeStandIn, dara: Client, evse: Evse) -> Payment:
        return paid(to_pay(dara, evse, in_minutes=300), stripe)

    def give_up(self, payment: Payment) -> None:
        cancel_booking(booking=Booking.objects.get(pk=payment.booking_id), actor=payment.client)

    @pytest.mark.parametrize(("becomes", "status"), [("succeeded", "succeeded"), ("failed", "failed")])
    def test_a_pending_one_is_followed(
        self, stripe: StripeStandIn, payment: Payment, becomes: str, status: str
    ) -> None:
        stripe.refunds_become = "pending"
        self.give_up(payment)
        work_until(lambda: Refund.objects.get().status == "submitted")
        stripe.finish_refund(Refund.objects.get().gateway_ref, becomes)
        stripe.deliver(post)
        assert Refund.objects.get().status == status
        assert check_integrity() == []

    def test_the_poller_s_question_follows_it_as_well(self, stripe: StripeStandIn, payment: Payment) -> None:
        stripe.refunds_become = "requires_action"
        self.give_up(payment)
        work_until(lambda: Refund.objects.get().status == "submitted")
        stripe.finish_refund(Refund.objects.get().gateway_ref, "canceled")
        settle_refund(Refund.objects.get())
        payment.refresh_from_db()
        assert (Refund.objects.get().status, payment.refund_reserved_minor) == ("failed", 0)
        assert check_integrity() == []

    @pytest.mark.parametrize("code", ["charge_already_refunded", "charge_disputed"])
    def test_what_stripe_refuses_is_free_again_for_a_person(
        self, stripe: StripeStandIn, payment: Payment, code: str
    ) -> None:
        stripe.refunds_refused = (code, "No.")
        self.give_up(payment)
        work_until(lambda: Refund.objects.get().status == "failed")
        payment.refresh_from_db()
        assert (payment.refund_reserved_minor, stripe.all("refund")) == (0, [])
        assert check_integrity() == []

    @pytest.mark.parametrize("code", ["balance_insufficient", "resource_missing"])
    def test_what_may_become_possible_is_tried_again(self, stripe: StripeStandIn, payment: Payment, code: str) -> None:
        stripe.refunds_refused = (code, "Not now.")
        self.give_up(payment)
        work_until(lambda: GatewayCommand.objects.get(kind="refund").attempts >= 2)
        assert Refund.objects.get().status == "requested"
        stripe.refunds_refused = None
        work_until(lambda: Refund.objects.get().status == "succeeded")
        assert ends_well(payment, stripe) == "returned"
