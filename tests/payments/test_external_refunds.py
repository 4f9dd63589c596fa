"""Money that went back without us, refunds that came back, and payments that the bank calls back."""

from typing import Any

import pytest

from bookings.models import Booking, Client, Evse
from evbunker.models import Change
from payments import outbox, sandbox
from payments.external import DoesNotFit, take_refunds
from payments.gateways.sandbox import SandboxGateway
from payments.integrity import check_integrity
from payments.models import Payment, PaymentEvent, Receipt, Refund, SandboxPayment, SandboxRefund
from payments.reconciling_one import GatewaySilent, reconcile_one
from payments.refunding import apply_refund, request_refund
from tests.booking_steps import decide, held, paid, pending
from tests.bookings.test_hold_races import at_once
from tests.payments.test_views_webhook import send


@pytest.fixture(autouse=True)
def _quiet(settings: Any) -> None:
    settings.SANDBOX_AUTO_WEBHOOK = False


@pytest.fixture
def payment(dara: Client, evse: Evse) -> Payment:
    """It confirmed a booking five hours ahead."""
    return Payment.objects.get(booking=paid(dara, evse, in_minutes=300))


def refund(payment: Payment, amount_minor: int = 100, once: str = "test") -> Refund:
    return request_refund(
        payment=payment, amount_minor=amount_minor, reason=Refund.Reason.OPERATOR, once=once, actor="test"
    )


def by_hand(payment: Payment, amount_minor: int = 100) -> SandboxRefund:
    assert payment.gateway_ref
    return sandbox.refund_by_hand(payment.gateway_ref, amount_minor)


def sums(payment: Payment) -> tuple[int, int]:
    payment.refresh_from_db()
    return payment.refund_reserved_minor, payment.refunded_minor


def book_of(payment: Payment) -> SandboxPayment:
    return SandboxPayment.objects.get(gateway_ref=payment.gateway_ref)


class TestMadeByHand:
    def test_reconciling_takes_it_into_the_books(self, payment: Payment, opal: Client) -> None:
        made = by_hand(payment)

        said = reconcile_one(payment=payment, actor=opal)

        assert said == "€1.00 more went back."
        taken = Refund.objects.get()
        assert (taken.status, taken.reason, taken.once) == ("external", "external", f"external:{made.gateway_ref}")
        assert sums(payment) == (100, 100)
        assert Booking.objects.get(pk=payment.booking_id).status == "confirmed"
        assert set(payment.events.filter(amount_minor=100).values_list("kind", flat=True)) == {
            "refund_asked", "refunded",
        }  # fmt: skip
        assert Change.objects.filter(action="refund.external", actor="sandbox").count() == 1
        assert Change.objects.get(action="payment.reconciled").actor == opal.email
        assert check_integrity() == []

    def test_asked_again_nothing_has_changed(self, payment: Payment, opal: Client) -> None:
        by_hand(payment)
        reconcile_one(payment=payment, actor=opal)

        assert reconcile_one(payment=payment, actor=opal).startswith("Nothing has changed")
        assert sums(payment) == (100, 100)
        assert Refund.objects.count() == 1

    @pytest.mark.race
    def test_taken_in_by_many_at_once_it_counts_once(self, payment: Payment) -> None:
        by_hand(payment, payment.amount_minor)
        outcome = at_once([lambda: take_refunds(Payment.objects.get(pk=payment.pk))] * 12)
        assert set(outcome) <= {"won", "busy"}
        assert sums(payment) == (payment.amount_minor, payment.amount_minor)
        assert Refund.objects.count() == 1

    def test_what_we_had_reserved_comes_first(self, payment: Payment, opal: Client) -> None:
        """Ours is refused, for all has gone back by hand; then that fits."""
        refund(payment, payment.amount_minor)
        by_hand(payment, payment.amount_minor)
        with pytest.raises(DoesNotFit):
            take_refunds(payment)
        assert sums(payment) == (payment.amount_minor, 0)

        outbox.work_outbox()
        reconcile_one(payment=payment, actor=opal)

        assert sorted(Refund.objects.values_list("status", flat=True)) == ["external", "failed"]
        assert sums(payment) == (payment.amount_minor, payment.amount_minor)
        assert check_integrity() == []


class TestAnswersThatGotLost:
    def test_our_refund_is_adopted_not_doubled(self, payment: Payment, settings: Any) -> None:
        settings.SANDBOX_KNOBS = ["answer_lost"]
        ours = refund(payment)
        assert outbox.work_outbox() == 0 or Refund.objects.get().status == "requested"

        take_refunds(payment)

        ours.refresh_from_db()
        assert ours.status == "succeeded"
        assert sums(payment) == (100, 100)
        outbox.work_outbox()
        assert SandboxRefund.objects.count() == 1
        assert check_integrity() == []

    def test_a_payment_is_found_by_its_id(self, dara: Client, evse: Evse, opal: Client, settings: Any) -> None:
        settings.SANDBOX_KNOBS = ["answer_lost"]
        payment = pending(held(dara, evse))
        assert (payment.status, payment.gateway_ref) == ("created", None)
        sandbox.decide(SandboxPayment.objects.get(payment_id=str(payment.pk)), "pay")

        assert reconcile_one(payment=payment, actor=opal) == "The payment is now: paid."
        assert Booking.objects.get(pk=payment.booking_id).status == "confirmed"


