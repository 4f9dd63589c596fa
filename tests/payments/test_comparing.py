"""A gateway's books and ours, compared both ways."""

import datetime as dt
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from bookings.models import Booking, Client, Evse
from evbunker import clock
from payments import comparing, outbox, sandbox
from payments.comparing import compare_books, compare_day, days_due, gateways_used
from payments.gateways import KNOWN
from payments.gateways.base import GatewayDown, Moved, Movement
from payments.gateways.sandbox import SandboxGateway
from payments.models import Payment, Reconciliation, Refund, SandboxPayment, SandboxRefund
from payments.refunding import request_refund
from payments.settling import settle
from tests.booking_steps import decide, held, paid, pending
from tests.bookings.test_hold_races import at_once

DAY = dt.date(2026, 3, 10)
NOON = dt.datetime(2026, 3, 10, 12, tzinfo=dt.UTC)
NEXT_MORNING = NOON + dt.timedelta(hours=20)
SUM = {"in_there": 1300, "in_here": 1300, "out_there": 0, "out_here": 0}


@pytest.fixture(autouse=True)
def _offered(settings: Any) -> None:
    settings.PAYMENT_GATEWAYS = ["sandbox"]


@pytest.fixture
def payment(dara: Client, evse: Evse) -> Payment:
    """Captured on DAY."""
    with clock.moved_to(NOON):
        return Payment.objects.get(booking=paid(dara, evse, in_minutes=300))


def compared(day: dt.date = DAY) -> tuple[str, list[str]]:
    with clock.moved_to(NEXT_MORNING):
        row = compare_day(gateway="sandbox", day=day)
    return row.state, row.differences


def refund(payment: Payment, amount_minor: int = 100) -> Refund:
    with clock.moved_to(NOON):
        made = request_refund(
            payment=payment, amount_minor=amount_minor, reason=Refund.Reason.OPERATOR, once="test", actor="test"
        )
        outbox.work_outbox()
    made.refresh_from_db()
    return made


class TestEqual:
    def test_a_day_that_fits_is_equal(self, payment: Payment) -> None:
        refund(payment)
        assert compared() == ("equal", [])
        assert Reconciliation.objects.get().sums == {"EUR": SUM | {"out_there": 100, "out_here": 100}}

    def test_so_is_an_empty_one(self, payment: Payment) -> None:
        assert compared(DAY - dt.timedelta(days=3)) == ("equal", [])

    @pytest.mark.parametrize("behind", [dt.timedelta(minutes=4), dt.timedelta(days=2)])
    def test_so_is_one_that_we_learned_of_on_another_day(self, dara: Client, evse: Evse, behind: dt.timedelta) -> None:
        """It came there just before midnight; we heard of it minutes, or an outage, later."""
        midnight = NOON.replace(hour=23, minute=58)
        with clock.moved_to(midnight):
            payment = pending(held(dara, evse, in_minutes=300))
            decide(payment)
        with clock.moved_to(midnight + behind):
            settle(payment)
        assert payment.captured_at
        assert payment.captured_at.date() > DAY
        with clock.moved_to(NOON + dt.timedelta(days=4)):
            days = [DAY + dt.timedelta(days=n) for n in range(4)]
            assert {compare_day(gateway="sandbox", day=day).state for day in days} == {"equal"}
        there = {row.day: row.sums for row in Reconciliation.objects.all() if row.sums}
        assert there == {DAY: {"EUR": SUM}}


class TestDiffering:
    def test_money_that_we_do_not_know_at_all_is_found(self, payment: Payment) -> None:
        known = SandboxPayment.objects.get()
        SandboxPayment.objects.create(
            gateway_ref="sb_x", idempotency_key="x", amount_minor=1200, currency="EUR", outcome="paid",
            effective_at=known.effective_at, pay_before=known.pay_before,
        )  # fmt: skip
        assert compared() == ("differs", ["payment sb_x: €12.00 at sandbox, nothing here"])
        assert Reconciliation.objects.get().sums["EUR"] == SUM | {"in_there": 2500}

    def test_a_refund_of_money_that_we_do_not_know_is_found(self, payment: Payment) -> None:
        SandboxRefund.objects.create(
            gateway_ref="sbr_x", payment_ref="sb_x", idempotency_key="x", amount_minor=900, currency="EUR",
            created_at=NOON,
        )  # fmt: skip
        assert compared() == ("differs", ["refund sbr_x: €9.00 at sandbox, nothing here"])

    def test_money_that_only_we_know_is_found(self, payment: Payment) -> None:
        SandboxPayment.objects.all().delete()
        assert compared() == ("differs", [f"payment {payment.gateway_ref}: nothing at sandbox, €13.00 here"])

    def test_money_that_confirmed_nothing_counts_too(self, payment: Payment) -> None:
        Payment.objects.all().update(captured_day=None)
        SandboxPayment.objects.all().delete()
        assert compared()[0] == "differs"

    def test_another_amount_or_currency_differs(self, payment: Payment) -> None:
        SandboxPayment.objects.all().update(amount_minor=1200)
        assert compared() == ("differs", [f"payment {payment.gateway_ref}: €12.00 at sandbox, €13.00 here"])
        SandboxPayment.objects.all().update(amount_minor=1300, currency="JPY")
        assert compared() == ("differs", [f"payment {payment.gateway_ref}: ¥1,300 at sandbox, €13.00 here"])
        assert set(Reconciliation.objects.get().sums) == {"EUR", "JPY"}

    def test_at_most_a_hundred_lines_are_kept(self, payment: Payment, monkeypatch: pytest.MonkeyPatch) -> None:
        def movements(self: Any, day: dt.date) -> Iterator[Movement]:
            yield from (Movement(f"sb_{n:03}", Moved.IN, 1, "EUR") for n in range(150))

        monkeypatch.setattr(SandboxGateway, "movements", movements)
        assert len(compared()[1]) == Reconciliation.MOST_LINES


