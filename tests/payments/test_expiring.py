"""A hold that is over takes its attempt to pay with it; money that came first is never lost."""

import datetime as dt
from typing import Any

import pytest
from django.conf import settings
from django.test import Client as Visitor

from bookings.holding import expire_hold, expire_holds
from bookings.models import Booking, Client, Evse
from evbunker import clock
from payments import outbox
from payments.expiring import cancel_attempt
from payments.gateways.base import GatewayDown
from payments.gateways.sandbox import SandboxGateway
from payments.integrity import check_integrity
from payments.models import GatewayCommand, Payment, PaymentEvent, Refund, SandboxPayment
from payments.reconciling import reconcile_payments
from payments.settling import settle
from payments.starting import start_payment
from tests.booking_steps import decide, held, pending
from tests.bookings.test_hold_races import at_once

OVER = dt.timedelta(seconds=settings.BOOKING_HOLD_SECONDS + settings.BOOKING_TAKEOVER_GRACE_SECONDS + 2)


@pytest.fixture
def booking(dara: Client, evse: Evse) -> Booking:
    return held(dara, evse)


@pytest.fixture
def payment(booking: Booking) -> Payment:
    return pending(booking)


def states(payment: Payment) -> tuple[str, str]:
    payment.refresh_from_db()
    return payment.status, Booking.objects.get(pk=payment.booking_id).status


