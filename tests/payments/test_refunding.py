"""Money that goes back: what is due, once, never more than came."""

import datetime as dt
from typing import Any

import pytest
from django.core import mail

from bookings.charging import complete_sessions, start_session, stop_session
from bookings.models import Booking, ChargingSession, Client, EcoStat, Evse
from evbunker import clock
from evbunker.models import Change
from payments import outbox
from payments.cancelling import cancel_booking
from payments.gateways.base import GatewayDown, GatewayRefund, RefundRefused, RefundTruth
from payments.gateways.sandbox import SandboxGateway
from payments.integrity import check_integrity
from payments.models import Payment, PaymentEvent, Refund, SandboxRefund
from payments.reconciling import reconcile_payments
from payments.refunding import RefundTooLarge, request_refund
from tests.booking_steps import held, paid
from tests.bookings.test_hold_races import at_once
from tests.payments.test_views_webhook import send

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def booking(dara: Client, evse: Evse) -> Booking:
    """Paid, and five hours ahead: free to cancel for another three."""
    return paid(dara, evse, in_minutes=300)


@pytest.fixture
def payment(booking: Booking) -> Payment:
    return Payment.objects.get(booking=booking)


def refund(payment: Payment, amount_minor: int = 100, once: str = "test") -> Refund:
    return request_refund(
        payment=payment, amount_minor=amount_minor, reason=Refund.Reason.OPERATOR, once=once, actor="test"
    )


def sums(payment: Payment) -> tuple[int, int]:
    payment.refresh_from_db()
    return payment.refund_reserved_minor, payment.refunded_minor


