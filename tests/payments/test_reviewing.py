"""What a person decides on money that is not what was asked for, and on what came to a stop: once."""

import datetime as dt

import pytest

from bookings.claims import release
from bookings.models import Booking, Client, Evse
from evbunker import clock
from evbunker.models import Change
from payments.gateways.base import RefundRefused
from payments.gateways.sandbox import SandboxGateway
from payments.integrity import check_integrity
from payments.models import GatewayCommand, Payment, PaymentEvent, Reconciliation, Refund, SandboxPayment
from payments.outbox import work_outbox
from payments.refunding import RefundTooLarge, refund_by_hand
from payments.retrying import (
    DealtWith,
    StillOwed,
    command_again,
    explain_day,
    refund_again,
    set_command_aside,
    set_refund_aside,
)
from payments.reviewing import CannotAccept, NotInReview, accept_review, return_review, why_not_acceptable
from payments.settling import settle
from tests.booking_steps import decide, held, paid, pending
from tests.bookings.test_hold_races import at_once


def in_review(client: Client, evse: Evse, *, surplus_minor: int = 500, **came: object) -> Payment:
    """A payment of `client` for which something else came: by default more."""
    payment = pending(held(client, evse))
    decide(payment)
    book = SandboxPayment.objects.get(gateway_ref=payment.gateway_ref)
    facts = {"amount_minor": book.amount_minor + surplus_minor} | came
    SandboxPayment.objects.filter(pk=book.pk).update(**facts)
    settle(payment)
    assert payment.status == Payment.Status.REVIEW
    return payment


@pytest.fixture
def payment(dara: Client, evse: Evse) -> Payment:
    return in_review(dara, evse)


def ledger(payment: Payment) -> list[str]:
    return [event.kind for event in sorted(PaymentEvent.objects.filter(payment=payment), key=lambda event: event.pk)]


class TestAccepting:
    def test_it_confirms_the_booking_and_sends_the_surplus_back(self, payment: Payment, opal: Client) -> None:
        accept_review(payment=payment, actor=opal, note="close enough")
        work_outbox()
        payment.refresh_from_db()
        assert Booking.objects.get(pk=payment.booking_id).status == Booking.Status.CONFIRMED
        assert (payment.status, payment.kept_minor, payment.refunded_minor) == ("captured", payment.amount_minor, 500)
        assert ledger(payment)[-4:] == ["review", "accepted", "refund_asked", "refunded"]
        change = Change.objects.get(record_id=payment.pk, action="payment.accepted")
        assert (change.actor, change.reason) == (opal.email, "close enough")
        assert check_integrity() == []

    def test_a_second_decision_changes_nothing(self, payment: Payment, opal: Client, olga: Client) -> None:
        accept_review(payment=payment, actor=opal, note="yes")
        with pytest.raises(NotInReview):
            accept_review(payment=payment, actor=olga, note="yes")
        with pytest.raises(NotInReview):
            return_review(payment=payment, actor=olga, note="no")
        assert Refund.objects.count() == 1

    def test_an_expired_booking_is_taken_again_if_its_time_is_free(self, payment: Payment, opal: Client) -> None:
        Booking.objects.filter(pk=payment.booking_id).update(status=Booking.Status.EXPIRED)
        release(Booking.objects.get(pk=payment.booking_id))
        accept_review(payment=payment, actor=opal, note="yes")
        assert Booking.objects.get(pk=payment.booking_id).status == Booking.Status.CONFIRMED
        assert check_integrity() == []

    def test_a_time_that_somebody_else_has_is_not(
        self, payment: Payment, opal: Client, eli: Client, evse: Evse
    ) -> None:
        booking = Booking.objects.get(pk=payment.booking_id)
        release(booking)
        Booking.objects.filter(pk=booking.pk).update(status=Booking.Status.EXPIRED)
        held(eli, evse)
        with pytest.raises(CannotAccept):
            accept_review(payment=payment, actor=opal, note="yes")
        payment.refresh_from_db()
        assert payment.status == Payment.Status.REVIEW
        return_review(payment=payment, actor=opal, note="sorry")
        assert check_integrity() == []

    def test_too_little_is_not(self, dara: Client, evse: Evse, opal: Client) -> None:
        payment = in_review(dara, evse, surplus_minor=-1)
        with pytest.raises(CannotAccept) as refusal:
            accept_review(payment=payment, actor=opal, note="yes")
        assert "Less is there than the price" in str(refusal.value)

    def test_other_money_is_not(self, dara: Client, evse: Evse, opal: Client) -> None:
        payment = in_review(dara, evse, surplus_minor=0, currency="USD")
        with pytest.raises(CannotAccept) as refusal:
            accept_review(payment=payment, actor=opal, note="yes")
        assert "other money" in str(refusal.value)
        change = Change.objects.get(record_id=payment.pk, action="payment.review")
        assert change.after["came"]["currency"] == "USD"

    def test_nor_is_what_was_partly_sent_back_meanwhile(self, payment: Payment, opal: Client) -> None:
        refund_by_hand(payment=payment, amount_minor=501, note="some", actor=opal, once="a")
        payment.refresh_from_db()
        assert why_not_acceptable(payment)
        with pytest.raises(CannotAccept):
            accept_review(payment=payment, actor=opal, note="yes")