def test_a_gateway_that_does_not_answer_is_said_to_be_silent(
    payment: Payment, opal: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    SandboxPayment.objects.all().delete()
    with pytest.raises(GatewaySilent):
        reconcile_one(payment=payment, actor=opal)


class TestDisputes:
    def test_a_dispute_is_noted_once_and_changes_no_booking(self, payment: Payment, opal: Client) -> None:
        sandbox.dispute(book_of(payment))

        assert reconcile_one(payment=payment, actor=opal) == "The payer's bank has called it back."

        first = Payment.objects.get(pk=payment.pk).disputed_at
        assert first is not None
        assert reconcile_one(payment=payment, actor=opal).startswith("Nothing has changed")
        assert payment.events.filter(kind=PaymentEvent.Kind.DISPUTED).count() == 1
        assert Change.objects.filter(action="payment.disputed").count() == 1
        assert Booking.objects.get(pk=payment.booking_id).status == "confirmed"
        assert check_integrity() == []


class TestComingBack:
    """A refund that was final fails after all."""

    @pytest.fixture
    def sent(self, payment: Payment) -> Refund:
        made = refund(payment, payment.amount_minor)
        outbox.work_outbox()
        made.refresh_from_db()
        assert made.status == "succeeded"
        return made

    def test_it_is_free_again_and_documented(self, payment: Payment, sent: Refund, opal: Client) -> None:
        sandbox.fail_refund(SandboxRefund.objects.get())

        said = reconcile_one(payment=payment, actor=opal)

        assert said == "€13.00 that was to go back came back to us."
        sent.refresh_from_db()
        assert (sent.status, sums(payment)) == ("failed", (0, 0))
        note, receipt = Receipt.objects.filter(refund=sent).order_by("kind")
        assert (receipt.kind, receipt.corrects, receipt.amount_minor) == ("receipt", note.reference, note.amount_minor)
        assert Change.objects.filter(action="refund.came_back").count() == 1
        assert check_integrity() == []

    def test_it_comes_back_once(self, payment: Payment, sent: Refund, opal: Client) -> None:
        sandbox.fail_refund(SandboxRefund.objects.get())
        at_once([lambda: take_refunds(Payment.objects.get(pk=payment.pk))] * 8)
        assert sums(payment) == (0, 0)
        assert check_integrity() == []

    def test_a_late_success_does_not_undo_it(self, payment: Payment, sent: Refund) -> None:
        """Who asked before it failed, and is slow, changes nothing."""
        assert payment.gateway_ref
        (before,) = SandboxGateway().refunds_of(payment.gateway_ref)
        sandbox.fail_refund(SandboxRefund.objects.get())
        take_refunds(payment)
        apply_refund(sent, before)
        assert sums(payment) == (0, 0)

    def test_it_can_be_sent_again_with_all_of_its_tax(self, payment: Payment, sent: Refund) -> None:
        sandbox.fail_refund(SandboxRefund.objects.get())
        take_refunds(payment)
        for part in (payment.amount_minor // 3, 1):
            refund(payment, part, once=f"again {part}")
        refund(payment, payment.amount_minor - payment.amount_minor // 3 - 1, once="the rest")
        outbox.work_outbox()
        assert sums(payment) == (payment.amount_minor, payment.amount_minor)
        assert check_integrity() == []


class TestByWebhook:
    """The same facts, told by events: signed, in any order, more than once."""

    def test_a_refund_made_by_hand(self, payment: Payment) -> None:
        event = sandbox.refund_event_of(by_hand(payment))
        assert [send(event).json()["state"] for _ in range(2)] == ["done", "done"]
        assert (sums(payment), Refund.objects.get().status) == ((100, 100), "external")
        assert check_integrity() == []

    def test_one_that_we_heard_of_before_the_capture(self, dara: Client, evse: Evse) -> None:
        payment = pending(held(dara, evse))
        decide(payment)
        assert send(sandbox.refund_event_of(by_hand(payment))).json() == {"state": "done"}
        assert sums(payment) == (100, 100)
        assert Booking.objects.get(pk=payment.booking_id).status == "confirmed"

    def test_one_that_does_not_fit_yet_waits(self, payment: Payment) -> None:
        refund(payment, payment.amount_minor)
        event = sandbox.refund_event_of(by_hand(payment, payment.amount_minor))
        assert send(event).json() == {"state": "received"}
        outbox.work_outbox()
        assert send(event).json() == {"state": "done"}
        assert check_integrity() == []

    def test_a_refund_that_came_back_in_the_wrong_order(self, payment: Payment) -> None:
        """Its failure is told first; the success that is told later is true no more, and changes nothing."""
        made = by_hand(payment)
        succeeded = sandbox.refund_event_of(made)
        take_refunds(payment)
        sandbox.fail_refund(made)
        assert send(sandbox.refund_event_of(made)).json() == {"state": "done"}
        assert send(succeeded).json() == {"state": "done"}
        assert (sums(payment), Refund.objects.get().status) == ((0, 0), "failed")
        assert check_integrity() == []

    def test_a_dispute(self, payment: Payment) -> None:
        book = book_of(payment)
        event = sandbox.dispute_event_of(book)
        assert send(event).json() == {"state": "done"}, "the money is there, whoever disputes it"
        sandbox.dispute(book)
        assert Payment.objects.get(pk=payment.pk).disputed_at is None
        again = event.replace(b"evt_", b"evt_2")
        assert send(again).json() == {"state": "done"}
        assert Payment.objects.get(pk=payment.pk).disputed_at is not None
