"""Does the money fit the bookings? Reads all rows, changes nothing."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from bookings.integrity import AT_A_TIME
from bookings.integrity import findings as booking_findings
from bookings.models import Booking
from payments.models import Payment, PaymentEvent, Refund
from payments.receipt_integrity import receipt_findings

Kind, Status = PaymentEvent.Kind, Payment.Status
MONEY = (Kind.CAPTURED, Kind.REVIEW, Kind.REFUND_ASKED, Kind.REFUND_FAILED, Kind.REFUNDED)

FIELDS = (
    "id", "booking_id", "status", "amount_minor", "captured_minor", "refund_reserved_minor", "refunded_minor",
    "captured_day", "live_for", "currency", "review_reason",
)  # fmt: skip
Row = Any
"""A named tuple of FIELDS."""
_more: list[Callable[[], Iterator[str]]] = []


def register(findings: Callable[[], Iterator[str]]) -> None:
    """Let what lies above be checked as well: one sentence for each thing that does not fit. Called while starting."""
    _more.append(findings)


def check_integrity() -> list[str]:
    """One sentence for each thing that does not fit; an empty list is what everybody wants."""
    payments = list(Payment.objects.values_list(*FIELDS, named=True).iterator(chunk_size=AT_A_TIME))
    money = (payment_findings, family_findings, ledger_findings, refund_findings, receipt_findings)
    found = [*booking_findings(), *(sentence for findings in money for sentence in findings(payments))]
    return found + [sentence for findings in _more for sentence in findings()]


def payment_findings(payments: list[Row]) -> Iterator[str]:
    """Every booking that is or was sure was paid once, in full; one live attempt a booking."""
    confirming = Counter(row.booking_id for row in payments if row.status == Status.CAPTURED and row.captured_day)
    names = ("id", "status", "confirmed_at", "extends_id", "quote_minor")
    bookings = Booking.objects.values_list(*names).iterator(chunk_size=AT_A_TIME)
    for booking_id, status, confirmed_at, extends_id, quote_minor in bookings:
        was_sure = status in Booking.PAID or (status == Booking.Status.CANCELLED and confirmed_at is not None)
        found, was_free = confirming.pop(booking_id, 0), extends_id is not None and not quote_minor
        if found != int(was_sure) and (found or not was_free):  # time that costs nothing is added without a payment
            yield f"booking {booking_id} ({status}) and its captured payments do not fit"
    yield from (f"captured payment of a booking {booking_id} that does not exist" for booking_id in confirming)
    for row in payments:
        if (row.live_for == row.booking_id) != (row.status in Payment.LIVE):
            yield f"payment {row.id} ({row.status}) is marked wrongly as live"
        if row.status == Status.CAPTURED and row.amount_minor != row.captured_minor and not row.review_reason:
            yield f"payment {row.id} captured {row.captured_minor} of {row.amount_minor}"
        if row.status == Status.CAPTURED and row.captured_day and row.captured_minor < row.amount_minor:
            yield f"payment {row.id} confirmed for {row.captured_minor} what costs {row.amount_minor}"


def family_findings(payments: list[Row]) -> Iterator[str]:
    """A booking that is or was sure costs no more than was paid for it and for the time added to it.

    It costs less where it was shortened.
    """
    paid = Counter[UUID]()
    added = dict(Booking.objects.filter(extends__isnull=False).values_list("id", "extends_id"))
    for row in payments:
        if row.status == Status.CAPTURED and row.captured_day:
            paid[added.get(row.booking_id, row.booking_id)] += row.captured_minor
    sure = Booking.objects.standalone().filter(status__in=Booking.PAID).values_list("id", "quote_minor")
    for booking_id, quote_minor in sure.iterator(chunk_size=AT_A_TIME):
        if paid[booking_id] < quote_minor:
            yield f"booking {booking_id} costs {quote_minor}, but only {paid[booking_id]} was paid"


def ledger_findings(payments: list[Row]) -> Iterator[str]:
    """A payment's sums are what its ledger says, and money came at most once."""
    lines: dict[UUID, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    rows = PaymentEvent.objects.filter(kind__in=MONEY).values_list("payment_id", "kind", "amount_minor")
    for payment_id, kind, amount_minor in rows.iterator(chunk_size=AT_A_TIME):
        lines[payment_id][kind].append(amount_minor)
    for row in payments:
        of = lines.pop(row.id, defaultdict(list))
        came = of[Kind.CAPTURED] + of[Kind.REVIEW]
        to_go = sum(of[Kind.REFUND_ASKED]) - sum(of[Kind.REFUND_FAILED])
        sums = (sum(came), to_go, sum(of[Kind.REFUNDED]))
        if sums != (row.captured_minor, row.refund_reserved_minor, row.refunded_minor) or len(came) > 1:
            yield f"payment {row.id} ({row.status}) and its ledger do not fit"
    yield from (f"ledger of a payment {payment_id} that does not exist" for payment_id in lines)


def refund_findings(payments: list[Row]) -> Iterator[str]:
    """What has gone back and is to go back is the sum of a payment's refunds, and no more than came.

    Money that confirmed nothing goes back whole, and of what a person accepted what is more than the price, unless
    its gateway refuses.
    """
    reserved, sent, refused = Counter[UUID](), Counter[UUID](), Counter[UUID]()
    refunds = Refund.objects.values_list("payment_id", "status", "amount_minor").iterator(chunk_size=AT_A_TIME)
    for payment_id, status, amount_minor in refunds:
        (refused if status in Refund.REFUSED else reserved)[payment_id] += amount_minor
        sent[payment_id] += amount_minor if status in Refund.SENT else 0
    for row in payments:
        if (row.refund_reserved_minor, row.refunded_minor) != (reserved[row.id], sent[row.id]):
            yield f"payment {row.id} and its refunds do not fit"
        if row.refund_reserved_minor > row.captured_minor:
            yield f"payment {row.id} sends back {row.refund_reserved_minor} of {row.captured_minor}"
        for_nothing = row.status == Status.CAPTURED and not row.captured_day
        if for_nothing and row.refund_reserved_minor != row.captured_minor and not refused[row.id]:
            yield f"payment {row.id} confirmed nothing, and not all of it goes back"
        accepted = row.status == Status.CAPTURED and row.captured_day and row.review_reason
        if accepted and row.captured_minor - row.refund_reserved_minor > row.amount_minor and not refused[row.id]:
            yield f"payment {row.id} keeps more than its price"