class TestReturning:
    def test_all_of_it_goes_back_once(self, payment: Payment, opal: Client) -> None:
        refund = return_review(payment=payment, actor=opal, note="not ours")
        work_outbox()
        payment.refresh_from_db()
        assert refund is not None
        assert (payment.status, payment.captured_day, payment.kept_minor) == ("captured", None, 0)
        assert payment.refunded_minor == payment.captured_minor == payment.amount_minor + 500
        assert ledger(payment)[-3:] == ["returned", "refund_asked", "refunded"]
        assert check_integrity() == []

    def test_what_is_left_goes_back_after_a_part_did(self, payment: Payment, opal: Client) -> None:
        refund_by_hand(payment=payment, amount_minor=100, note="some", actor=opal, once="a")
        refund = return_review(payment=payment, actor=opal, note="not ours")
        assert refund is not None
        assert refund.amount_minor == payment.captured_minor - 100
        assert check_integrity() == []

    @pytest.mark.race
    def test_two_operators_at_once_decide_once(self, payment: Payment, opal: Client, olga: Client) -> None:
        def accept() -> None:
            accept_review(payment=Payment.objects.get(pk=payment.pk), actor=opal, note="yes")

        def send_back() -> None:
            return_review(payment=Payment.objects.get(pk=payment.pk), actor=olga, note="no")

        assert at_once([accept, send_back, accept, send_back]) == {"won": 1, NotInReview.code: 3}
        assert Change.objects.filter(action__in=["payment.accepted", "payment.returned"]).count() == 1


@pytest.fixture
def refused(dara: Client, evse: Evse, opal: Client, monkeypatch: pytest.MonkeyPatch) -> Refund:
    """A refund that the gateway refused, once."""
    payment = Payment.objects.get(booking=paid(dara, evse))
    refund = refund_by_hand(payment=payment, amount_minor=100, note="sorry", actor=opal, once="a")

    def refuse(*_args: object) -> None:
        raise RefundRefused("no such card")

    with monkeypatch.context() as patched:
        patched.setattr(SandboxGateway, "refund", refuse)
        work_outbox()
    refund.refresh_from_db()
    assert refund.status == Refund.Status.FAILED
    return refund


class TestRefusedRefunds:
    def test_tried_again_it_is_a_refund_of_its_own_however_often_it_is_asked(
        self, refused: Refund, opal: Client
    ) -> None:
        made = {refund_again(refund=refused, actor=opal).pk for _click in range(5)}
        work_outbox()
        refused.refresh_from_db()
        assert len(made) == 1
        assert refused.status == Refund.Status.SET_ASIDE
        assert Refund.objects.get(pk=made.pop()).status == Refund.Status.SUCCEEDED
        assert Payment.objects.get().refunded_minor == 100
        assert check_integrity() == []

    def test_what_went_back_in_another_way_does_not_go_twice(self, refused: Refund, opal: Client) -> None:
        payment = Payment.objects.get()
        refund_by_hand(payment=payment, amount_minor=payment.kept_minor, note="all", actor=opal, once="b")
        with pytest.raises(RefundTooLarge):
            refund_again(refund=refused, actor=opal)
        refused.refresh_from_db()
        assert refused.status == Refund.Status.FAILED
        set_refund_aside(refund=refused, actor=opal, note="went with the rest")
        with pytest.raises(DealtWith):
            set_refund_aside(refund=refused, actor=opal, note="again")
        with pytest.raises(DealtWith):
            refund_again(refund=refused, actor=opal)
        assert check_integrity() == []


class TestGivenUp:
    def test_it_is_tried_again_from_the_start(self, dara: Client, evse: Evse, opal: Client) -> None:
        booking = paid(dara, evse)
        work_outbox()
        command = GatewayCommand.objects.get(kind=GatewayCommand.Kind.CONFIRMATION_EMAIL, payment__booking=booking)
        GatewayCommand.objects.filter(pk=command.pk).update(state="given_up", attempts=20)
        command_again(command=command, actor=opal)
        with pytest.raises(DealtWith):
            command_again(command=command, actor=opal)
        work_outbox()
        command.refresh_from_db()
        assert (command.state, command.attempts) == ("done", 1)

    def test_what_moves_money_is_not_set_aside(self, payment: Payment, opal: Client) -> None:
        now = clock.now()
        commands = [
            GatewayCommand.objects.create(
                payment=payment, kind=kind, idempotency_key=kind, state="given_up", next_at=now
            )
            for kind in ("settle", "late_email")
        ]
        with pytest.raises(StillOwed):
            set_command_aside(command=commands[0], actor=opal, note="no")
        set_command_aside(command=commands[1], actor=opal, note="no such address")
        commands[1].refresh_from_db()
        assert commands[1].state == GatewayCommand.State.SET_ASIDE


def test_a_day_is_explained_once(opal: Client) -> None:
    day = Reconciliation.objects.create(
        gateway="sandbox", day=dt.date(2026, 1, 1), state="differs", checked_at=clock.now()
    )
    explain_day(day=day, actor=opal, note="paid by hand")
    with pytest.raises(DealtWith):
        explain_day(day=day, actor=opal, note="again")
    assert Change.objects.get(record_id=day.pk).reason == "paid by hand"
