"""Whatever drivers, the gateway, workers and the clock do, in any order: money that came is a booking, or goes back.

Hypothesis plays them against the services, with real commits, and compares with a small model: what of each payment
must have gone back in the end. `HYPOTHESIS_EXAMPLES=2000` plays long, and differently each time (CONTRIBUTING.md).
"""

import datetime as dt
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any
from uuid import UUID

import hypothesis.strategies as st
import pytest
from django.db.models import Sum
from django.test import override_settings
from hypothesis import HealthCheck
from hypothesis import settings as pace
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule, run_state_machine_as_test

from bookings.charging import complete_sessions, start_session, stop_session
from bookings.holding import expire_holds, hold
from bookings.models import Booking, ChargingSession
from bookings.slots import Period
from evbunker import clock
from evbunker.errors import DomainError
from payments import outbox, sandbox
from payments.cancelling import cancel_booking
from payments.closing import close_booking
from payments.errands import ERRANDS
from payments.integrity import check_integrity
from payments.models import GatewayCommand, Payment, Refund, SandboxPayment
from payments.moving import move_booking
from payments.reconciling import reconcile_payments
from payments.refunding import refund_by_hand
from payments.starting import start_payment
from payments.views.booking import look_again
from payments.webhooks import receive
from tests import sweep
from tests.payments.books import come_to_rest, differences
from tests.people import make_client
from tests.places import make_evse, make_station, make_tariff

LONG = int(os.environ.get("HYPOTHESIS_EXAMPLES", "0"))
EXAMPLES, STEPS, CHECK_EVERY = LONG or 4, 25, 5
PATIENT: dict[str, Any] = {
    "deadline": None, "database": None, "print_blob": True, "suppress_health_check": list(HealthCheck),
}  # fmt: skip
NOON = dt.datetime(2026, 5, 4, 12, 2, tzinfo=dt.UTC)
BEGINNINGS = [NOON.replace(hour=hour, minute=minute) for hour, minute in [(12, 30), (13, 0), (18, 0), (18, 15)]]
"""Of bookings: soon, within the last two hours (when only half comes back), and later."""
LATE_BP = NO_SHOW_BP = 5000
Money = Counter[UUID]
any_number = st.integers(min_value=0, max_value=999)


class Died(BaseException):
    """The process ended here."""


