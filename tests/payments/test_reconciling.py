"""What was cut off is found again, however much else keeps failing."""

import datetime as dt
from typing import Any

import pytest
from django.core.cache import cache

from bookings.models import Client, Evse
from evbunker import clock
from payments import reconciling, sandbox
from payments.gateways.base import GatewayDown
from payments.gateways.sandbox import SandboxGateway
from payments.integrity import check_integrity
from payments.models import GatewayCommand, Payment, Refund, SandboxPayment, WebhookEvent
from payments.reconciling import reconcile_payments
from payments.refunding import request_refund
from tests.booking_steps import decide, held, paid, pending

LATER = dt.timedelta(minutes=5)
ROUNDS = 4
"""Each begins in the second in which the last one ended, so two rows take up to four."""


@pytest.fixture(autouse=True)
def _one_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconciling, "AT_ONCE", 1)


def failing_for(monkeypatch: pytest.MonkeyPatch, name: str, ref: str | None, error: Exception) -> None:
    """Let the gateway's `name` fail for `ref`, whenever it is asked."""
    real = getattr(SandboxGateway, name)

    def call(self: SandboxGateway, asked: str) -> Any:
        if asked == ref:
            raise error
        return real(self, asked)

    monkeypatch.setattr(SandboxGateway, name, call)


def status_of(record: Any) -> str:
    return type(record).objects.get(pk=record.pk).status


FAULTS = [GatewayDown("silent"), ZeroDivisionError("poisoned")]


@pytest.mark.parametrize("error", FAULTS, ids=["silent", "poisoned"])
def test_an_old_payment_that_fails_for_ever_holds_up_no_newer_one(
    dara: Client, evse: Evse, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    with clock.shifted(-dt.timedelta(seconds=5)):
        old = pending(held(dara, evse, in_minutes=60))
    new = pending(held(dara, evse, in_minutes=180))
    decide(new)
    failing_for(monkeypatch, "look_up", old.gateway_ref, error)
    with clock.shifted(LATER):
        for _ in range(ROUNDS):
            reconcile_payments()
    assert (status_of(old), status_of(new)) == ("pending", "captured")


@pytest.mark.parametrize("error", FAULTS, ids=["silent", "poisoned"])
def test_nor_does_an_old_refund(dara: Client, evse: Evse, error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    payment = Payment.objects.get(booking=paid(dara, evse))
    refunds = []
    for n in range(2):
        with clock.shifted(dt.timedelta(seconds=5 * n)):
            made = request_refund(payment=payment, amount_minor=10, reason="operator", once=str(n), actor="test")
        Refund.objects.filter(pk=made.pk).update(status="submitted", gateway_ref=f"sbr_{n}")
        sandbox.SandboxRefund.objects.create(
            gateway_ref=f"sbr_{n}", payment_ref=payment.gateway_ref, refund_id=str(made.pk),
            idempotency_key=made.idempotency_key, amount_minor=10, currency="EUR",
        )  # fmt: skip
        refunds.append(made)
    GatewayCommand.objects.all().update(state=GatewayCommand.State.DONE)
    failing_for(monkeypatch, "look_up_refund", "sbr_0", error)
    with clock.shifted(LATER):
        for _ in range(ROUNDS):
            reconcile_payments()
    assert [status_of(one) for one in refunds] == ["submitted", "succeeded"]
    assert check_integrity() == []


def test_nor_does_an_old_event(dara: Client, evse: Evse) -> None:
    payment = pending(held(dara, evse))
    book = decide(payment)
    kept = {"gateway": "sandbox", "type": "payment.captured"}
    with clock.shifted(-dt.timedelta(seconds=5)):
        WebhookEvent.objects.create(event_id="poisoned", body="not JSON any more", **kept)
    WebhookEvent.objects.create(event_id="good", body=sandbox.event_of(book).decode(), **kept)
    for _ in range(ROUNDS):
        reconcile_payments()
    assert dict(WebhookEvent.objects.values_list("event_id", "state")) == {"poisoned": "received", "good": "done"}
    assert status_of(payment) == "captured"


def test_turns_go_round(dara: Client, evse: Evse) -> None:
    """The third turn of two begins with the oldest again, and forgetting where it stopped loses nothing."""
    made = []
    for n in range(2):
        with clock.shifted(dt.timedelta(seconds=2 * n)):
            made.append(pending(held(dara, evse, in_minutes=60 + 120 * n)))
    rows = Payment.objects.filter(status="pending")
    seen = [[row.pk for row in reconciling._turn(rows, "test")] for _ in range(4)]
    flat = [pk for turn in seen for pk in turn]
    assert {one.pk for one in made} == set(flat)
    cache.clear()
    assert reconciling._turn(rows, "test") == made[:1]


def test_a_turn_ends_when_its_time_is_over(dara: Client, evse: Evse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconciling, "BUDGET_SECONDS", -1.0)
    payment = pending(held(dara, evse))
    decide(payment)
    with clock.shifted(LATER):
        assert reconcile_payments().payments == 0
    assert status_of(payment) == "pending"


def test_a_payment_that_was_made_before_its_answer_got_lost_is_found(dara: Client, evse: Evse, settings: Any) -> None:
    settings.SANDBOX_KNOBS = ["answer_lost"]
    payment = pending(held(dara, evse))
    assert (payment.status, payment.gateway_ref) == ("created", None)
    GatewayCommand.objects.all().update(state=GatewayCommand.State.GIVEN_UP)
    sandbox.decide(SandboxPayment.objects.get(payment_id=str(payment.pk)), "pay")
    with clock.shifted(LATER):
        reconcile_payments()
    assert status_of(payment) == "captured"
    assert check_integrity() == []


def test_one_part_that_fails_stops_no_other(dara: Client, evse: Evse, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(reconciling.outbox, "work_outbox", broken)
    payment = pending(held(dara, evse))
    decide(payment)
    with clock.shifted(LATER):
        assert reconcile_payments().payments == 1
    assert status_of(payment) == "captured"
