"""Receipts and credit notes: with the money or not at all, numbered without a gap, summing to the minor unit."""

import datetime as dt
from functools import partial

import hypothesis
import pytest
from django.conf import LazySettings
from django.conf import settings as site
from django.db import IntegrityError
from hypothesis import given
from hypothesis import strategies as st

from bookings.holding import expire_holds
from bookings.models import Booking, Client, Evse, Tariff
from bookings.pricing import half_up, split
from evbunker import clock
from evbunker.db import atomic
from evbunker.errors import Busy
from payments import outbox, receipts
from payments.integrity import check_integrity
from payments.models import Payment, Receipt, ReceiptSeries, Refund
from payments.receipts import financial_year, issue_receipt, prepare_receipts, tax_credited
from payments.refunding import refund_by_hand, send_refund
from payments.settling import settle
from tests.booking_steps import decide, held, paid, pending
from tests.bookings.test_extending import paid_more
from tests.bookings.test_hold_races import at_once
from tests.people import make_client
from tests.places import make_evse, make_station

AFTER_THE_GRACE = dt.timedelta(seconds=site.BOOKING_HOLD_SECONDS + site.BOOKING_TAKEOVER_GRACE_SECONDS + 2)


@pytest.fixture
def booking(dara: Client, evse: Evse) -> Booking:
    return paid(dara, evse)


def another_evse(tariff: Tariff, n: int) -> Evse:
    return make_evse(make_station(f"Station {n}", tariff=tariff))


def sent_back(payment: Payment, amount_minor: int, opal: Client, *, once: str) -> Receipt:
    refund = refund_by_hand(payment=payment, amount_minor=amount_minor, note="sorry", actor=opal, once=once)
    send_refund(refund)
    return Receipt.objects.get(refund_id=refund.pk)


def test_money_that_comes_has_a_receipt_with_the_booking_s_own_lines(booking: Booking) -> None:
    receipt = Receipt.objects.get()
    year = financial_year(receipt.issued_day) % 100
    assert (receipt.kind, receipt.reference, receipt.live) == ("receipt", f"TR{year:02d}-000001", False)
    assert (receipt.amount_minor, receipt.currency) == (booking.quote_minor, booking.currency)
    assert receipt.lines == booking.price_lines
    assert receipt.tax_minor == sum(line["tax_minor"] for line in booking.price_lines)
    assert check_integrity() == []


def test_settling_again_issues_nothing_more(booking: Booking) -> None:
    settle(Payment.objects.get())
    assert Receipt.objects.count() == 1


def test_late_money_has_a_receipt_and_a_credit_note_over_all_of_it(dara: Client, eli: Client, evse: Evse) -> None:
    late = held(dara, evse)
    payment = pending(late)
    with clock.shifted(AFTER_THE_GRACE):
        expire_holds()
        held(eli, evse)
        decide(payment)
        settle(payment)
        outbox.work_outbox()
        receipt, note = Receipt.objects.order_by("created_at", "id")
    assert (receipt.kind, note.kind, note.corrects) == ("receipt", "credit_note", receipt.reference)
    assert (note.amount_minor, note.tax_minor) == (receipt.amount_minor, receipt.tax_minor)
    assert note.reason == "late"
    assert check_integrity() == []


def test_money_in_review_has_a_receipt_over_what_came(dara: Client, evse: Evse) -> None:
    payment = pending(held(dara, evse))
    book = decide(payment)
    type(book).objects.filter(pk=book.pk).update(amount_minor=payment.amount_minor - 100)
    settle(payment)
    receipt = Receipt.objects.get()
    assert payment.status == "review"
    assert receipt.amount_minor == payment.amount_minor - 100
    assert [line["code"] for line in receipt.lines] == ["payment"]
    assert check_integrity() == []


def test_time_that_was_added_has_a_receipt_with_its_own_lines(dara: Client, evse: Evse) -> None:
    booking = paid(dara, evse, in_minutes=300)
    extension = paid_more(booking)
    first, second = Receipt.objects.order_by("created_at", "id")
    assert second.lines == extension.price_lines
    assert [line["code"] for line in second.lines] == ["time"]
    assert first.amount_minor + second.amount_minor == booking.quote_minor
    assert check_integrity() == []


def test_credit_notes_take_the_tax_back_to_the_last_minor_unit(booking: Booking, opal: Client) -> None:
    payment = Payment.objects.get()
    receipt = Receipt.objects.get()
    third = payment.captured_minor // 3
    notes = [
        sent_back(payment, amount, opal, once=f"test:{n}")
        for n, amount in enumerate((third, third, payment.captured_minor - 2 * third))
    ]
    assert sum(note.amount_minor for note in notes) == receipt.amount_minor
    assert sum(note.tax_minor for note in notes) == receipt.tax_minor
    assert [note.number for note in notes] == [1, 2, 3]
    assert check_integrity() == []


