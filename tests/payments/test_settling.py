"""Settling: forward only, once, in any order, and never against the gateway's own word."""

import datetime as dt

import pytest
from django.conf import settings
from django.core import mail

from bookings.holding import expire_holds
from bookings.models import Booking, ChargingSession, Client, EcoStat, Evse
from bookings.refusals import HoldExpired
from evbunker import clock
from payments import outbox
from payments.cancelling import cancel_booking
from payments.gateways.base import GatewayDown, GatewayPayment
from payments.gateways.sandbox import SandboxGateway
from payments.integrity import check_integrity
from payments.models import GatewayCommand, Payment, PaymentEvent, Refund, SandboxPayment
from payments.reconciling import reconcile_payments
from payments.settling import settle
from payments.starting import start_payment
from tests.booking_steps import decide, held, pending
from tests.bookings.test_hold_races import at_once

AFTER_THE_GRACE = dt.timedelta(seconds=settings.BOOKING_HOLD_SECONDS + settings.BOOKING_TAKEOVER_GRACE_SECONDS + 2)


@pytest.fixture
def booking(dara: Client, evse: Evse) -> Booking:
    return held(dara, evse)


def test_the_intent_is_written_before_the_gateway_is_called(booking: Booking, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def create(self: object, request: object) -> GatewayPayment:
        seen.append(Payment.objects.get(idempotency_key=request.idempotency_key).status)
        raise GatewayDown("nobody there")

    with monkeypatch.context() as patched:
        patched.setattr(SandboxGateway, "create", create)
        payment = start_payment(booking=booking, gateway="sandbox")
    assert (seen, payment.status, payment.gateway_ref) == (["created"], "created", None)

    with clock.shifted(dt.timedelta(minutes=1)):
        outbox.work_outbox()
    payment.refresh_from_db()
    assert payment.status == "pending"
    assert SandboxPayment.objects.count() == 1


def test_a_booking_has_one_live_attempt(booking: Booking) -> None:
    assert pending(booking) == pending(booking)
    assert SandboxPayment.objects.count() == 1


@pytest.mark.race
def test_twenty_equal_clicks_make_one_payment(booking: Booking) -> None:
    assert at_once([lambda: pending(booking) for _ in range(20)])["won"] >= 1
    assert Payment.objects.count() == SandboxPayment.objects.count() == 1


def test_amount_and_currency_are_the_quote_s(booking: Booking) -> None:
    payment = pending(booking)
    book = SandboxPayment.objects.get()
    assert (book.amount_minor, book.currency) == (booking.quote_minor, booking.currency)
    assert (payment.amount_minor, payment.currency) == (booking.quote_minor, booking.currency)


def test_a_capture_confirms_once_and_mails_once(booking: Booking, dara: Client) -> None:
    payment = pending(booking)
    decide(payment)
    settle(payment)
    settle(payment)
    outbox.work_outbox()
    outbox.work_outbox()

    booking.refresh_from_db()
    assert (payment.status, payment.captured_minor, booking.status) == ("captured", booking.quote_minor, "confirmed")
    assert PaymentEvent.objects.filter(kind="captured").count() == 1
    assert ChargingSession.objects.count() == EcoStat.objects.count() == 1
    assert [message.to for message in mail.outbox] == [[dara.email]]
    assert mail.outbox[0].attachments[0][0] == "booking.ics"
    assert check_integrity() == []


@pytest.mark.race
def test_webhook_browser_and_poller_at_once_confirm_once(booking: Booking) -> None:
    payment = pending(booking)
    decide(payment)
    outcome = at_once([lambda: settle(Payment.objects.get(pk=payment.pk)) for _ in range(12)])

    assert set(outcome) <= {"won", "busy"}
    assert PaymentEvent.objects.filter(kind="captured").count() == 1
    assert ChargingSession.objects.count() == 1


def test_a_failed_attempt_lets_the_driver_try_again(booking: Booking) -> None:
    first = pending(booking)
    decide(first, "fail")
    settle(first)
    assert (first.status, first.live_for) == ("failed", None)
    second = pending(booking)
    decide(second)
    settle(second)
    booking.refresh_from_db()
    assert (second.status, booking.status) == ("captured", "confirmed")
    assert check_integrity() == []


def test_a_failed_attempt_that_is_captured_after_all_confirms(booking: Booking) -> None:
    payment = pending(booking)
    decide(payment, "fail")
    settle(payment)
    decide(payment, "pay")
    settle(payment)
    booking.refresh_from_db()
    assert (payment.status, booking.status) == ("captured", "confirmed")


def test_captured_is_never_left(booking: Booking, monkeypatch: pytest.MonkeyPatch) -> None:
    payment = pending(booking)
    book = decide(payment)
    settle(payment)
    SandboxPayment.objects.filter(pk=book.pk).update(outcome="failed")
    settle(payment)
    assert payment.status == "captured"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"amount_minor": 1}, "amount"),
        ({"currency": "USD"}, "currency"),
    ],
)
def test_a_mismatch_goes_to_review_and_confirms_nothing(
    booking: Booking, change: dict[str, object], reason: str
) -> None:
    payment = pending(booking)
    book = decide(payment)
    SandboxPayment.objects.filter(pk=book.pk).update(**change)
    settle(payment)
    booking.refresh_from_db()
    assert (payment.status, payment.review_reason, booking.status) == ("review", reason, "held")


