"""Every state of a booking and its money is told to its driver in a sentence."""

import datetime as dt
from itertools import product
from typing import Any

import pytest

from bookings.models import Booking, ChargingSession
from evbunker import clock
from payments.closing import CLOSED
from payments.models import Payment, Refund
from payments.standing import Stage, Standing, stage_of
from payments.wording import WORDS, refund_sentence, words_of

HOUR = dt.timedelta(hours=1)
NOT_PAID = (Booking.Status.HELD, Booking.Status.EXPIRED, Booking.Status.CANCELLED)
MOMENTS = {"before": HOUR, "during": -HOUR / 2, "after": -2 * HOUR}
"""When the booking begins, seen from now: it lasts an hour."""


def booking_of(status: str, begins_in: dt.timedelta, **more: Any) -> Booking:
    now = clock.now()
    return Booking(
        status=status, starts_at=now + begins_in, ends_at=now + begins_in + HOUR, currency="EUR", quote_minor=1300,
        evse_label="1", station_name="Harbour", station_time_zone="Europe/Berlin", energy_budget_wh=20_000,
        evse_power_w=60_000, expires_at=now + HOUR if status == Booking.Status.HELD else None,
        confirmed_at=now if status in Booking.PAID else None, **more,
    )  # fmt: skip


def payment_of(booking: Booking, status: str, **more: Any) -> Payment:
    came = status in (Payment.Status.CAPTURED, Payment.Status.REVIEW)
    confirmed = status == Payment.Status.CAPTURED and booking.status not in NOT_PAID
    return Payment(
        booking=booking, status=status, amount_minor=1300, currency="EUR", captured_minor=1300 if came else 0,
        captured_day=clock.now().date() if confirmed else None, pay_url="https://pay.example/1",
        live_for=booking.pk if status in Payment.LIVE else None, **more,
    )  # fmt: skip


def refund_of(payment: Payment, status: str, **more: Any) -> Refund:
    return Refund(payment=payment, status=status, amount_minor=500, currency="EUR", created_at=clock.now(), **more)


def session_of(booking: Booking) -> ChargingSession:
    states = {"confirmed": "scheduled", "in_use": "active", "completed": "completed"}
    started = clock.now() if booking.status in ("in_use", "completed") else None
    state = states.get(booking.status, "aborted")
    return ChargingSession(booking=booking, status=state, started_at=started, energy_wh=4000)


def standing(booking: Booking, payment: Payment | None, *refunds: Refund) -> Standing:
    session = session_of(booking) if booking.confirmed_at else None
    return Standing(booking, payment, session, refunds, stage_of(booking, payment))


def test_every_stage_has_words() -> None:
    assert set(WORDS) == set(Stage)


def test_every_combination_is_told_in_one_sentence() -> None:
    told: set[Stage] = set()
    for status, moment, paid, ended in product(
        Booking.Status, MOMENTS.values(), [None, *Payment.Status], ["", CLOSED]
    ):  # fmt: skip
        if ended and status not in (Booking.Status.CANCELLED, Booking.Status.COMPLETED):
            continue
        booking = booking_of(status, moment, ended_reason=ended)
        payment = payment_of(booking, paid) if paid else None
        for refunds in [(), *[(refund_of(payment, state),) for state in Refund.Status]] if payment else [()]:
            said = standing(booking, payment, *refunds)
            words = words_of(said)
            told.add(said.stage)
            assert words.sentence.endswith("."), (status, paid, ended)
            assert words.sentence.count(". ") <= 1
            assert all(refund_sentence(refund, booking.zone) in words.detail for refund in refunds)
            assert not words.detail or words.detail.endswith((".", "”"))
    booking = booking_of(Booking.Status.HELD, HOUR)
    booking.expires_at = clock.now()
    told.add(standing(booking, None).stage)
    assert told >= set(Stage) - {Stage.PREPARING}


def test_an_attempt_without_a_pay_page_is_prepared() -> None:
    booking = booking_of(Booking.Status.HELD, HOUR)
    payment = payment_of(booking, "created")
    payment.pay_url = ""
    words = words_of(standing(booking, payment))
    assert words.sentence == "We are preparing your payment."
    assert "You have until" in words.detail


@pytest.mark.parametrize(
    ("status", "says"),
    [
        ("requested", "€5.00 is on its way back to you."),
        ("submitted", "€5.00 is on its way back to you."),
        ("succeeded", "€5.00 was sent back to you on"),
        ("external", "€5.00 was sent back to you on"),
        ("failed", "€5.00 could not be sent back. The operator sees it and clears it up."),
        ("set_aside", "€5.00 could not be sent back the first time."),
    ],
)
def test_every_state_of_a_refund_has_its_sentence(status: str, says: str) -> None:
    booking = booking_of(Booking.Status.CONFIRMED, HOUR)
    payment = payment_of(booking, "captured")
    assert says in words_of(standing(booking, payment, refund_of(payment, status))).detail


def test_what_the_bank_called_back_is_told_whatever_the_stage() -> None:
    for status in (*Booking.PAID, Booking.Status.CANCELLED):
        booking = booking_of(status, HOUR)
        payment = payment_of(booking, "captured", disputed_at=clock.now())
        assert "Your bank has called this payment back." in words_of(standing(booking, payment)).detail


def test_the_operator_s_words_are_said_once() -> None:
    booking = booking_of(Booking.Status.CANCELLED, HOUR, ended_reason=CLOSED)
    payment = payment_of(booking, "captured")
    twice = [refund_of(payment, "requested", note="Roadworks.") for _refund in range(2)]
    detail = words_of(standing(booking, payment, *twice)).detail
    assert detail.count("The operator writes: “Roadworks.”") == 1


def test_a_closed_booking_whose_money_is_in_review_says_so_first() -> None:
    booking = booking_of(Booking.Status.CANCELLED, HOUR, ended_reason=CLOSED)
    assert standing(booking, payment_of(booking, "review")).stage == Stage.REVIEW
