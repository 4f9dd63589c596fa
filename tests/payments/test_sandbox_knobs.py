"""What the sandbox does wrong on purpose, and that it cannot where real money moves."""

from typing import Any

import pytest

from bookings.models import Client, Evse
from payments import outbox, sandbox
from payments.gateways.base import RefundRefused
from payments.integrity import check_integrity
from payments.models import GatewayCommand, Payment, Refund, SandboxPayment, SandboxRefund
from payments.refunding import request_refund
from payments.sandbox_knobs import LATE_SECONDS, Knob, is_on, pauses, unanswered
from payments.settling import settle
from tests.booking_steps import decide, held, paid, pending


def test_no_knob_is_on_where_the_sandbox_is_not_allowed(settings: Any) -> None:
    settings.SANDBOX_KNOBS = [str(knob) for knob in Knob]
    assert all(is_on(knob) for knob in Knob)
    settings.SANDBOX_ALLOWED = False
    assert not any(is_on(knob) for knob in Knob)
    assert unanswered("made") == "made"


@pytest.mark.parametrize(
    ("knobs", "expected"),
    [
        ([], [1.0]),
        (["drop"], []),
        (["duplicate"], [1.0, 1.0]),
        (["delay"], [1.0 + LATE_SECONDS]),
        (["delay", "duplicate"], [1.0 + LATE_SECONDS] * 2),
    ],
)
def test_webhooks_get_lost_come_twice_or_late(settings: Any, knobs: list[str], expected: list[float]) -> None:
    settings.SANDBOX_KNOBS = knobs
    assert pauses(1.0) == expected


def test_every_other_webhook_is_overtaken(settings: Any) -> None:
    settings.SANDBOX_KNOBS = ["reorder"]
    assert sorted(pauses(0.0)[0] for _ in range(4)) == [0.0, 0.0, LATE_SECONDS, LATE_SECONDS]


def test_a_wrong_amount_goes_to_a_person(dara: Client, evse: Evse, settings: Any) -> None:
    settings.SANDBOX_KNOBS = ["wrong_amount"]
    payment = pending(held(dara, evse))
    decide(payment)
    settle(payment)
    assert (payment.status, payment.review_reason, payment.captured_minor) == ("review", "amount", 1301)
    assert check_integrity() == []


def test_a_capture_after_a_failure_is_taken(dara: Client, evse: Evse) -> None:
    payment = pending(held(dara, evse))
    for outcome, status in (("fail", "failed"), ("pay", "captured")):
        decide(payment, outcome)
        settle(payment)
        assert payment.status == status


def test_what_was_made_without_an_answer_is_answered_the_next_time(dara: Client, evse: Evse, settings: Any) -> None:
    settings.SANDBOX_KNOBS = ["answer_lost"]
    payment = pending(held(dara, evse))
    assert payment.status == "created"
    GatewayCommand.objects.update(next_at=payment.created_at)
    outbox.work_outbox()
    payment.refresh_from_db()
    assert (payment.status, SandboxPayment.objects.count()) == ("pending", 1)


def test_a_refund_that_fails_is_free_again(dara: Client, evse: Evse, settings: Any) -> None:
    payment = Payment.objects.get(booking=paid(dara, evse))
    settings.SANDBOX_KNOBS = ["refund_failure"]
    request_refund(payment=payment, amount_minor=100, reason="operator", once="test", actor="test")
    outbox.work_outbox()
    payment.refresh_from_db()
    assert (Refund.objects.get().status, payment.refund_reserved_minor) == ("failed", 0)
    assert check_integrity() == []


def test_more_than_was_paid_is_refused_by_hand_too(dara: Client, evse: Evse) -> None:
    payment = Payment.objects.get(booking=paid(dara, evse))
    assert payment.gateway_ref
    with pytest.raises(RefundRefused):
        sandbox.refund_by_hand(payment.gateway_ref, payment.amount_minor + 1)
    assert not SandboxRefund.objects.exists()
