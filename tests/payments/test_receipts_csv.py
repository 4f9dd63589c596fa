"""Receipts for accounting: every document of the days asked for, exact, and harmless in a spreadsheet."""

import csv
import datetime as dt
import io
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from django.core.management import call_command
from django.test import Client as Browser

from bookings.models import Client, Evse
from evbunker.money import major
from payments import receipt_export
from payments.models import Payment, Receipt
from payments.receipt_export import csv_of
from payments.refunding import refund_by_hand, send_refund
from tests.booking_steps import paid
from tests.people import make_client
from tests.places import make_evse, make_station, make_tariff
from tests.plans import no_scans

ADDRESS = "/operations/payments/receipts.csv"
DAY = dt.date(2026, 3, 31)


@pytest.fixture
def documents(dara: Client, opal: Client, evse: Evse) -> list[Receipt]:
    """Receipts in three currencies, one at a station that would be a formula, and a credit note; all of one day."""
    paid(dara, evse)
    for currency, name in (("JPY", "=HYPERLINK(1)"), ("KWD", "@cmd")):
        station = make_station(name, tariff=make_tariff(currency, currency=currency), currency=currency)
        paid(make_client(currency.lower()), make_evse(station))
    payment = Payment.objects.get(client=dara)
    send_refund(refund_by_hand(payment=payment, amount_minor=333, note="so", actor=opal, once="test"))
    Receipt.objects.update(issued_day=DAY)
    return list(Receipt.objects.order_by("created_at", "id"))


def rows_of(text: str) -> list[dict[str, str]]:
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def exported(since: dt.date = DAY, until: dt.date = DAY) -> list[dict[str, str]]:
    return rows_of("".join(csv_of(since, until)))


def sums(rows: list[dict[str, Any]]) -> dict[str, Decimal]:
    """Gross by currency, checked line by line against net and tax."""
    found: dict[str, Decimal] = {}
    for row in rows:
        net, tax, gross = (Decimal(str(row[name])) for name in ("net", "tax", "gross"))
        assert net + tax == gross
        found[row["currency"]] = found.get(row["currency"], Decimal(0)) + gross
    return found


def test_sums_by_currency_are_what_was_captured_less_what_was_sent_back(documents: list[Receipt]) -> None:
    expected = {
        one.currency: major(one.captured_minor - one.refunded_minor, one.currency) for one in Payment.objects.all()
    }
    assert sums(exported()) == expected


def test_a_spreadsheet_that_reads_it_comes_to_the_same(documents: list[Receipt]) -> None:
    """Numbers become numbers, texts stay texts, as an import does it."""
    sheet = openpyxl.Workbook().active
    for row in csv.reader(io.StringIO("".join(csv_of(DAY, DAY)).removeprefix("\ufeff"))):
        sheet.append([Decimal(cell) if _is_number(cell) else cell for cell in row])
    file = io.BytesIO()
    sheet.parent.save(file)
    names, *cells = openpyxl.load_workbook(file).active.values
    read = [dict(zip(names, row, strict=True)) for row in cells]
    expected = sums(exported())
    came_to = {name: sum(row["gross"] for row in read if row["currency"] == name) for name in expected}
    assert came_to == pytest.approx({name: float(amount) for name, amount in expected.items()})


def _is_number(cell: str) -> bool:
    return cell.lstrip("-").replace(".", "", 1).isdigit()


def test_what_a_line_says(documents: list[Receipt]) -> None:
    receipt, *_others, note = exported()
    first, last = documents[0], documents[-1]
    assert receipt["number"] == first.reference
    assert (receipt["kind"], receipt["date"], receipt["gateway"]) == ("receipt", "2026-03-31", "sandbox")
    assert receipt["payment"] == str(first.payment_id)
    assert receipt["gateway reference"] == Payment.objects.get(pk=first.payment_id).gateway_ref
    assert (note["kind"], note["gross"], note["corrects"]) == ("credit_note", "-3.33", first.reference)
    assert note["gateway reference"] == last.refund.gateway_ref
    assert receipt["made-up money"] == "yes"


def test_no_text_is_a_formula(documents: list[Receipt]) -> None:
    assert [row["station"] for row in exported()][1:3] == ["'=HYPERLINK(1)", "'@cmd"]
    for row in exported():
        for name in set(row) - {"net", "tax", "gross"}:
            assert not row[name].startswith(("=", "+", "-", "@", "\t", "\r"))


def test_exact_digits_of_every_currency(documents: list[Receipt]) -> None:
    assert {row["currency"]: len(row["gross"].partition(".")[2]) for row in exported()} == {
        "EUR": 2,
        "JPY": 0,
        "KWD": 3,
    }


def test_both_days_are_included_and_nothing_else(documents: list[Receipt]) -> None:
    for n, document in enumerate(documents):
        Receipt.objects.filter(pk=document.pk).update(issued_day=DAY + dt.timedelta(days=n))
    found = exported(DAY + dt.timedelta(days=1), DAY + dt.timedelta(days=2))
    assert [row["number"] for row in found] == [one.reference for one in documents[1:3]]
    assert exported(DAY + dt.timedelta(days=2), DAY) == []


def test_it_is_read_in_pieces_through_the_index(documents: list[Receipt], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receipt_export, "AT_ONCE", 2)
    with no_scans():
        assert len(exported()) == len(documents)


def test_the_command_writes_the_same(documents: list[Receipt]) -> None:
    file = io.StringIO()
    call_command("export_receipts", "--from", "2026-03-01", "--to", "2026-03-31", stdout=file)
    assert rows_of(file.getvalue()) == exported()


def test_operators_download_it_and_others_do_not(
    client: Browser, documents: list[Receipt], dara: Client, vera: Client, opal: Client, settings: Any
) -> None:
    settings.STAFF_SECOND_FACTOR = False
    wish = {"from": "2026-03-31", "to": "2026-03-31"}
    assert client.get(ADDRESS, wish).status_code == 302
    client.force_login(dara)
    assert client.get(ADDRESS, wish).status_code == 404
    client.force_login(vera)
    assert client.get(ADDRESS, wish).status_code == 403
    client.force_login(opal)
    answer = client.get(ADDRESS, wish)
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert rows_of(answer.getvalue().decode()) == exported()
    for wrong in ({}, {"from": "yesterday", "to": "2026-03-31"}):
        assert client.get(ADDRESS, wrong).status_code == 422
