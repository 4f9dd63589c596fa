"""Stripe as we ask it, and as we understand what it answers."""

import datetime as dt
import logging
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.core.checks import run_checks
from django.test import Client as Visitor

from bookings.models import Client, Evse
from evbunker import clock
from evbunker.checks import TAG
from evbunker.models import new_id
from payments.gateways.base import (
    AmountNotTaken,
    AmountTooSmall,
    GatewayDown,
    GatewayStuck,
    Movement,
    PayRequest,
    RefundRefused,
    RefundRequest,
    RefundTruth,
    Truth,
)
from payments.gateways.stripe import StripeGateway
from payments.gateways.stripe_money import check_amount, from_stripe, to_stripe
from payments.models import Payment
from tests.booking_steps import held
from tests.payments.standins.base import Fault
from tests.payments.standins.stripe import StripeStandIn
from tests.payments.stripe_steps import to_pay

pytestmark = pytest.mark.usefixtures("patient")


def wish(payment_id: UUID | None = None, **changes: Any) -> PayRequest:
    payment_id = payment_id or new_id()
    facts = {"idempotency_key": f"create:{payment_id}:1", "payment_id": str(payment_id), "amount_minor": 1300,
             "currency": "EUR", "description": "Harbour, 2026-11-21 20:00 UTC", "pay_before": clock.now(),
             "return_url": "http://localhost/bookings/1/"}  # fmt: skip
    return PayRequest(**(facts | changes))


def back(ref: str, amount_minor: int = 300, **changes: Any) -> RefundRequest:
    facts = {"idempotency_key": f"refund:{new_id()}:1", "refund_id": "r1", "payment_ref": ref, "currency": "EUR"}
    return RefundRequest(amount_minor=amount_minor, **(facts | changes))


def test_a_session_is_asked_for_with_what_finds_it_again(stripe: StripeStandIn) -> None:
    request = wish()
    made = StripeGateway().create(request)

    [asked] = stripe.asked
    named = stripe.params[made.ref]
    assert asked.header("Idempotency-Key") == request.idempotency_key
    assert asked.header("Stripe-Version")
    assert (named["mode"], named["client_reference_id"]) == ("payment", request.payment_id)
    assert named["metadata"] == named["payment_intent_data"]["metadata"] == {"payment_id": request.payment_id}
    assert named["success_url"] == named["cancel_url"] == request.return_url
    assert (made.truth, made.amount_minor, made.currency, made.live) == (Truth.OPEN, 1300, "EUR", False)
    assert made.pay_url.startswith(f"{stripe.url}/c/pay/{made.ref}")


def test_the_same_key_gives_the_same_session(stripe: StripeStandIn) -> None:
    request = wish()
    assert StripeGateway().create(request) == StripeGateway().create(request)
    assert len(stripe.all("checkout.session")) == 1


def nothing(_stripe: StripeStandIn, _ref: str) -> None:
    """The session is as it was made."""


@pytest.mark.parametrize(
    ("happens", "truth", "disputed"),
    [
        (nothing, Truth.OPEN, False),
        (lambda stripe, ref: stripe.pay(ref), Truth.CAPTURED, False),
        (lambda stripe, ref: stripe.pay_later(ref), Truth.OPEN, False),
        (lambda stripe, ref: (stripe.pay_later(ref), stripe.fail_later(ref)), Truth.FAILED, False),
        (lambda stripe, ref: StripeGateway().cancel(ref), Truth.CANCELLED, False),
        (lambda stripe, ref: (StripeGateway().cancel(ref), stripe.pay(ref)), Truth.CAPTURED, False),
        (lambda stripe, ref: (stripe.pay(ref), stripe.dispute(ref)), Truth.CAPTURED, True),
    ],
)
def test_how_a_session_stands(
    stripe: StripeStandIn, happens: Callable[[StripeStandIn, str], object], truth: Truth, disputed: bool
) -> None:
    ref = StripeGateway().create(wish()).ref
    happens(stripe, ref)
    seen = StripeGateway().look_up(ref)
    assert (seen.truth, seen.amount_minor, seen.currency, seen.disputed) == (truth, 1300, "EUR", disputed)


@pytest.mark.parametrize(("pays", "truth"), [(False, Truth.CANCELLED), (True, Truth.CAPTURED)])
def test_cancelling_says_the_truth_twice(stripe: StripeStandIn, pays: bool, truth: Truth) -> None:
    ref = StripeGateway().create(wish()).ref
    if pays:
        stripe.pay(ref)
    assert [StripeGateway().cancel(ref).truth for _ in range(2)] == [truth, truth]


