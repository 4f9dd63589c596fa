"""Each protection is what protects: take it away, and a small scenario goes wrong that goes well with it.

Where two protections stand behind each other, both are taken away. Races are played one after the other: what each
side has read before the other wrote is what its step is given.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any

import pytest
from django.db import IntegrityError
from django.test import override_settings

from bookings.models import Booking, Client, Evse, SlotClaim
from evbunker.db import claim
from evbunker.errors import DomainError
from evbunker.models import new_id
from payments import outbox, refunding, starting, webhooks
from payments.cancelling import cancel_booking
from payments.gateways.base import GatewayDown, GatewayEvent, GatewayPayment, RefundRequest, Truth
from payments.integrity import check_integrity
from payments.models import (
    GatewayCommand,
    Payment,
    PaymentEvent,
    Receipt,
    ReceiptSeries,
    Refund,
    SandboxPayment,
    SandboxRefund,
    WebhookEvent,
)
from payments.settling import apply, settle
from tests import sweep
from tests.booking_steps import decide, held, paid, pending
from tests.failpoints import without_unique_field, without_unique_index

Findings = Iterator[str]
Scenario = Callable[[], Findings]
TakeAway = Callable[[], AbstractContextManager[Any]]


@pytest.fixture(autouse=True)
def _stage(dara: Client, eli: Client, evse: Evse) -> None:
    """Who acts, and where."""


def people() -> tuple[Client, Client, Evse]:
    dara, eli = (Client.objects.get(email=f"{name}@example.org") for name in ("dara", "eli"))
    return dara, eli, Evse.objects.get()


def refund_of(payment: Payment, once: str, amount_minor: int | None = None) -> Refund:
    return refunding.request_refund(
        payment=payment, amount_minor=amount_minor or payment.captured_minor, reason=Refund.Reason.OPERATOR, once=once,
        actor="test",
    )  # fmt: skip


# -- Scenarios: each says what went wrong -----------------------------------------------------------------------------


def two_drivers_want_one_time() -> Findings:
    dara, eli, evse = people()
    held(dara, evse)
    with suppress(DomainError):
        held(eli, evse)
        yield "both hold it"


def a_capture_is_told_twice() -> Findings:
    dara, _eli, evse = people()
    payment = pending(held(dara, evse))
    decide(payment)
    stale = Payment.objects.get(pk=payment.pk)
    settle(payment)
    settle(stale)
    if PaymentEvent.objects.filter(kind="captured").count() != 1:
        yield "captured twice"


def money_comes_for_what_was_given_up() -> Findings:
    dara, _eli, evse = people()
    booking = held(dara, evse)
    payment = pending(booking)
    decide(payment)
    cancel_booking(booking=booking, actor=dara)
    settle(payment)
    if Booking.objects.get().status != "cancelled":
        yield "the booking came back"
    if payment.refund_reserved_minor != payment.captured_minor:
        yield "the money does not go back"


def two_clicks_begin_to_pay_at_once() -> Findings:
    dara, _eli, evse = people()
    booking = held(dara, evse)
    for _click in range(2):
        with suppress(IntegrityError):
            starting._write_intent(booking=booking, gateway="sandbox")
    outbox.work_outbox()
    if SandboxPayment.objects.count() != 1:
        yield "the driver can pay twice"


def two_operators_send_everything_back() -> Findings:
    dara, _eli, evse = people()
    payment = Payment.objects.get(booking=paid(dara, evse))
    for once in "ab":
        with suppress(DomainError):
            refund_of(payment, once)
    if Refund.objects.count() != 1:
        yield "more is to go back than came"


def one_reason_is_given_twice() -> Findings:
    dara, _eli, evse = people()
    payment = Payment.objects.get(booking=paid(dara, evse))
    for _time in range(2):
        with suppress(IntegrityError):
            refund_of(payment, "cancelled", amount_minor=100)
    if Refund.objects.count() != 1:
        yield "it pays twice"


def one_webhook_comes_twice_at_once() -> Findings:
    said = GatewayEvent("evt_1", "payment.captured", "sb_1", Truth.CAPTURED, 100, "EUR")
    for _time in range(2):
        with suppress(IntegrityError):
            webhooks._insert("sandbox", said, b"{}")
    if WebhookEvent.objects.count() != 1:
        yield "it is kept twice"


def a_webhook_tells_of_money_that_never_came() -> Findings:
    dara, _eli, evse = people()
    payment = pending(held(dara, evse))
    said = GatewayEvent("evt_1", "payment.captured", payment.gateway_ref, Truth.CAPTURED, payment.amount_minor, "EUR")
    webhooks.work_off(webhooks._insert("sandbox", said, b"{}"), said)
    if Booking.objects.get().status != "held":
        yield "nobody paid, and the booking is confirmed"


def less_comes_than_was_asked_for() -> Findings:
    dara, _eli, evse = people()
    payment = pending(held(dara, evse))
    book = decide(payment)
    SandboxPayment.objects.filter(pk=book.pk).update(amount_minor=1)
    settle(payment)
    if Booking.objects.get().status != "held":
        yield "the booking is confirmed for next to nothing"


def the_answer_to_a_refund_gets_lost() -> Findings:
    dara, _eli, evse = people()
    made = refund_of(Payment.objects.get(booking=paid(dara, evse)), "test", amount_minor=100)
    with override_settings(SANDBOX_KNOBS=["answer_lost"]), suppress(GatewayDown):
        refunding.send_refund(made)
    refunding.send_refund(made)
    if SandboxRefund.objects.count() != 1:
        yield "the money is sent twice"


def another_worker_is_at_it() -> Findings:
    dara, _eli, evse = people()
    payment = pending(held(dara, evse))
    command = GatewayCommand.objects.ask(payment, "cancel", key="x")
    assert outbox._lease(command)
    outbox.run([command])
    if SandboxPayment.objects.get().outcome != "open":
        yield "both do it"


def a_number_is_given_again() -> Findings:
    dara, eli, evse = people()
    paid(dara, evse)
    begun = ReceiptSeries.objects.filter(last_number=1)
    name = begun.get().name
    begun.update(last_number=0)  # as from an old backup
    with suppress(IntegrityError):
        paid(eli, evse, in_minutes=300)
    if Receipt.objects.filter(number=1, kind="receipt").count() != 1:
        yield "two receipts have one number"
    ReceiptSeries.objects.filter(name=name).update(last_number=1)


# -- Protections ------------------------------------------------------------------------------------------------------


def claims_always_succeed(module: str) -> TakeAway:
    """Whoever compares and sets there takes it for granted that nobody was quicker."""
    return patched(f"{module}.claim", lambda queryset, **changes: claim(queryset, **changes) or True)


def patched(name: str, instead: Any) -> TakeAway:
    @contextmanager
    def taken_away() -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(name, instead)
            yield

    return taken_away


def believe(payment: Payment, said: GatewayEvent) -> bool:
    """What a webhook says is taken for the truth."""
    seen = GatewayPayment(said.ref, Truth(str(said.claims)), said.amount_minor or 0, said.currency or "", live=False)
    apply(payment, seen)
    return True


def new_key(**facts: Any) -> RefundRequest:
    """The key is made when it is sent, not before."""
    return RefundRequest(**facts | {"idempotency_key": str(new_id())})


@contextmanager
def without_receipt_numbers() -> Iterator[None]:
    with without_unique_field(Receipt, "reference"), without_unique_index(Receipt, "receipt_number_once"):
        yield


PROTECTIONS: dict[str, tuple[Scenario, TakeAway]] = {
    "unique slots": (two_drivers_want_one_time, lambda: without_unique_index(SlotClaim, "slotclaim_once")),
    "one live attempt": (two_clicks_begin_to_pay_at_once, lambda: without_unique_field(Payment, "live_for")),
    "a reason pays once": (one_reason_is_given_twice, lambda: without_unique_field(Refund, "once")),
    "unique events": (one_webhook_comes_twice_at_once, lambda: without_unique_index(WebhookEvent, "webhookevent_once")),
    "unique numbers": (a_number_is_given_again, without_receipt_numbers),
    "claim when capturing": (a_capture_is_told_twice, claims_always_succeed("payments.settling")),
    "claim when confirming": (money_comes_for_what_was_given_up, claims_always_succeed("bookings.confirming")),
    "reserve before sending": (two_operators_send_everything_back, claims_always_succeed("payments.refunding")),
    "leases": (another_worker_is_at_it, claims_always_succeed("payments.outbox")),
    "ask the gateway": (
        a_webhook_tells_of_money_that_never_came,
        patched("payments.webhooks._follow_payment", believe),
    ),
    "mismatch": (less_comes_than_was_asked_for, patched("payments.settling.mismatch", lambda *_seen: "")),
    "keys saved before": (the_answer_to_a_refund_gets_lost, patched("payments.refunding.RefundRequest", new_key)),
}


def what_went_wrong(scenario: Scenario) -> list[str]:
    try:
        return [*scenario(), *check_integrity()]
    except Exception as error:  # what came of it could not even be written down
        return [repr(error)]


@pytest.mark.parametrize("protection", PROTECTIONS)
def test_with_it_all_goes_well(protection: str) -> None:
    assert what_went_wrong(PROTECTIONS[protection][0]) == []


@pytest.mark.parametrize("protection", PROTECTIONS)
def test_without_it_something_goes_wrong(protection: str) -> None:
    scenario, taken_away = PROTECTIONS[protection]
    with taken_away():
        assert what_went_wrong(scenario) != []
        sweep.sweep()  # no duplicate may be left when an index comes back