class Everybody(RuleBasedStateMachine):
    """`back` is the model: what of each payment is to have gone back because somebody asked for it."""

    bookings: Bundle[UUID] = Bundle("bookings")

    def __init__(self) -> None:
        super().__init__()
        sweep.sweep()
        station = make_station(tariff=make_tariff(late_refund_bp=LATE_BP, no_show_fee_bp=NO_SHOW_BP), evse_count=2)
        self.evses = [make_evse(station, label) for label in "12"]
        self.drivers = [make_client(name) for name in ("dara", "eli", "finn")]
        self.back, self.steps = Money(), 0
        self.free: dict[UUID, dt.datetime] = {}
        self.sent: list[bytes] = []
        self.captured: dict[UUID, int] = {}
        self.now, self.stopped = NOON, ExitStack()
        self.pass_time(dt.timedelta())

    # -- Drivers ------------------------------------------------------------------------------------------------------

    @rule(target=bookings, driver=any_number, evse=any_number, at=st.sampled_from(BEGINNINGS), slots=st.integers(1, 2))
    def hold(self, driver: int, evse: int, at: dt.datetime, slots: int) -> Any:
        try:
            return hold(
                client=self.drivers[driver % 3], evse=self.evses[evse % 2], starts_at=at, minutes=15 * slots,
                energy_wh=5_000,
            ).pk  # fmt: skip
        except DomainError:
            return multiple()

    @rule(booking=bookings, outbox=st.sampled_from(["works", "dies before", "dies after", "answer lost"]))
    def start_paying(self, booking: UUID, outbox: str) -> None:
        with suppress(DomainError, Died), a_worker_that(outbox):
            start_payment(booking=Booking.objects.get(pk=booking), gateway="sandbox")

    @rule(booking=bookings, attempt=any_number, outcome=st.sampled_from(["pay", "pay", "pay_late", "fail"]))
    def decide(self, booking: UUID, attempt: int, outcome: str) -> None:
        """At the gateway's page, of this attempt or an earlier one, perhaps again; it will call us."""
        pages = SandboxPayment.objects.filter(payment_id__in=[str(pk) for pk in self.attempts(booking)])
        books = sorted(pages, key=lambda book: book.pk)
        if books and sandbox.decide(book := books[attempt % len(books)], outcome):
            self.sent.append(sandbox.event_of(book))

    @rule(booking=bookings)
    def come_back_to_the_page(self, booking: UUID) -> None:
        look_again(Booking.objects.get(pk=booking))

    @rule(booking=bookings)
    def give_up(self, booking: UUID) -> None:
        shown = Booking.objects.get(pk=booking)
        payment = self.confirming(booking) if shown.status == "confirmed" else None
        with suppress(DomainError):
            if cancel_booking(booking=shown, actor=shown.client) and payment:
                free = self.now <= self.free_until(shown)
                self.expect_back(payment, payment.captured_minor if free else half_of(payment))

    @rule(booking=bookings, at=st.sampled_from(BEGINNINGS), evse=any_number)
    def move(self, booking: UUID, at: dt.datetime, evse: int) -> None:
        """To another time at the same price; of what is paid, the earliest end of free cancelling stays."""
        shown = Booking.objects.get(pk=booking)
        before, moved = self.free_until(shown), False
        with suppress(DomainError):
            moved = move_booking(booking=shown, starts_at=at, actor=shown.client, evse=self.evses[evse % 2])
        if moved and shown.is_paid:
            self.free[booking] = before

    @rule(booking=bookings, stop=st.booleans())
    def charge(self, booking: UUID, stop: bool) -> None:
        shown = Booking.objects.get(pk=booking)
        with suppress(DomainError):
            (stop_session if stop else start_session)(booking=shown, actor=shown.client)

    # -- Operators, the gateway and time ------------------------------------------------------------------------------

    @rule(booking=bookings, amount_minor=st.sampled_from([1, 200, 900]))
    def refund(self, booking: UUID, amount_minor: int) -> None:
        payment = Payment.objects.filter(booking=booking, captured_minor__gt=0).first()
        if payment is None:
            return
        fits = amount_minor <= self.kept(payment)
        try:
            refund_by_hand(
                payment=payment,
                amount_minor=amount_minor,
                note="test",
                actor=self.drivers[0],
                once=f"{clock.instant()}",
            )
        except DomainError:
            assert not fits
        else:
            assert fits
            self.back[payment.pk] += amount_minor

    @rule(booking=bookings)
    def close(self, booking: UUID) -> None:
        """Whatever the policy says, all of it goes back."""
        shown = Booking.objects.get(pk=booking)
        payments = list(Payment.objects.filter(booking=booking, status="captured"))
        kept = {payment.pk: self.kept(payment) for payment in payments}
        with suppress(DomainError):
            if close_booking(booking=shown, actor=self.drivers[0], note="test"):
                self.back.update(kept)

    @rule(which=any_number, times=st.integers(1, 2))
    def webhook(self, which: int, times: int) -> None:
        """Now or late, once or again; those that are never picked never come."""
        for body in self.sent and [self.sent[which % len(self.sent)]] * times:
            sent_at = int(self.now.timestamp())
            signed = f"t={sent_at},v1={sandbox.signature(sent_at, body)}"
            receive(name="sandbox", headers={"Sandbox-Signature": signed}, body=body)

    @rule(how=st.sampled_from(["works", "works", "dies before", "dies after", "answer lost", "refunds fail"]))
    def work_outbox(self, how: str) -> None:
        with suppress(Died), a_worker_that(how):
            outbox.work_outbox()

    @rule(job=st.sampled_from([reconcile_payments, expire_holds, complete_sessions]))
    def run(self, job: Callable[[], object]) -> None:
        job()

    @rule(minutes=st.sampled_from([1, 3, 9, 11, 28, 200]))
    def wait(self, minutes: int) -> None:
        self.pass_time(dt.timedelta(minutes=minutes))

    def pass_time(self, by: dt.timedelta) -> None:
        self.stopped.close()
        self.now += by
        self.stopped.enter_context(clock.moved_to(self.now))

    # -- What must be true --------------------------------------------------------------------------------------------

    @invariant()
    def the_books_are_in_order(self) -> None:
        self.steps += 1
        if self.steps % CHECK_EVERY == 0:
            assert check_integrity() == []

    @invariant()
    def no_time_is_sold_twice(self) -> None:
        """By the bookings themselves, whatever the claims say."""
        sold = Counter(
            (booking.evse_id, slot)
            for booking in Booking.objects.filter(status__in=Booking.LIVE)
            for slot in Period(booking.starts_at, booking.ends_at).slots()
        )
        assert all(times == 1 for times in sold.values())

    @invariant()
    def money_that_came_stays_in_the_books(self) -> None:
        captured = dict(Payment.objects.filter(captured_minor__gt=0).values_list("pk", "captured_minor"))
        assert {pk: captured.get(pk) for pk in self.captured} == self.captured
        self.captured = captured

    def teardown(self) -> None:
        """What was paid is a booking or went back, exactly once; and as much went back as was to."""
        come_to_rest(self.pass_time)
        assert [*check_integrity(), *differences()] == []
        for payment in Payment.objects.filter(captured_minor__gt=0):
            assert payment.refunded_minor == self.asked(payment) - failed_of(payment)
            if payment.captured_day:
                self.check_unused(payment)
        self.stopped.close()

    # -- The model ----------------------------------------------------------------------------------------------------

    def asked(self, payment: Payment) -> int:
        """What is to have gone back; what went back for unused time comes on top, checked on its own."""
        whole = 0 if payment.captured_day else payment.captured_minor
        return whole + self.back[payment.pk] + sum_of(Refund.objects.filter(once__startswith=f"settle:{payment.pk}"))

    def free_until(self, booking: Booking) -> dt.datetime:
        ends = [booking.starts_at - dt.timedelta(hours=2)]
        return min(ends + ([self.free[booking.pk]] if booking.pk in self.free else []))

    def kept(self, payment: Payment) -> int:
        return payment.captured_minor - self.asked(payment) + failed_of(payment)

    def expect_back(self, payment: Payment, due_minor: int) -> None:
        self.back[payment.pk] += min(due_minor, self.kept(payment))

    def check_unused(self, payment: Payment) -> None:
        """What was not used went back once the booking ended, as far as it had not gone before."""
        booking = Booking.objects.get(pk=payment.booking_id)
        due = {"no_show": half_of(payment), "cancelled": 0}.get(booking.status)
        if due is None:
            due = payment.captured_minor - ChargingSession.objects.get(booking=booking).cost_minor
        went = sum_of(Refund.objects.filter(once__startswith=f"settle:{payment.pk}"))
        assert went == due or (went < due and (failed_of(payment) or not self.kept(payment)))

    def confirming(self, booking: UUID) -> Payment:
        return Payment.objects.get(booking=booking, status="captured", captured_day__isnull=False)

    def attempts(self, booking: UUID) -> list[UUID]:
        return list(Payment.objects.filter(booking=booking).values_list("pk", flat=True))