def test_it_finds_a_session_by_our_id_on_any_page(stripe: StripeStandIn) -> None:
    stripe.most_a_page = 2
    ids = [new_id() for _ in range(5)]
    made = [StripeGateway().create(wish(one)) for one in ids]
    assert StripeGateway().find(str(ids[0])) == made[0]
    assert StripeGateway().find(str(new_id())) is None


def test_of_several_sessions_the_paid_one_counts(stripe: StripeStandIn) -> None:
    payment_id = new_id()
    first, second = (StripeGateway().create(wish(payment_id, idempotency_key=key)) for key in ("a", "b"))
    stripe.pay(first.ref)
    StripeGateway().cancel(second.ref)
    found = StripeGateway().find(str(payment_id))
    assert found
    assert (found.ref, found.truth) == (first.ref, Truth.CAPTURED)


def test_refunds_by_us_and_by_hand(stripe: StripeStandIn) -> None:
    stripe.most_a_page = 1
    ref = StripeGateway().create(wish()).ref
    assert StripeGateway().refunds_of(ref) == []
    stripe.pay(ref)
    made = StripeGateway().refund(back(ref))
    stripe.refund_by_hand(ref, 200)
    by_hand, ours = StripeGateway().refunds_of(ref)
    assert ours == made == StripeGateway().look_up_refund(made.ref)
    assert (made.refund_id, made.amount_minor, made.truth) == ("r1", 300, RefundTruth.SUCCEEDED)
    assert (by_hand.refund_id, by_hand.amount_minor) == ("", 200)


def test_what_cannot_go_back_is_refused(stripe: StripeStandIn) -> None:
    ref = StripeGateway().create(wish()).ref
    with pytest.raises(RefundRefused, match="Nobody paid"):
        StripeGateway().refund(back(ref))
    stripe.pay(ref)
    with pytest.raises(RefundRefused, match="greater than"):
        StripeGateway().refund(back(ref, 1301))


def test_a_day_s_movements_are_ours_only(stripe: StripeStandIn) -> None:
    stripe.most_a_page = 2
    refs = [StripeGateway().create(wish()).ref for _ in range(3)]
    for ref in refs:
        stripe.pay(ref)
    made = StripeGateway().refund(back(refs[0]))
    stripe.refunds_become = "pending"
    StripeGateway().refund(back(refs[1]))
    stripe.objects[stripe.pay(StripeGateway().create(wish()).ref)["payment_intent"]]["metadata"].clear()
    stripe.all("charge")[-1]["metadata"].clear()

    moved = list(StripeGateway().movements(clock.now().date()))
    assert sorted(one.ref for one in moved if one.moved == "in") == sorted(refs)
    assert [one for one in moved if one.moved == "out"] == [Movement(made.ref, "out", 300, "EUR", refs[0])]
    assert list(StripeGateway().movements(clock.now().date() - dt.timedelta(days=1))) == []


def test_an_event_s_payment_is_found_by_its_intent(stripe: StripeStandIn) -> None:
    ref = StripeGateway().create(wish()).ref
    intent = stripe.pay(ref)["payment_intent"]
    assert [StripeGateway().payment_ref(one) for one in (ref, intent, "pi_other", "ch_1")] == [ref, ref, "", "ch_1"]


