"""The page of a payment's documents and their PDF files: complete, readable in any script, and nobody else's."""

import io
from pathlib import Path

import pymupdf_fonts
import pytest
from django.conf import LazySettings
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pypdf import PdfReader

from bookings.leaving import delete_account
from bookings.models import Booking, Client, Evse, Tariff
from evbunker.money import format_money
from payments import receipt_pdf
from payments.models import Payment, Receipt
from payments.refunding import refund_by_hand, send_refund
from tests.booking_steps import paid
from tests.places import make_evse, make_station, make_tariff
from tests.plans import no_scans


@pytest.fixture
def payment(dara: Client, evse: Evse) -> Payment:
    return Payment.objects.get(booking=paid(dara, evse))


def page(payment: Payment) -> str:
    return reverse("receipt", args=[payment.pk])


def text_of(response: object) -> str:
    """What a PDF says; spaces as plain ones."""
    assert response.status_code == 200
    assert response["Content-Type"] == "application/pdf"
    pages = PdfReader(io.BytesIO(response.content)).pages
    return " ".join(" ".join(one.extract_text() for one in pages).split())


def plain(text: str) -> str:
    return " ".join(text.split())


def sent_back(payment: Payment, opal: Client, amount_minor: int = 200) -> Receipt:
    refund = refund_by_hand(payment=payment, amount_minor=amount_minor, note="sorry", actor=opal, once="test")
    send_refund(refund)
    return Receipt.objects.get(refund_id=refund.pk, kind="credit_note")


def test_the_page_shows_every_document_with_what_it_is_about(
    client: Browser, dara: Client, opal: Client, payment: Payment
) -> None:
    note = sent_back(payment, opal)
    receipt = Receipt.objects.get(kind="receipt")
    client.force_login(dara)
    client.get(page(payment))
    with no_scans(), CaptureQueriesContext(connection) as queries:
        shown = client.get(page(payment)).content.decode()

    assert len(queries) <= 8, "client, payment, documents, booking, its session; those of signing in besides"
    for told in (receipt.reference, note.reference, "Made-up money", "Dara", "Session fee", "Tax, 19 %", "Harbour"):
        assert told in shown
    assert format_money(receipt.amount_minor, "EUR") in shown
    assert format_money(receipt.tax_minor, "EUR") in shown
    assert f"/payments/{payment.pk}/receipt/{note.reference}.pdf" in shown


def test_the_file_says_the_same(client: Browser, dara: Client, payment: Payment) -> None:
    receipt = Receipt.objects.get()
    client.force_login(dara)
    said = text_of(client.get(reverse("receipt_pdf", args=[payment.pk])))

    for told in (receipt.reference, "Made-up money", "Dara", "Session fee", "Harbour", "Europe/Berlin", "none so far"):
        assert told in said
    for minor in (receipt.amount_minor, receipt.tax_minor, receipt.amount_minor - receipt.tax_minor):
        assert plain(format_money(minor, "EUR")) in said
    for line in receipt.lines:
        assert plain(format_money(line["amount_minor"], "EUR")) in said
        assert plain(format_money(line["tax_minor"], "EUR")) in said


def test_a_credit_note_has_a_file_of_its_own(client: Browser, dara: Client, opal: Client, payment: Payment) -> None:
    note = sent_back(payment, opal)
    client.force_login(dara)
    said = text_of(client.get(reverse("document_pdf", args=[payment.pk, note.reference])))
    assert "Credit note" in said
    assert note.reference in said
    assert note.corrects in said
    assert "Given by the operator" in said
    assert client.get(reverse("document_pdf", args=[payment.pk, "R26-999999"])).status_code == 404


@pytest.mark.parametrize(("currency", "shown"), [("JPY", "¥"), ("KWD", "KWD "), ("INR", "₹")])
def test_every_currency_has_its_own_digits(
    client: Browser, dara: Client, station: object, currency: str, shown: str
) -> None:
    place = make_station("Elsewhere", tariff=make_tariff("Other", currency=currency), currency=currency)
    booking = paid(dara, make_evse(place))
    client.force_login(dara)
    said = text_of(client.get(reverse("receipt_pdf", args=[Payment.objects.get().pk])))
    amount = plain(format_money(booking.quote_minor, currency))
    assert amount in said
    assert amount.startswith(shown)
    assert {"JPY": 0, "KWD": 3, "INR": 2}[currency] == len(amount.partition(".")[2])