@hypothesis.settings(deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
@given(
    tax_bp=st.integers(0, 3000), amounts=st.lists(st.integers(1, 10**9), min_size=1, max_size=8), some=st.integers(0, 7)
)
def test_parts_of_a_tax_never_exceed_it_and_all_parts_are_it(tax_bp: int, amounts: list[int], some: int) -> None:
    whole = sum(amounts)
    tax = half_up(whole * tax_bp, 10_000 + tax_bp)
    parts, credited = [], 0
    for amount in amounts:
        parts.append(tax_credited(tax, whole, credited=credited, amount_minor=amount))
        credited += amount
    assert sum(parts) == tax
    assert all(0 <= part <= amount for part, amount in zip(parts, amounts, strict=True))
    assert sum(parts[:some]) <= tax


def test_a_unit_that_fails_leaves_no_gap(dara: Client, eli: Client, evse: Evse, tariff: Tariff) -> None:
    payment = pending(held(dara, evse))
    prepare_receipts(payment)

    @atomic
    def crash() -> None:
        issue_receipt(payment)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        crash()
    paid(eli, another_evse(tariff, 2))
    assert list(Receipt.objects.values_list("number", flat=True)) == [1]
    assert check_integrity() == []


def test_without_its_series_a_unit_is_undone_and_works_the_next_time(dara: Client, evse: Evse) -> None:
    payment = pending(held(dara, evse))
    with pytest.raises(Busy):
        atomic(issue_receipt)(payment)
    assert Receipt.objects.count() == ReceiptSeries.objects.count() == 0
    prepare_receipts(payment)
    prepare_receipts(payment)
    assert atomic(issue_receipt)(payment).number == 1


@pytest.fixture
def eight(tariff: Tariff) -> list[Payment]:
    """Payments of eight drivers at eight EVSEs, made at the gateway and captured there; nobody has told us yet."""
    made = [pending(held(make_client(f"driver{n}"), another_evse(tariff, n))) for n in range(8)]
    for payment in made:
        decide(payment)
    return made


@pytest.mark.race
def test_the_first_receipts_of_a_year_issued_at_once_have_every_number_once(eight: list[Payment]) -> None:
    assert ReceiptSeries.objects.count() == 0
    outcome = at_once([partial(settle, payment) for payment in eight])
    for payment in Payment.objects.pending():  # what lost too often is settled later, as the reconciler does
        settle(payment)

    assert set(outcome) <= {"won", "busy"}
    assert sorted(Receipt.objects.values_list("number", flat=True)) == list(range(1, 9))
    assert Receipt.objects.values_list("series", flat=True).distinct().count() == 1


@pytest.mark.race
def test_credit_notes_of_one_payment_issued_at_once_sum_exactly(booking: Booking, opal: Client) -> None:
    payment = Payment.objects.get()
    amounts = split(payment.captured_minor, [1] * 7)
    ask = partial(refund_by_hand, payment=payment, note="sorry", actor=opal)
    refunds = [ask(amount_minor=amount, once=f"test:{n}") for n, amount in enumerate(amounts)]
    outcome = at_once([partial(send_refund, refund) for refund in refunds])
    for refund in Refund.objects.under_way():  # what lost too often is sent again, as the outbox does
        send_refund(refund)

    assert set(outcome) <= {"won", "busy"}
    notes = Receipt.objects.filter(kind="credit_note")
    assert sorted(note.number for note in notes) == list(range(1, 8))
    assert sum(note.tax_minor for note in notes) == Receipt.objects.get(kind="receipt").tax_minor


def test_without_the_claim_numbers_would_be_given_twice(eight: list[Payment], monkeypatch: pytest.MonkeyPatch) -> None:
    """What the compare-and-set is for: with a mere read, the unique constraint undoes whoever comes second."""
    prepare_receipts(eight[0])
    monkeypatch.setattr(receipts, "claim", lambda queryset, **changes: True)
    receipts_of = [partial(atomic(issue_receipt), payment) for payment in eight[:2]]
    receipts_of[0]()
    with pytest.raises(IntegrityError):
        receipts_of[1]()


@pytest.mark.parametrize(
    ("starts", "day", "year"),
    [
        ("01-01", dt.date(2026, 1, 1), 2026),
        ("01-01", dt.date(2026, 12, 31), 2026),
        ("04-01", dt.date(2026, 3, 31), 2025),
        ("04-01", dt.date(2026, 4, 1), 2026),
    ],
)
def test_numbers_begin_anew_with_the_operator_s_financial_year(
    starts: str, day: dt.date, year: int, settings: LazySettings
) -> None:
    settings.FINANCIAL_YEAR_STARTS = starts
    assert financial_year(day) == year


def test_a_new_year_begins_a_new_series(booking: Booking, eli: Client, evse: Evse) -> None:
    with clock.shifted(dt.timedelta(days=366)):
        paid(eli, evse)
    first, second = Receipt.objects.order_by("created_at", "id")
    assert (first.number, second.number) == (1, 1)
    assert first.series != second.series
    assert check_integrity() == []