class TestFailures:
    def test_a_wrong_key_is_logged_without_it(
        self, stripe: StripeStandIn, settings: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        settings.STRIPE_SECRET_KEY = "sk_test_wrong_and_secret"
        with caplog.at_level(logging.DEBUG), pytest.raises(GatewayDown, match="refuses our key") as failed:
            StripeGateway().look_up("cs_test_1")
        assert not isinstance(failed.value, GatewayStuck)
        assert "Stripe refuses our key: HTTP 401" in caplog.text
        assert "wrong_and_secret" not in caplog.text + str(failed.value)

    def test_other_parameters_under_one_key_are_stuck(self, stripe: StripeStandIn) -> None:
        payment_id = new_id()
        StripeGateway().create(wish(payment_id))
        with pytest.raises(GatewayStuck):
            StripeGateway().create(wish(payment_id, amount_minor=1400))

    def test_a_failure_is_stuck_when_it_is_repeated(self, stripe: StripeStandIn) -> None:
        request = wish()
        stripe.arm(Fault.BROKEN, "POST")
        with pytest.raises(GatewayDown) as failed:
            StripeGateway().create(request)
        assert not isinstance(failed.value, GatewayStuck)
        with pytest.raises(GatewayStuck):
            StripeGateway().create(request)

    def test_a_key_in_use_is_not_stuck(self, stripe: StripeStandIn) -> None:
        """Somebody is just asking under it: a new key could make a second one."""
        request = wish()
        stripe.keys_in_use.add(request.idempotency_key)
        with pytest.raises(GatewayDown) as failed:
            StripeGateway().create(request)
        assert not isinstance(failed.value, GatewayStuck)

    def test_nobody_there(self, stripe: StripeStandIn, settings: Any) -> None:
        settings.STRIPE_API_BASE = "http://127.0.0.1:1"
        with pytest.raises(GatewayDown):
            StripeGateway().look_up("cs_test_1")

    def test_an_answer_that_is_none(self, stripe: StripeStandIn) -> None:
        with pytest.raises(GatewayDown):
            StripeGateway().look_up("cs_test_unknown")
        ref = StripeGateway().create(wish()).ref
        del stripe.objects[ref]["livemode"]
        with pytest.raises(GatewayDown, match="makes no sense"):
            StripeGateway().look_up(ref)


class TestAmounts:
    def test_they_are_written_as_stripe_does(self) -> None:
        for ours, currency, theirs in (
            (1300, "EUR", 1300), (980, "JPY", 980), (1230, "KWD", 1230), (5, "ISK", 500), (500, "UGX", 50_000),
            (500, "MGA", 5), (17_550, "HUF", 17_550), (1999, "TWD", 1999),
        ):  # fmt: skip
            assert to_stripe(ours, currency) == theirs
            assert from_stripe(theirs, currency) == ours

    def test_what_stripe_cannot_write_is_refused(self) -> None:
        for amount_minor, currency in ((1234, "KWD"), (1001, "BHD"), (550, "MGA"), (10**8, "EUR")):
            with pytest.raises(AmountNotTaken):
                check_amount(amount_minor, currency)

    def test_what_we_cannot_write_equals_nothing_we_asked_for(self) -> None:
        assert [from_stripe(one, "ISK") for one in (500, 501, 599, 600)] == [5, 6, 6, 6]

    def test_the_least_is_taken_and_no_less(self) -> None:
        for least, currency in ((50, "EUR"), (30, "GBP"), (17_500, "HUF"), (50, "JPY"), (1, "ISK")):
            check_amount(least, currency)
            with pytest.raises(AmountTooSmall):
                check_amount(least - 1, currency)


def test_too_little_is_refused_before_anything_is_written(
    stripe: StripeStandIn, dara: Client, evse: Evse, client: Visitor
) -> None:
    booking = held(dara, evse)
    booking.quote_minor = 49
    booking.save()
    client.force_login(dara)
    answer = client.post(f"/bookings/{booking.pk}/pay/", {"gateway": "stripe"})
    assert answer.status_code == 422
    assert "takes no amount below €0.50" in answer.content.decode()
    assert not Payment.objects.exists()
    assert stripe.asked == []


def test_what_stripe_never_makes_fails_and_the_driver_may_try_again(
    stripe: StripeStandIn, dara: Client, evse: Evse
) -> None:
    stripe.sessions_refused = ("amount_too_small", "Too small in the currency of your account.")
    payment = to_pay(dara, evse)
    assert (payment.status, payment.live_for) == ("failed", None)
    assert "Too small" in payment.events.get(kind="failed").note


class TestSettings:
    def sentences(self) -> list[str]:
        return [found.msg for found in run_checks(tags=[TAG]) if found.id == "payments.E006"]

    @pytest.mark.parametrize(("key", "live"), [("sk_test_1", False), ("rk_live_1", True), ("sk_live_1", True)])
    def test_the_key_says_whether_money_moves(self, stripe: StripeStandIn, settings: Any, key: str, live: bool) -> None:
        settings.STRIPE_SECRET_KEY = key
        assert StripeGateway().live is live
        assert self.sentences() == []

    @pytest.mark.parametrize("key", ["", "pk_live_1", "whsec_1"])
    def test_without_a_secret_key_nothing_starts(self, stripe: StripeStandIn, settings: Any, key: str) -> None:
        settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRET = key, ""
        assert [sentence.split()[4] for sentence in self.sentences()] == ["STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"]

    def test_a_gateway_that_is_not_named_needs_none(self, settings: Any) -> None:
        settings.PAYMENT_GATEWAYS, settings.STRIPE_SECRET_KEY = ["sandbox"], ""
        assert self.sentences() == []