def half_of(payment: Payment) -> int:
    return -(-payment.captured_minor // 2)


def sum_of(refunds: Any) -> int:
    return refunds.aggregate(sum=Sum("amount_minor"))["sum"] or 0


def failed_of(payment: Payment) -> int:
    return sum_of(Refund.objects.filter(payment=payment, status="failed"))


@contextmanager
def a_worker_that(how: str) -> Iterator[None]:
    """A worker of the outbox that works, or dies before or after it has called the gateway, or gets no answer."""
    knobs = {"answer lost": ["answer_lost"], "refunds fail": ["refund_failure"]}.get(how, [])
    with pytest.MonkeyPatch.context() as patch, override_settings(SANDBOX_KNOBS=knobs):
        for kind, errand in ERRANDS.items():
            patch.setitem(ERRANDS, kind, dying(errand, how))
        yield


def dying(errand: Callable[[GatewayCommand], None], how: str) -> Callable[[GatewayCommand], None]:
    def run(command: GatewayCommand) -> None:
        if how == "dies before":
            raise Died
        errand(command)
        if how == "dies after":
            raise Died

    return run


def test_money_that_came_is_a_booking_or_goes_back(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.RATE_LIMITS = {}
    for kind in ERRANDS:
        if kind.endswith("_email"):  # letters are slow and move nothing
            monkeypatch.setitem(ERRANDS, kind, lambda _command: None)
    run_state_machine_as_test(
        Everybody, settings=pace(max_examples=EXAMPLES, stateful_step_count=STEPS, derandomize=not LONG, **PATIENT)
    )
