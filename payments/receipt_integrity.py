"""Do the receipts fit the money? Reads all rows, changes nothing."""

from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from bookings.integrity import AT_A_TIME
from payments.earlier_receipts import EARLIER
from payments.models import Payment, Receipt, ReceiptSeries, Refund

Kind = Receipt.Kind
PAID = (Payment.Status.CAPTURED, Payment.Status.REVIEW)
FIELDS = (
    "id", "kind", "series", "number", "reference", "payment_id", "refund_id", "corrects", "amount_minor", "tax_minor",
    "currency", "lines",
)  # fmt: skip
Row = Any
"""A named tuple of FIELDS, or of a payment."""


def receipt_findings(payments: list[Row]) -> Iterator[str]:
    """Receipts less credit notes are what was captured less what was sent back; each fact is documented once."""
    documents = list(Receipt.objects.values_list(*FIELDS, named=True).iterator(chunk_size=AT_A_TIME))
    yield from _sums(payments, documents)
    yield from _numbers(documents)
    yield from _refunds(documents)
    yield from _inside(documents)


def _sums(payments: list[Row], documents: list[Row]) -> Iterator[str]:
    """A payment that captured anything has one receipt; its documents come to its money, in its currency."""
    receipts, sums = Counter[UUID](), Counter[tuple[UUID, str]]()
    for row in documents:
        receipts[row.payment_id] += row.kind == Kind.RECEIPT and row.refund_id is None
        sums[row.payment_id, row.currency] += row.amount_minor if row.kind == Kind.RECEIPT else -row.amount_minor
    for row in payments:
        if receipts.pop(row.id, 0) != int(row.status in PAID and row.captured_minor > 0):
            yield f"payment {row.id} ({row.status}) has no receipt, or one that it should not have"
        if sums.pop((row.id, row.currency), 0) != row.captured_minor - row.refunded_minor:
            yield f"payment {row.id}: receipts less credit notes are not what was captured less what was sent back"
    yield from (f"receipts in {key[1]} of payment {key[0]} do not fit it" for key, amount in sums.items() if amount)


def _numbers(documents: list[Row]) -> Iterator[str]:
    """The numbers of a series are 1 to its last one."""
    numbers: dict[str, list[int]] = {}
    for row in documents:
        numbers.setdefault(row.series, []).append(row.number)
        if row.reference != f"{row.series}-{row.number:06d}" or len(row.reference) > 16:
            yield f"receipt {row.reference} is not number {row.number} of {row.series}"
    for name, last in ReceiptSeries.objects.exclude(name=EARLIER).values_list("name", "last_number"):
        if sorted(numbers.pop(name, [])) != list(range(1, last + 1)):
            yield f"series {name} has a gap or a number twice"
    yield from (f"receipts of a series {name} that does not exist" for name in numbers)


def _refunds(documents: list[Row]) -> Iterator[str]:
    """Every final refund has one credit note over its amount, and nothing else has one that was not taken back."""
    sent = Refund.objects.filter(status__in=Refund.SENT).values_list("id", "amount_minor")
    amounts: dict[UUID, int] = dict(sent.iterator(chunk_size=AT_A_TIME))
    taken_back = {row.corrects for row in documents if row.kind == Kind.RECEIPT and row.refund_id}
    for row in documents:
        if row.kind == Kind.CREDIT_NOTE and row.reference in taken_back:
            taken_back.discard(row.reference)
        elif row.kind == Kind.CREDIT_NOTE and amounts.pop(row.refund_id, None) != row.amount_minor:
            yield f"credit note {row.reference} and its refund do not fit"
    yield from (f"a receipt takes back {reference}, which is no credit note" for reference in taken_back)
    yield from (f"refund {refund_id} has no credit note" for refund_id in amounts)


def _inside(documents: list[Row]) -> Iterator[str]:
    """Lines sum to the amount and taxes to the tax; credit notes name the receipt, and credit no more tax than it has.

    What went back whole took all of its tax along.
    """
    receipts = {row.payment_id: row for row in documents if row.kind == Kind.RECEIPT and row.refund_id is None}
    credited, taxes = Counter[UUID](), Counter[UUID]()
    for row in documents:
        lines = (sum(line["amount_minor"] for line in row.lines), sum(line["tax_minor"] for line in row.lines))
        if lines != (row.amount_minor, row.tax_minor):
            yield f"receipt {row.reference} is not the sum of its lines"
        if row.refund_id:
            sign = 1 if row.kind == Kind.CREDIT_NOTE else -1
            credited[row.payment_id] += sign * row.amount_minor
            taxes[row.payment_id] += sign * row.tax_minor
        main = receipts.get(row.payment_id)
        if row.kind == Kind.CREDIT_NOTE and (main is None or row.corrects != main.reference):
            yield f"credit note {row.reference} does not correct its payment's receipt"
    for payment_id, receipt in receipts.items():
        tax, whole = taxes[payment_id], credited[payment_id] == receipt.amount_minor
        if tax > receipt.tax_minor or (whole and tax != receipt.tax_minor):
            yield f"the credit notes of receipt {receipt.reference} credit {tax} of {receipt.tax_minor} tax"