def test_names_in_many_scripts_can_be_read(client: Browser, dara: Client, payment: Payment) -> None:
    name = "Zoë Łukasiewicz-Nguyễn Владимир Їжак Αλέξανδρος שלום กรกนก გიორგი محمد प्रिया"
    Client.objects.filter(pk=dara.pk).update(name=name)
    client.force_login(dara)
    said = text_of(client.get(reverse("receipt_pdf", args=[payment.pk])))
    assert "Some letters cannot be printed" not in said
    assert {*name} <= {*said}
    assert "Zoë Łukasiewicz-Nguyễn Владимир Їжак Αλέξανδρος" in said


@pytest.mark.parametrize("name", ["山田太郎", "தமிழ்"])
def test_a_name_that_no_font_has_is_said_to_be_missing(
    client: Browser, dara: Client, payment: Payment, name: str
) -> None:
    Client.objects.filter(pk=dara.pk).update(name=name)
    client.force_login(dara)
    said = text_of(client.get(reverse("receipt_pdf", args=[payment.pk])))
    assert "Some letters cannot be printed here" in said
    assert f"/payments/{payment.pk}/receipt/" in said
    assert name in client.get(page(payment)).content.decode()


def test_the_operator_s_own_fonts_are_used_for_what_is_missing(settings: LazySettings, tmp_path: Path) -> None:
    """Any font will do to show that: one of the package, for a letter that we pretend the usual one lacks."""
    more = tmp_path / "symbols.ttf"
    more.write_bytes(pymupdf_fonts.myfont("symbol2"))
    assert receipt_pdf.Pages().lacks("⠃")
    settings.RECEIPT_FONTS = [str(more)]
    pages = receipt_pdf.Pages()
    pages.add_page()
    pages.say("Driven ⠃")
    assert not pages.lacks("⠃")
    assert "⠃" in PdfReader(io.BytesIO(bytes(pages.output()))).pages[0].extract_text()


def test_every_script_is_shaped_by_its_own_rules() -> None:
    """The sign i of Devanagari stands before its consonant: its glyph comes first, in whatever text it stands."""
    pages = receipt_pdf.Pages("Priya प्रिया")
    pages.add_page()
    pages.say("Priya प्रिया")
    said = PdfReader(io.BytesIO(bytes(pages.output()))).pages[0].extract_text()
    alone = receipt_pdf.Pages("प्रिया")
    alone.add_page()
    alone.say("प्रिया")
    assert said.removeprefix("Priya ") == PdfReader(io.BytesIO(bytes(alone.output()))).pages[0].extract_text()


def test_a_long_name_wraps_and_stays_on_the_page(client: Browser, dara: Client, tariff: Tariff) -> None:
    name = "Kraftwerksgesellschaft" * 8
    booking = paid(dara, make_evse(make_station(name, tariff=tariff)))
    client.force_login(dara)
    response = client.get(reverse("receipt_pdf", args=[Payment.objects.get(booking=booking).pk]))
    assert name in text_of(response).replace(" ", "")
    [only] = PdfReader(io.BytesIO(response.content)).pages
    edges: list[float] = []
    only.extract_text(visitor_text=lambda text, _cm, tm, _font, size: edges.append(tm[4] if text.strip() else 0))
    assert max(edges) < float(only.mediabox.width)


def test_nobody_else_sees_it_but_staff_do(
    client: Browser, dara: Client, eli: Client, vera: Client, payment: Payment, settings: LazySettings
) -> None:
    receipt = Receipt.objects.get()
    urls = [page(payment), reverse("receipt_pdf", args=[payment.pk])]
    urls.append(reverse("document_pdf", args=[payment.pk, receipt.reference]))
    assert {client.get(url).status_code for url in urls} == {302}
    client.force_login(eli)
    assert {client.get(url).status_code for url in urls} == {404}
    settings.STAFF_SECOND_FACTOR = False
    client.force_login(vera)
    assert {client.get(url).status_code for url in urls} == {200}


def test_without_a_document_there_is_no_page(client: Browser, dara: Client, payment: Payment) -> None:
    Receipt.objects.all().delete()
    client.force_login(dara)
    assert client.get(page(payment)).status_code == 404
    assert client.get(reverse("receipt_pdf", args=[payment.pk])).status_code == 404


def test_a_forgotten_driver_s_name_is_on_no_document(
    client: Browser, dara: Client, opal: Client, payment: Payment, settings: LazySettings
) -> None:
    Booking.objects.update(status="completed")
    assert delete_account(client=dara)
    settings.STAFF_SECOND_FACTOR = False
    client.force_login(opal)
    shown = client.get(page(payment)).content.decode()
    said = text_of(client.get(reverse("receipt_pdf", args=[payment.pk])))
    assert "Dara" not in shown + said
    assert "Deleted account" in shown
    assert "Deleted account" in said