def nobody_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process died between the commit and the signal."""
    monkeypatch.setattr("payments.receivers.ask_to_cancel", lambda _booking_id: None)


def test_the_sweeper_s_expiry_cancels_at_the_gateway_and_then_here(payment: Payment, client: Visitor) -> None:
    with clock.shifted(OVER):
        assert expire_holds() == 1
        assert states(payment) == ("pending", "expired")
        outbox.work_outbox()
    assert states(payment) == ("cancelled", "expired")
    assert SandboxPayment.objects.get().outcome == "cancelled"
    html = client.get(f"/payments/sandbox/{payment.gateway_ref}/").content.decode()
    assert "This payment was cancelled" in html
    assert "Let it fail" not in html
    assert client.post(f"/payments/sandbox/{payment.gateway_ref}/", {"outcome": "pay"}).status_code == 303
    settle(payment)
    assert states(payment) == ("cancelled", "expired")
    assert check_integrity() == []


def test_a_takeover_does_so_too(payment: Payment, booking: Booking, eli: Client, evse: Evse) -> None:
    minutes = int((booking.starts_at - clock.now()).total_seconds()) // 60
    with clock.shifted(OVER):
        held(eli, evse, in_minutes=minutes - int(OVER.total_seconds()) // 60 - 1)
        outbox.work_outbox()
    assert states(payment) == ("cancelled", "expired")
    assert check_integrity() == []


def test_an_expiry_asks_once(payment: Payment, booking: Booking) -> None:
    from payments.expiring import ask_to_cancel

    ask_to_cancel(booking.pk)
    ask_to_cancel(booking.pk)
    assert GatewayCommand.objects.filter(kind="cancel").count() == 1


class TestWhatWasCutOff:
    def test_between_expiry_and_signal(self, payment: Payment, monkeypatch: pytest.MonkeyPatch) -> None:
        nobody_is_told(monkeypatch)
        with clock.shifted(OVER):
            expire_holds()
            assert reconcile_payments().cancelled == 1
            assert reconcile_payments().cancelled == 0
        assert states(payment) == ("cancelled", "expired")

    def test_between_the_gateway_s_answer_and_our_books(self, payment: Payment, monkeypatch: Any) -> None:
        def dies(*_arguments: object) -> None:
            raise KeyboardInterrupt

        with clock.shifted(OVER):
            expire_holds()
            with monkeypatch.context() as patched:
                patched.setattr("payments.expiring.apply", dies)
                with pytest.raises(KeyboardInterrupt):
                    outbox.work_outbox()
            assert states(payment) == ("pending", "expired")
            reconcile_payments()
        assert states(payment) == ("cancelled", "expired")
        assert PaymentEvent.objects.filter(kind="cancelled").count() == 1
        assert check_integrity() == []

    def test_a_hold_that_lapsed_and_nobody_expired(self, payment: Payment) -> None:
        with clock.shifted(OVER):
            assert reconcile_payments().cancelled == 1
        assert states(payment) == ("cancelled", "expired")
        assert check_integrity() == []

    def test_a_hold_within_its_time_is_left_alone(self, payment: Payment) -> None:
        with clock.shifted(OVER - dt.timedelta(seconds=40)):
            assert reconcile_payments(older_than=dt.timedelta(0)).cancelled == 0
        assert states(payment) == ("pending", "held")

    def test_a_second_attempt_beside_one_that_was_captured_after_all(self, payment: Payment, booking: Booking) -> None:
        decide(payment, "fail")
        settle(payment)
        second = pending(booking)
        decide(payment, "pay")
        settle(payment)
        assert states(second) == ("pending", "confirmed")
        assert reconcile_payments().cancelled == 1
        assert states(second) == ("cancelled", "confirmed")
        assert check_integrity() == []


class TestMoneyThatCameFirst:
    def test_confirms_if_the_slots_are_free(self, payment: Payment) -> None:
        decide(payment)
        with clock.shifted(OVER):
            expire_holds()
            outbox.work_outbox()
        assert states(payment) == ("captured", "confirmed")
        assert PaymentEvent.objects.filter(kind="captured").count() == 1
        assert check_integrity() == []

    def test_goes_back_if_not(self, payment: Payment, booking: Booking, eli: Client, evse: Evse) -> None:
        decide(payment)
        minutes = int((booking.starts_at - clock.now()).total_seconds()) // 60
        with clock.shifted(OVER):
            held(eli, evse, in_minutes=minutes - int(OVER.total_seconds()) // 60 - 1)
            for _run in range(3):
                outbox.work_outbox()
                reconcile_payments()
        assert states(payment) == ("captured", "expired")
        assert (Refund.objects.count(), payment.refunded_minor) == (1, payment.amount_minor)
        assert check_integrity() == []

    def test_after_it_was_cancelled_here_it_is_still_taken_into_the_books(self, payment: Payment) -> None:
        """A gateway that says cancelled, then captured: PaymentIntents cannot, orders with a late authorisation can."""
        with clock.shifted(OVER):
            expire_holds()
            outbox.work_outbox()
            SandboxPayment.objects.update(outcome="paid", effective_at=clock.now())
            settle(payment)
            settle(payment)
        assert states(payment) == ("captured", "confirmed")
        assert check_integrity() == []

    @pytest.mark.race
    def test_the_payer_and_the_cancellation_at_once(self, payment: Payment) -> None:
        with clock.shifted(OVER):
            expire_holds()
            at_once([
                lambda: decide(payment),
                *[lambda: cancel_attempt(Payment.objects.get(pk=payment.pk))] * 4,
                *[lambda: settle(Payment.objects.get(pk=payment.pk))] * 4,
            ])  # fmt: skip
            reconcile_payments()
        paid = SandboxPayment.objects.get().outcome == "paid"
        assert states(payment) == (("captured", "confirmed") if paid else ("cancelled", "expired"))


class TestAGatewayThatDidNotAnswer:
    def test_whose_payment_was_never_made_is_closed(self, booking: Booking, monkeypatch: pytest.MonkeyPatch) -> None:
        payment = self.lost(booking, monkeypatch, made=False)
        with clock.shifted(OVER):
            expire_holds()
            outbox.work_outbox()
        assert states(payment) == ("cancelled", "expired")
        assert not SandboxPayment.objects.exists()
        assert check_integrity() == []

    def test_whose_payment_was_made_is_cancelled_there(self, booking: Booking, monkeypatch: pytest.MonkeyPatch) -> None:
        payment = self.lost(booking, monkeypatch, made=True)
        with clock.shifted(OVER):
            expire_holds()
            reconcile_payments()
        assert states(payment) == ("cancelled", "expired")
        assert SandboxPayment.objects.get().outcome == "cancelled"

    def test_until_the_attempt_was_given_up_has_it_cancelled_there(
        self, booking: Booking, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The answer comes when nobody wants it any more."""
        real = SandboxGateway.create

        def slow(self: SandboxGateway, request: Any) -> Any:
            payment = Payment.objects.get(booking=booking)
            cancel_attempt(payment)
            assert payment.status == "cancelled"
            return real(self, request)

        with monkeypatch.context() as patched:
            patched.setattr(SandboxGateway, "create", slow)
            payment = start_payment(booking=booking, gateway="sandbox")
        assert (payment.status, payment.pay_url, SandboxPayment.objects.get().outcome) == ("cancelled", "", "open")
        outbox.work_outbox()
        assert SandboxPayment.objects.get().outcome == "cancelled"
        assert check_integrity() == []

    def test_is_asked_again(self, payment: Payment, monkeypatch: pytest.MonkeyPatch) -> None:
        def silent(_self: object, _ref: str) -> None:
            raise GatewayDown("no answer")

        with clock.shifted(OVER):
            with monkeypatch.context() as patched:
                patched.setattr(SandboxGateway, "cancel", silent)
                expire_holds()
                reconcile_payments()
            assert states(payment) == ("pending", "expired")
            reconcile_payments()
        assert states(payment) == ("cancelled", "expired")

    def lost(self, booking: Booking, monkeypatch: pytest.MonkeyPatch, *, made: bool) -> Payment:
        """An attempt whose answer got lost, with or without its having been made."""
        real = SandboxGateway.create

        def create(self: SandboxGateway, request: Any) -> None:
            if made:
                real(self, request)
            raise GatewayDown("the answer was lost")

        with monkeypatch.context() as patched:
            patched.setattr(SandboxGateway, "create", create)
            payment = start_payment(booking=booking, gateway="sandbox")
        assert (payment.status, payment.gateway_ref) == ("created", None)
        return payment


def test_one_expiry_too_many_changes_nothing(payment: Payment, booking: Booking) -> None:
    with clock.shifted(OVER):
        assert expire_hold(booking)
        assert not expire_hold(booking)
        outbox.work_outbox()
    assert GatewayCommand.objects.filter(kind="cancel").count() == 1