class TestCancelling:
    def test_in_time_everything_comes_back(
        self, booking: Booking, payment: Payment, dara: Client, eli: Client, evse: Evse
    ) -> None:
        outbox.work_outbox()
        mail.outbox.clear()
        assert cancel_booking(booking=booking, actor=dara)
        assert sums(payment) == (booking.quote_minor, 0)
        outbox.work_outbox()
        assert sums(payment) == (booking.quote_minor, booking.quote_minor)
        assert ChargingSession.objects.get().status == "aborted"
        assert not EcoStat.objects.exists()
        assert held(eli, evse, in_minutes=300).starts_at == booking.starts_at
        assert [letter.subject.split(",")[0] for letter in mail.outbox] == ["Cancelled: Harbour"]
        assert "was sent back to you" in mail.outbox[0].body
        assert check_integrity() == []

    def test_late_its_policy_s_part_does(self, booking: Booking, payment: Payment, dara: Client) -> None:
        with clock.shifted(booking.starts_at - clock.now() - HOUR):
            cancel_booking(booking=booking, actor=dara)
        assert sums(payment)[0] == -(-booking.quote_minor // 2)

    def test_the_last_moment_of_free_cancelling_is_still_free(
        self, booking: Booking, payment: Payment, dara: Client
    ) -> None:
        with clock.moved_to(booking.starts_at - 2 * HOUR):
            cancel_booking(booking=booking, actor=dara)
        assert sums(payment)[0] == booking.quote_minor

    def test_where_nothing_comes_back_nothing_is_sent(self, booking: Booking, payment: Payment, dara: Client) -> None:
        booking.policy_terms |= {"free_cancel_hours": 24, "late_refund_bp": 0}
        booking.save()
        cancel_booking(booking=booking, actor=dara)
        assert sums(payment) == (0, 0)
        assert check_integrity() == []

    @pytest.mark.race
    def test_twenty_clicks_send_it_back_once(self, booking: Booking, payment: Payment, dara: Client) -> None:
        tasks = [lambda: cancel_booking(booking=Booking.objects.get(pk=booking.pk), actor=dara) for _ in range(20)]
        assert set(at_once(tasks)) <= {"won", "busy"}
        assert Refund.objects.count() == 1

    def test_dying_in_the_middle_leaves_the_booking_as_it_was(
        self, booking: Booking, payment: Payment, dara: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def crash(*_payments: object, **_arguments: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr("payments.cancelling.send_back", crash)
            with pytest.raises(KeyboardInterrupt):
                cancel_booking(booking=booking, actor=dara)
        booking.refresh_from_db()
        assert booking.status == "confirmed"
        assert check_integrity() == []


class TestReserving:
    def test_no_refund_exceeds_what_is_left(self, payment: Payment) -> None:
        refund(payment, payment.amount_minor - 10)
        with pytest.raises(RefundTooLarge):
            refund(payment, 11, once="more")
        refund(payment, 10, once="rest")
        assert check_integrity() == []

    @pytest.mark.race
    def test_of_many_at_once_only_as_many_pass_as_fit(self, payment: Payment) -> None:
        share = payment.amount_minor // 3
        tasks = [lambda n=n: refund(Payment.objects.get(pk=payment.pk), share, once=str(n)) for n in range(16)]
        outcome = at_once(tasks)
        assert set(outcome) <= {"won", "refund_too_large", "busy"}
        assert 1 <= outcome["won"] <= 3

    def test_the_books_notice_a_sum_that_does_not_fit(self, payment: Payment) -> None:
        refund(payment)
        Payment.objects.filter(pk=payment.pk).update(refund_reserved_minor=0)
        assert any("its refunds do not fit" in finding for finding in check_integrity())


class TestSending:
    def test_a_gateway_that_does_not_answer_is_asked_again_under_the_same_key(
        self, payment: Payment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made, real = refund(payment), SandboxGateway.refund

        def answer_lost(self: SandboxGateway, request: Any) -> None:
            real(self, request)
            raise GatewayDown("the answer was lost")

        with monkeypatch.context() as patched:
            patched.setattr(SandboxGateway, "refund", answer_lost)
            outbox.work_outbox()
        made.refresh_from_db()
        assert (made.status, SandboxRefund.objects.count()) == ("requested", 1)
        with clock.shifted(dt.timedelta(minutes=1)):
            outbox.work_outbox()
            outbox.work_outbox()
        made.refresh_from_db()
        assert (made.status, SandboxRefund.objects.count(), sums(payment)) == ("succeeded", 1, (100, 100))
        assert check_integrity() == []

    def test_a_refusal_frees_what_was_reserved_and_is_written_down(
        self, payment: Payment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(_self: object, _request: object) -> None:
            raise RefundRefused("The card is closed.")

        made = refund(payment)
        with monkeypatch.context() as patched:
            patched.setattr(SandboxGateway, "refund", refuse)
            outbox.work_outbox()
        made.refresh_from_db()
        assert (made.status, sums(payment)) == ("failed", (0, 0))
        assert Change.objects.get(action="refund.failed").after == {"note": "The card is closed."}
        assert PaymentEvent.objects.get(kind="refund_fail").note == "The card is closed."
        assert check_integrity() == []

    def test_one_that_takes_days_is_found_by_the_poller(
        self, payment: Payment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def slow(_self: object, request: Any) -> GatewayRefund:
            return GatewayRefund("sbr_slow", RefundTruth.OPEN, request.amount_minor, request.currency)

        def done(_self: object, ref: str) -> GatewayRefund:
            return GatewayRefund(ref, RefundTruth.SUCCEEDED, 100, "EUR")

        made = refund(payment)
        monkeypatch.setattr(SandboxGateway, "refund", slow)
        monkeypatch.setattr(SandboxGateway, "look_up_refund", done)
        outbox.work_outbox()
        made.refresh_from_db()
        assert made.status == "submitted"
        with clock.shifted(dt.timedelta(minutes=3)):
            assert reconcile_payments().refunds == 1
            assert reconcile_payments().refunds == 0
        assert sums(payment) == (100, 100)


class TestWebhooks:
    def event(self, payment: Payment, kind: str, amount_minor: int = 100) -> dict[str, Any]:
        data = {"payment": payment.gateway_ref, "amount_minor": amount_minor, "currency": "EUR", "live": False}
        return {"id": f"evt_{kind}_{amount_minor}", "type": kind, "created": 1, "data": data}

    def test_a_backed_one_is_taken_into_the_books_once(self, payment: Payment, monkeypatch: pytest.MonkeyPatch) -> None:
        with monkeypatch.context() as patched:
            patched.setattr("payments.refunding.apply_refund", lambda _refund, _seen: None)
            refund(payment)
            outbox.work_outbox()
        answers = [send(self.event(payment, "refund.succeeded")).json() for _ in range(2)]
        assert answers == [{"state": "done"}] * 2
        assert sums(payment) == (100, 100)

    @pytest.mark.parametrize(("kind", "amount_minor"), [("refund.failed", 100), ("refund.succeeded", 99)])
    def test_one_that_the_gateway_does_not_back_changes_nothing(
        self, payment: Payment, kind: str, amount_minor: int
    ) -> None:
        refund(payment)
        outbox.work_outbox()
        assert send(self.event(payment, kind, amount_minor)).json() == {"state": "unbacked"}
        assert sums(payment) == (100, 100)

    def test_one_for_a_payment_without_refunds_is_kept(self, payment: Payment) -> None:
        assert send(self.event(payment, "refund.succeeded")).json() == {"state": "unbacked"}


class TestWhatIsNotUsed:
    def test_energy_that_did_not_flow_comes_back(self, booking: Booking, payment: Payment, dara: Client) -> None:
        with clock.moved_to(booking.starts_at):
            start_session(booking=booking, actor=dara)
        with clock.moved_to(booking.starts_at + dt.timedelta(minutes=10)):
            session = stop_session(booking=booking, actor=dara)
        assert 0 < session.cost_minor < booking.quote_minor
        with clock.moved_to(booking.ends_at):
            outbox.work_outbox()
            outbox.work_outbox()
        assert sums(payment) == (booking.quote_minor - session.cost_minor,) * 2
        assert Refund.objects.get().reason == "unused"
        assert check_integrity() == []

    def test_what_an_operator_gave_comes_on_top(self, booking: Booking, payment: Payment, dara: Client) -> None:
        refund(payment, 100)
        with clock.moved_to(booking.starts_at):
            start_session(booking=booking, actor=dara)
        with clock.moved_to(booking.starts_at + dt.timedelta(minutes=10)):
            session = stop_session(booking=booking, actor=dara)
        with clock.moved_to(booking.ends_at):
            outbox.work_outbox()
        assert sums(payment)[0] == 100 + booking.quote_minor - session.cost_minor
        assert check_integrity() == []

    def test_who_uses_all_gets_nothing_back(self, booking: Booking, payment: Payment, dara: Client) -> None:
        with clock.moved_to(booking.starts_at):
            start_session(booking=booking, actor=dara)
        with clock.moved_to(booking.ends_at):
            complete_sessions()
            outbox.work_outbox()
        assert sums(payment) == (0, 0)

    def test_of_a_no_show_its_policy_s_part_comes_back(self, booking: Booking, payment: Payment) -> None:
        booking.policy_terms |= {"no_show_fee_bp": 3000}
        booking.save()
        with clock.moved_to(booking.ends_at):
            complete_sessions()
            outbox.work_outbox()
        kept = (booking.quote_minor * 3 + 5) // 10
        assert sums(payment)[0] == booking.quote_minor - kept
        assert Refund.objects.get().reason == "no_show"

    def test_it_waits_for_a_booking_that_is_not_closed_yet(self, booking: Booking, payment: Payment) -> None:
        booking.policy_terms |= {"no_show_fee_bp": 0}
        booking.save()
        with clock.moved_to(booking.ends_at):
            outbox.work_outbox()
            assert sums(payment) == (0, 0)
            complete_sessions()
        with clock.moved_to(booking.ends_at + dt.timedelta(minutes=1)):
            outbox.work_outbox()
        assert sums(payment)[0] == booking.quote_minor

    def test_what_a_cancelled_booking_keeps_is_kept(self, booking: Booking, payment: Payment, dara: Client) -> None:
        with clock.shifted(booking.starts_at - clock.now() - HOUR):
            cancel_booking(booking=booking, actor=dara)
        with clock.moved_to(booking.ends_at):
            outbox.work_outbox()
        assert Refund.objects.count() == 1
