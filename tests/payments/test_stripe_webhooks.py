"""What may come to Stripe's webhook, and what becomes of it."""

import json
from typing import Any

import pytest

from bookings.models import Client, Evse
from evbunker import clock
from payments.models import Payment, Refund, WebhookEvent
from tests.payments.standins import stripe_objects as objects
from tests.payments.standins.stripe import StripeStandIn, signed
from tests.payments.stripe_steps import post, send, status_of, to_pay

pytestmark = pytest.mark.usefixtures("patient")


@pytest.fixture
def payment(stripe: StripeStandIn, dara: Client, evse: Evse) -> Payment:
    """Paid at Stripe; the webhook that says so waits to be sent."""
    payment = to_pay(dara, evse, in_minutes=300)
    stripe.pay(payment.gateway_ref)
    return payment


def body_of(stripe: StripeStandIn, **changes: Any) -> bytes:
    """The waiting webhook's body, changed on its top level."""
    return json.dumps(json.loads(stripe.calls[-1].body) | changes).encode()


def state_after(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("state") or answer.json()["code"]


def test_a_genuine_one_confirms_once(stripe: StripeStandIn, payment: Payment) -> None:
    assert stripe.deliver(post, times=3) == [200, 200, 200]
    assert status_of(payment) == "captured"
    assert WebhookEvent.objects.get().state == "done"


def test_secrets_while_one_is_replaced(stripe: StripeStandIn, payment: Payment, settings: Any) -> None:
    body = stripe.calls[-1].body
    for configured, signing, status in (
        ("whsec_standin", ("whsec_wrong",), 400),
        ("whsec_new", ("whsec_standin",), 400),
        ("whsec_new,whsec_standin", ("whsec_standin",), 200),
        ("whsec_new, whsec_standin", ("whsec_new",), 200),
        ("whsec_new", ("whsec_standin", "whsec_new"), 200),
    ):
        settings.STRIPE_WEBHOOK_SECRET = configured
        assert send(body, signed(body, *signing)).status_code == status
        assert WebhookEvent.objects.exists() is (status == 200)


def test_an_old_or_future_signature_is_refused(stripe: StripeStandIn, payment: Payment) -> None:
    body, now = stripe.calls[-1].body, int(clock.now().timestamp())
    with clock.moved_to(clock.now()):
        for ago, status in ((301, 400), (-301, 400), (300, 200), (-300, 200)):
            assert send(body, signed(body, *stripe.secrets, at=now - ago)).status_code == status


def test_a_bad_signature_is_refused_and_not_kept(stripe: StripeStandIn, payment: Payment) -> None:
    body = stripe.calls[-1].body
    now, _, total = signed(body, *stripe.secrets)["Stripe-Signature"].removeprefix("t=").partition(",v1=")
    for bad in (
        "", "t=1", "v1=aa", "t=²,v1=aa", "t=-5,v1=aa", "t=99999999999999999999,v1=aa", f"t={now},t={now},v1={total}",
        f"t={now},v0={total}", f"t={now},v1=", f"t={now},v1=\xe9", f"t={now} v1={total}", "nonsense",
    ):  # fmt: skip
        assert state_after(send(body, {"Stripe-Signature": bad})) == (400, "bad_signature"), bad
    assert not WebhookEvent.objects.exists()


def test_the_signature_is_of_every_byte(stripe: StripeStandIn, payment: Payment) -> None:
    body = stripe.calls[-1].body
    assert send(body + b"\n", signed(body, *stripe.secrets)).status_code == 400


def test_what_is_no_event_is_refused(stripe: StripeStandIn) -> None:
    for body in (
        b"", b"not json", b"\xff", b"[]", b"null", b"{}", b"[" * 100_000, b'{"id": 7, "type": "x"}',
        b'{"id": "evt_1", "type": "' + b"x" * 200 + b'"}',
        b'{"id": "evt_1", "type": "refund.created", "data": {"object": []}}',
        b'{"id": "evt_1", "type": "checkout.session.completed", "data": {"object": {"id": "cs_1"}}}',
    ):  # fmt: skip
        assert state_after(send(body, signed(body, *stripe.secrets))) == (400, "bad_event"), body[:80]
    assert not WebhookEvent.objects.exists()


def test_five_megabytes_are_refused(stripe: StripeStandIn) -> None:
    body = b" " * 5_000_000
    assert state_after(send(body, signed(body, *stripe.secrets))) == (413, "too_large")


def test_without_a_secret_nothing_is_believed(stripe: StripeStandIn, payment: Payment, settings: Any) -> None:
    settings.STRIPE_WEBHOOK_SECRET = ""
    assert stripe.deliver(post) == [503]
    assert status_of(payment) == "pending"


@pytest.mark.parametrize(
    ("expected", "changes", "state"),
    [
        ("", {"account": "acct_connected"}, "done"),
        ("acct_1StandIn", {"account": "acct_1StandIn"}, "done"),
        ("acct_1StandIn", {"account": "acct_connected"}, "unbacked"),
        ("", {"livemode": True}, "unknown"),
    ],
)
def test_what_is_of_another_account_or_mode_has_no_effect(
    stripe: StripeStandIn, payment: Payment, settings: Any, expected: str, changes: dict[str, Any], state: str
) -> None:
    settings.STRIPE_ACCOUNT = expected
    body = body_of(stripe, **changes)
    assert state_after(send(body, signed(body, *stripe.secrets))) == (200, state)
    assert status_of(payment) == ("captured" if state == "done" else "pending")


def test_unknown_types_are_kept(stripe: StripeStandIn, payment: Payment) -> None:
    for number, changes in enumerate(
        (
            {"type": "invoice.paid"},
            {"type": "balance.available", "data": {"object": {"object": "balance", "available": []}}},
            {"type": "v2.core.event_destination.ping", "data": None, "object": "v2.core.event"},
        )
    ):
        body = body_of(stripe, id=f"evt_{number}", **changes)
        assert state_after(send(body, signed(body, *stripe.secrets))) == (200, "unknown")
        assert WebhookEvent.objects.filter(type=changes["type"]).exists()


def test_a_lie_is_not_believed(stripe: StripeStandIn, dara: Client, evse: Evse) -> None:
    """Signed, but Stripe's own answer says that nobody paid."""
    payment = to_pay(dara, evse)
    session = stripe.objects[payment.gateway_ref] | {"status": "complete", "payment_status": "paid"}
    stripe.tell("checkout.session.completed", session)
    assert stripe.deliver(post) == [200]
    assert (status_of(payment), WebhookEvent.objects.get().state) == ("pending", "unbacked")


def test_somebody_else_s_session_is_unmatched(stripe: StripeStandIn, payment: Payment) -> None:
    stripe.tell("checkout.session.completed", stripe.objects[payment.gateway_ref] | {"id": "cs_test_other"})
    foreign = objects.charge(stripe.all("payment_intent")[0] | {"id": "pi_other"}, now=1) | {"amount_refunded": 5}
    stripe.tell("charge.refunded", foreign)
    stripe.calls = stripe.calls[1:]
    assert stripe.deliver(post) == [200, 200]
    assert set(WebhookEvent.objects.values_list("state", flat=True)) == {"unmatched"}


def test_a_dispute_is_noted(stripe: StripeStandIn, payment: Payment) -> None:
    stripe.deliver(post)
    stripe.dispute(payment.gateway_ref)
    assert stripe.deliver(post) == [200]
    payment.refresh_from_db()
    assert (payment.status, payment.disputed_at is not None) == ("captured", True)


def test_a_refund_by_hand_is_taken_into_our_books_once(stripe: StripeStandIn, payment: Payment) -> None:
    stripe.deliver(post)
    stripe.refund_by_hand(payment.gateway_ref, 200)
    assert [call.type for call in stripe.calls] == ["refund.created", "charge.refunded"]
    assert stripe.deliver(post, times=2) == [200] * 4
    payment.refresh_from_db()
    assert (Refund.objects.get().status, payment.refunded_minor) == ("external", 200)