class TestMending:
    """Asking mends what a webhook or an answer that got lost left open."""

    def test_a_capture_that_nobody_told_us_of_is_taken_in(self, dara: Client, evse: Evse) -> None:
        with clock.moved_to(NOON):
            payment = pending(held(dara, evse, in_minutes=300))
            decide(payment)
        Payment.objects.all().update(status="cancelled", live_for=None)  # so the poller does not ask
        with clock.moved_to(NOON + dt.timedelta(minutes=1)):
            row = compare_day(gateway="sandbox", day=DAY)
        assert (row.state, Booking.objects.get().status) == ("equal", "confirmed")

    def test_a_refund_made_by_hand_is_taken_in(self, payment: Payment) -> None:
        assert payment.gateway_ref
        with clock.moved_to(NOON):
            sandbox.refund_by_hand(payment.gateway_ref, 100)
        assert compared() == ("equal", [])
        assert Refund.objects.get().status == "external"

    def test_a_refund_that_came_back_is_taken_back(self, payment: Payment) -> None:
        made = refund(payment)
        sandbox.fail_refund(SandboxRefund.objects.get())
        assert compared() == ("equal", [])
        made.refresh_from_db()
        assert made.status == "failed"

    def test_a_difference_that_heals_turns_equal(self, payment: Payment) -> None:
        SandboxPayment.objects.all().update(amount_minor=1200)
        assert compared()[0] == "differs"
        SandboxPayment.objects.all().update(amount_minor=1300)
        assert compared() == ("equal", [])
        assert Reconciliation.objects.count() == 1


class TestExplained:
    def test_what_a_person_explained_stays_so_until_something_else_differs(self, payment: Payment) -> None:
        SandboxPayment.objects.all().update(amount_minor=1200)
        compared()
        Reconciliation.objects.update(state="explained")
        assert compared()[0] == "explained"
        SandboxPayment.objects.all().update(amount_minor=1100)
        assert compared()[0] == "differs"


class TestDue:
    def test_every_day_of_the_last_seven_once_and_again_while_it_differs(self, payment: Payment) -> None:
        week = [DAY - dt.timedelta(days=n) for n in range(7)]
        SandboxPayment.objects.all().update(amount_minor=1200)
        with clock.moved_to(NEXT_MORNING):
            assert days_due("sandbox") == week
            assert compare_books() == 1
            assert days_due("sandbox") == []
        with clock.moved_to(NEXT_MORNING + dt.timedelta(hours=1)):
            assert days_due("sandbox") == [DAY]

    def test_a_day_is_compared_an_hour_after_its_end(self, payment: Payment) -> None:
        midnight = dt.datetime(2026, 3, 11, tzinfo=dt.UTC)
        for minutes, newest in ((30, DAY - dt.timedelta(days=1)), (61, DAY)):
            with clock.moved_to(midnight + dt.timedelta(minutes=minutes)):
                assert days_due("sandbox")[0] == newest

    def test_a_silent_gateway_leaves_the_day_for_later(self, payment: Payment, monkeypatch: pytest.MonkeyPatch) -> None:
        def silent(self: Any, day: dt.date) -> Iterator[Movement]:
            raise GatewayDown
            yield

        monkeypatch.setattr(SandboxGateway, "movements", silent)
        with clock.moved_to(NEXT_MORNING):
            assert compare_books() == 0
        assert not Reconciliation.objects.exists()

    def test_a_gateway_that_is_offered_no_more_is_still_compared(self, payment: Payment, settings: Any) -> None:
        compared()
        settings.PAYMENT_GATEWAYS = []
        assert gateways_used() == ["sandbox"]
        settings.SANDBOX_ALLOWED = False
        assert gateways_used() == []
        assert set(KNOWN) > {"sandbox"}

    @pytest.mark.race
    def test_twice_and_at_once_does_no_harm(self, payment: Payment) -> None:
        refund(payment)
        outcome = at_once([compared] * 4)
        assert set(outcome) <= {"won", "busy"}
        assert [row.state for row in Reconciliation.objects.all()] == ["equal"]


def test_the_command_tells_what_differs(payment: Payment) -> None:
    SandboxPayment.objects.all().update(amount_minor=1200)
    out = StringIO()
    call_command("compare_books", "--day", str(DAY), stdout=out)
    assert out.getvalue().splitlines() == [
        f"sandbox {DAY}: differs", f"  payment {payment.gateway_ref}: €12.00 at sandbox, €13.00 here",
        "Compared: 1.",
    ]  # fmt: skip


def test_long_days_are_read_in_chunks(payment: Payment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "AT_A_TIME", 1)
    refund(payment)
    assert compared() == ("equal", [])
