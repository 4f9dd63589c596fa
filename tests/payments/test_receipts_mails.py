"""What the driver is sent: every document once, as an attachment of the e-mail that tells of the money."""

import io

import pytest
from django.core import mail
from pypdf import PdfReader

from bookings.leaving import delete_account
from bookings.models import Booking, Client, Evse
from evbunker.models import Change
from payments import outbox
from payments.models import GatewayCommand, Payment, Receipt
from payments.receipts import resend_receipt
from payments.refunding import refund_by_hand
from payments.settling import settle
from tests.booking_steps import decide, held, paid, pending


@pytest.fixture
def payment(dara: Client, evse: Evse) -> Payment:
    payment = Payment.objects.get(booking=paid(dara, evse))
    mailed()
    mail.outbox.clear()
    return payment


def mailed() -> list[tuple[str, list[str]]]:
    """All that is due is done; the subjects up to the comma, and the names of the files."""
    while outbox.work_outbox():
        pass
    return [(one.subject.partition(",")[0], [name for name, *_rest in one.attachments]) for one in mail.outbox]


def refunded(payment: Payment, opal: Client, amount_minor: int = 100) -> Receipt:
    refund = refund_by_hand(payment=payment, amount_minor=amount_minor, note="sorry", actor=opal, once="test")
    mailed()
    return Receipt.objects.get(refund_id=refund.pk)


def test_the_confirmation_carries_the_receipt(dara: Client, evse: Evse) -> None:
    paid(dara, evse)
    receipt = Receipt.objects.get()
    assert mailed() == [("Booked: Harbour", ["booking.ics", f"{receipt.reference}.pdf"])]
    [_calendar, (_name, file, kind)] = mail.outbox[0].attachments
    assert kind == "application/pdf"
    assert receipt.reference in PdfReader(io.BytesIO(file)).pages[0].extract_text()
    assert f"/payments/{receipt.payment_id}/receipt/" in mail.outbox[0].body


def test_money_in_review_is_receipted_at_once(dara: Client, evse: Evse) -> None:
    payment = pending(held(dara, evse))
    book = decide(payment)
    type(book).objects.filter(pk=book.pk).update(amount_minor=payment.amount_minor + 5)
    settle(payment)
    receipt = Receipt.objects.get()
    assert mailed() == [("Receipt: Harbour", [f"{receipt.reference}.pdf"])]
    assert f"Receipt {receipt.reference}: €13.05" in mail.outbox[0].body


def test_every_refund_sends_its_credit_note_once(payment: Payment, opal: Client) -> None:
    note = refunded(payment, opal)
    mailed()
    assert mailed() == [("Money back: Harbour", [f"{note.reference}.pdf"])]
    assert f"Credit note {note.reference}: €1.00" in mail.outbox[0].body
    assert "Made-up money" in mail.outbox[0].body


def test_an_operator_sends_all_documents_again_and_that_is_noted(payment: Payment, opal: Client) -> None:
    refunded(payment, opal)
    mail.outbox.clear()
    command = resend_receipt(payment=payment, actor=opal)
    assert isinstance(command, GatewayCommand)
    documents = [f"{one.reference}.pdf" for one in Receipt.objects.order_by("created_at", "id")]
    assert mailed() == [("Receipt: Harbour", documents)]
    change = Change.objects.get(action="receipt.resent")
    assert (change.actor_id, change.record_id) == (opal.pk, payment.pk)


def test_without_a_document_nothing_is_sent_again(dara: Client, evse: Evse, opal: Client) -> None:
    assert resend_receipt(payment=pending(held(dara, evse)), actor=opal) is None
    assert not Change.objects.filter(action="receipt.resent").exists()


def test_a_forgotten_driver_is_sent_nothing(dara: Client, payment: Payment, opal: Client) -> None:
    Booking.objects.update(status="completed")
    assert delete_account(client=dara)
    refunded(payment, opal)
    assert mailed() == []
    assert not GatewayCommand.objects.filter(kind="receipt_email").exclude(state="done").exists()
