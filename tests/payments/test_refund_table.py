"""The state table of refunds, whole: however a refund stands, and whatever its gateway says then.

Every event comes twice, and nothing comes of the second; afterwards the books are in order.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from bookings.models import Client, Evse
from payments import sandbox
from payments.external import take_refunds
from payments.gateways.base import GatewayDown, GatewayRefund, RefundRefused, RefundRequest, RefundTruth
from payments.gateways.sandbox import SandboxGateway
from payments.integrity import check_integrity
from payments.models import Payment, PaymentEvent, Receipt, Refund
from payments.refunding import apply_refund, request_refund, send_refund
from tests.booking_steps import paid

TABLE = """
event          | requested submitted succeeded failed external
says_open      | .         .         .         .      .
says_succeeded | succeeded succeeded .         .      .
says_failed    | failed    failed    failed    .      failed
sent_open      | submitted .         .         .      .
sent_succeeded | succeeded succeeded .         .      .
sent_refused   | failed    failed    .         .      .
sent_down      | down      down      .         .      .
"""
"""How each ends: `.` stays as it is, `down` too, and whoever asked is told to come again.

`says` is the answer to a question, `sent` what comes of sending it (again).
"""
STATES, *ROWS = [[cell.split() for cell in row.split("|")] for row in TABLE.strip().splitlines()]
CELLS = {event[0]: dict(zip(STATES[1], ends, strict=True)) for event, ends in ROWS}
AMOUNT = 50


@pytest.fixture
def payment(dara: Client, evse: Evse) -> Payment:
    return Payment.objects.get(booking=paid(dara, evse, in_minutes=300))


@pytest.fixture
def refunds(payment: Payment, monkeypatch: pytest.MonkeyPatch) -> dict[str, Refund]:
    """One of each, of the same payment."""
    with monkeypatch.context() as patched:
        patched.setattr(SandboxGateway, "refund", answers(RefundTruth.OPEN))
        send_refund(submitted := ask(payment, "submitted"))
        patched.setattr(SandboxGateway, "refund", answers(RefundRefused("never")))
        send_refund(failed := ask(payment, "failed"))
    send_refund(succeeded := ask(payment, "succeeded"))
    sandbox.refund_by_hand(payment.gateway_ref, AMOUNT)
    take_refunds(payment)
    made = [ask(payment, "requested"), submitted, succeeded, failed, Refund.objects.get(status="external")]
    for refund in made:
        refund.refresh_from_db()
    assert [refund.status for refund in made] == STATES[1]
    return dict(zip(STATES[1], made, strict=True))


def ask(payment: Payment, once: str) -> Refund:
    return request_refund(payment=payment, amount_minor=AMOUNT, reason=Refund.Reason.OPERATOR, once=once, actor="test")


def answers(answer: RefundTruth | Exception) -> Callable[[SandboxGateway, RefundRequest], GatewayRefund]:
    """A gateway that always answers so."""

    def refund(_gateway: SandboxGateway, request: RefundRequest) -> GatewayRefund:
        if isinstance(answer, Exception):
            raise answer
        ref = f"sbr_{request.refund_id}"
        return GatewayRefund(ref, answer, request.amount_minor, request.currency, refund_id=request.refund_id)

    return refund


def event(name: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[Refund], Any]:
    how, what = name.split("_")
    if how == "says":
        said = GatewayRefund("sbr_asked", RefundTruth(what), AMOUNT, "EUR")
        return lambda refund: apply_refund(refund, dataclasses.replace(said, currency=refund.currency))
    failures = {"refused": RefundRefused("never"), "down": GatewayDown("nobody there")}
    monkeypatch.setattr(SandboxGateway, "refund", answers(failures.get(what) or RefundTruth(what)))
    return send_refund


@pytest.mark.parametrize("name", CELLS)
def test_every_refund_ends_as_the_table_says(
    name: str, payment: Payment, refunds: dict[str, Refund], monkeypatch: pytest.MonkeyPatch
) -> None:
    happens = event(name, monkeypatch)
    ended = {}
    for state, refund in refunds.items():
        for _time in (1, 2):
            told = ""
            try:
                happens(refund)
            except GatewayDown:
                told = "down"
            refund.refresh_from_db()
            ended[state] = told or ("." if refund.status == state else refund.status)
        if ended[state] == "down":
            assert refund.status == state
    assert ended == CELLS[name]
    assert check_integrity() == []


def test_sums_ledger_and_documents_follow_the_refunds(payment: Payment, refunds: dict[str, Refund]) -> None:
    """After the worst: what was sent came back, and what was under way failed."""
    for refund in refunds.values():
        apply_refund(refund, GatewayRefund("sbr_asked", RefundTruth.FAILED, AMOUNT, refund.currency))
    payment.refresh_from_db()
    assert (payment.refund_reserved_minor, payment.refunded_minor) == (0, 0)
    lines = PaymentEvent.objects.filter(payment=payment, kind=PaymentEvent.Kind.REFUNDED)
    assert sum(lines.values_list("amount_minor", flat=True)) == 0
    signed = {Receipt.Kind.RECEIPT: 1, Receipt.Kind.CREDIT_NOTE: -1}
    documents = Receipt.objects.filter(payment=payment).values_list("kind", "amount_minor")
    assert sum(signed[kind] * amount_minor for kind, amount_minor in documents) == payment.captured_minor
    assert check_integrity() == []
