"""Receipts and credit notes for accounting: CSV, a line each, in exact decimals."""

import csv
import datetime as dt
import io
from collections.abc import Iterable, Iterator

from evbunker.db import lowest
from evbunker.money import major
from payments.models import Payment, Receipt, Refund

COLUMNS = (
    "number", "kind", "date", "station", "booking", "payment", "gateway", "gateway reference", "currency", "net",
    "tax", "gross", "corrects", "made-up money",
)  # fmt: skip
AT_ONCE = 500
BOM = "\ufeff"
"""Spreadsheets take a file for UTF-8 if it begins with this."""
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
"""How a text begins that spreadsheets run as a formula (OWASP, CSV injection)."""


def csv_of(since: dt.date, until: dt.date) -> Iterator[str]:
    """Everything issued from `since` to `until`, both local days of the stations: pieces of a file, by day and number.

    Read day by day through the index of days, so its length does not matter.
    """
    yield BOM + csv_lines([COLUMNS])
    while (day := _next_day(since, until)) is not None:
        last: Receipt | None = None
        while rows := _some_of(day, last):
            yield csv_lines(_cells(rows))
            last = rows[-1]
        since = day + dt.timedelta(days=1)


def _next_day(since: dt.date, until: dt.date) -> dt.date | None:
    first = lowest(Receipt.objects.filter(issued_day__gte=since, issued_day__lte=until), by="issued_day", limit=1)
    return first[0].issued_day if first else None


def _some_of(day: dt.date, last: Receipt | None) -> list[Receipt]:
    rows = Receipt.objects.filter(issued_day=day)
    return lowest(rows.filter(pk__gt=last.pk) if last else rows, by="id", limit=AT_ONCE)


def _cells(rows: list[Receipt]) -> Iterator[tuple[str, ...]]:
    payments = Payment.objects.in_bulk({row.payment_id for row in rows})
    refunds = Refund.objects.in_bulk({row.refund_id for row in rows if row.refund_id})
    for row in rows:
        payment = payments[row.payment_id]
        moved = refunds[row.refund_id] if row.refund_id else payment
        sign = -1 if row.kind == Receipt.Kind.CREDIT_NOTE else 1
        net, tax, gross = (
            f"{major(sign * minor, row.currency):f}"
            for minor in (row.amount_minor - row.tax_minor, row.tax_minor, row.amount_minor)
        )
        yield (
            row.reference, row.kind, row.issued_day.isoformat(), csv_text(row.station_name),
            str(row.booking_id), str(row.payment_id), csv_text(payment.gateway), csv_text(moved.gateway_ref or ""),
            row.currency, net, tax, gross, row.corrects, "" if row.live else "yes",
        )  # fmt: skip


def csv_text(value: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{value}" if value.startswith(DANGEROUS) else value


def csv_lines(rows: Iterable[tuple[str, ...]]) -> str:
    """A piece of a file."""
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue()