class TestLateMoney:
    def late(self, payment: Payment) -> None:
        decide(payment, "pay_late")
        settle(payment)
        assert payment.status == "pending"

    def test_confirms_while_nobody_took_the_hold_over(self, booking: Booking) -> None:
        payment = pending(booking)
        self.late(payment)
        with clock.shifted(AFTER_THE_GRACE):
            settle(payment)
        booking.refresh_from_db()
        assert (payment.status, booking.status) == ("captured", "confirmed")

    def test_takes_the_same_slots_again_after_the_job_expired_it(self, booking: Booking) -> None:
        payment = pending(booking)
        self.late(payment)
        with clock.shifted(AFTER_THE_GRACE):
            assert expire_holds() == 1
            settle(payment)
        booking.refresh_from_db()
        assert (payment.status, booking.status) == ("captured", "confirmed")
        assert check_integrity() == []

    def test_goes_back_when_somebody_else_has_the_slots(self, booking: Booking, eli: Client, evse: Evse) -> None:
        payment = pending(booking)
        self.late(payment)
        minutes = int((booking.starts_at - clock.now()).total_seconds() // 60) - 15
        with clock.shifted(AFTER_THE_GRACE):
            held(eli, evse, in_minutes=minutes - 10)
            settle(payment)
            settle(payment)
            outbox.work_outbox()
        booking.refresh_from_db()
        payment.refresh_from_db()
        assert (payment.status, payment.refunded_minor, booking.status) == ("captured", payment.amount_minor, "expired")
        assert (payment.captured_day, Refund.objects.get().reason) == (None, "late")
        assert not ChargingSession.objects.exists()
        [letter] = mail.outbox
        assert letter.subject.startswith("Not booked: Harbour")
        assert "was sent back to you" in letter.body
        assert check_integrity() == []

    def test_goes_back_when_the_time_has_begun(self, booking: Booking) -> None:
        payment = pending(booking)
        self.late(payment)
        with clock.shifted(booking.starts_at - clock.now()):
            expire_holds()
            settle(payment)
        assert (payment.status, payment.refund_reserved_minor) == ("captured", payment.amount_minor)
        assert check_integrity() == []

    def test_goes_back_when_the_booking_was_cancelled(self, booking: Booking, dara: Client) -> None:
        payment = pending(booking)
        decide(payment)
        cancel_booking(booking=booking, actor=dara)
        settle(payment)
        assert (payment.status, payment.refund_reserved_minor) == ("captured", payment.amount_minor)
        assert check_integrity() == []


def test_cancelling_tells_the_gateway(booking: Booking, dara: Client) -> None:
    payment = pending(booking)
    cancel_booking(booking=booking, actor=dara)
    outbox.work_outbox()
    payment.refresh_from_db()
    assert payment.status == "cancelled"
    assert SandboxPayment.objects.get().outcome == "cancelled"
    assert check_integrity() == []


def test_an_expired_hold_is_not_payable(booking: Booking) -> None:
    with clock.shifted(dt.timedelta(seconds=settings.BOOKING_HOLD_SECONDS)), pytest.raises(HoldExpired):
        start_payment(booking=booking, gateway="sandbox")


def test_the_poller_finds_what_no_webhook_told(booking: Booking) -> None:
    payment = pending(booking)
    decide(payment)
    with clock.shifted(dt.timedelta(minutes=3)):
        assert reconcile_payments().payments == 1
    payment.refresh_from_db()
    assert payment.status == "captured"


class TestTheOutbox:
    def test_a_command_another_worker_leases_is_left_alone(self, booking: Booking) -> None:
        payment = pending(booking)
        command = GatewayCommand.objects.create(
            payment=payment, kind="cancel", idempotency_key="x", next_at=clock.now(),
            lease_until=clock.now() + dt.timedelta(seconds=30),
        )  # fmt: skip
        outbox.work_outbox()
        command.refresh_from_db()
        assert (command.state, SandboxPayment.objects.get().outcome) == ("waiting", "open")
        with clock.shifted(dt.timedelta(seconds=31)):
            outbox.work_outbox()
        assert SandboxPayment.objects.get().outcome == "cancelled"

    def test_a_failure_is_written_down_and_tried_later(self, booking: Booking, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(_self: object, _request: object) -> None:
            raise GatewayDown("no route")

        with monkeypatch.context() as patched:
            patched.setattr(SandboxGateway, "create", broken)
            start_payment(booking=booking, gateway="sandbox")
        command = GatewayCommand.objects.get()
        assert (command.state, command.attempts) == ("waiting", 1)
        assert "no route" in command.last_error
        assert command.next_at > clock.now()


def crash(**_arguments: object) -> None:
    """A process that dies: nothing after it runs."""
    raise KeyboardInterrupt


@pytest.mark.parametrize("where", ["payments.settling.confirm_booking", "bookings.confirming.write_eco_stat"])
def test_dying_inside_the_unit_of_work_leaves_nothing_half_done(
    booking: Booking, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    payment = pending(booking)
    decide(payment)
    with monkeypatch.context() as patched:
        patched.setattr(where, crash)
        with pytest.raises(KeyboardInterrupt):
            settle(payment)
    payment.refresh_from_db()
    assert payment.status == "pending"
    assert check_integrity() == []
    settle(payment)
    assert payment.status == "captured"
    assert check_integrity() == []


def test_what_failed_and_is_captured_all_the_same_is_found_without_a_webhook(dara: Client, evse: Evse) -> None:
    """The webhook gets lost, and the poller asks for attempts under way only."""
    payment = pending(held(dara, evse))
    decide(payment, "fail")
    settle(payment)
    assert payment.status == Payment.Status.FAILED
    decide(payment, "pay")
    with clock.shifted(dt.timedelta(minutes=9)):
        reconcile_payments()
    payment.refresh_from_db()
    assert payment.status == Payment.Status.FAILED
    with clock.shifted(dt.timedelta(minutes=11)):
        reconcile_payments()
    payment.refresh_from_db()
    assert payment.status == Payment.Status.CAPTURED
    assert payment.kept_minor in (0, payment.amount_minor), "it confirmed the booking, or all of it goes back"
    assert check_integrity() == []
