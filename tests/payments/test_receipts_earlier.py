"""Payments from before there were receipts get theirs, once, and then nobody looks for more."""

import datetime as dt

import pytest
from django.core import mail

from bookings.models import Client, Evse
from evbunker import clock
from payments import earlier_receipts
from payments.earlier_receipts import EARLIER, issue_earlier_receipts
from payments.integrity import check_integrity
from payments.models import GatewayCommand, Payment, Receipt, ReceiptSeries
from payments.reconciling import reconcile_payments
from payments.refunding import refund_by_hand, send_refund
from tests.booking_steps import held, paid, pending
from tests.bookings.test_hold_races import at_once

ALREADY = dt.timedelta(hours=-1)


@pytest.fixture
def before(dara: Client, eli: Client, opal: Client, evse: Evse) -> list[Payment]:
    """What a site has that is upgraded: one payment, one partly sent back, one not captured; no documents."""
    with clock.shifted(ALREADY):
        first = Payment.objects.get(booking=paid(dara, evse, in_minutes=120))
        second = Payment.objects.get(booking=paid(eli, evse, in_minutes=240))
        for n, amount in enumerate((100, 333)):
            send_refund(refund_by_hand(payment=second, amount_minor=amount, note="so", actor=opal, once=f"test:{n}"))
        pending(held(dara, evse, in_minutes=360))
    Receipt.objects.all().delete()
    ReceiptSeries.objects.all().delete()
    GatewayCommand.objects.filter(kind="receipt_email").delete()
    return [first, second]


def test_everything_is_documented_once_and_nobody_is_mailed(before: list[Payment]) -> None:
    assert any("has no receipt" in finding for finding in check_integrity())
    assert reconcile_payments().receipts == 2
    mail.outbox.clear()
    assert check_integrity() == []
    assert [one.kind for one in Receipt.objects.order_by("created_at", "id")].count("credit_note") == 2
    assert reconcile_payments().receipts == 0
    assert mail.outbox == []


def test_the_walk_ends(before: list[Payment], monkeypatch: pytest.MonkeyPatch) -> None:
    """In steps; then what is paid later is not looked at, however long the site runs."""
    monkeypatch.setattr(earlier_receipts, "AT_ONCE", 1)
    steps = 0
    while (walk := ReceiptSeries.objects.filter(name=EARLIER).first()) is None or (
        walk.last_number < int(walk.created_at.timestamp())
    ):
        issue_earlier_receipts()
        steps += 1
        assert steps < 20
    assert check_integrity() == []
    monkeypatch.setattr(earlier_receipts, "lowest", None)
    assert issue_earlier_receipts() == 0


def test_a_refund_after_the_upgrade_documents_its_payment_too(before: list[Payment], opal: Client) -> None:
    second = before[1]
    send_refund(refund_by_hand(payment=second, amount_minor=50, note="so", actor=opal, once="test:later"))
    assert Receipt.objects.filter(payment=second).count() == 2
    issue_earlier_receipts()
    assert Receipt.objects.filter(payment=second).count() == 4
    assert check_integrity() == []


@pytest.mark.race
def test_several_walkers_at_once_issue_everything_once(before: list[Payment]) -> None:
    outcome = at_once([issue_earlier_receipts] * 4)
    issue_earlier_receipts()
    assert set(outcome) <= {"won", "busy"}
    assert Receipt.objects.count() == 4
