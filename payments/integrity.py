"""Does the money fit the bookings? Reads all rows, changes nothing."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from uuid import UUID

from bookings.integrity import AT_A_TIME
from bookings.integrity import findings as booking_findings
from bookings.models import Booking
from payments.models import Payment, PaymentEvent

Row = tuple[UUID, UUID, str, int, int, UUID | None]
FIELDS = ("id", "booking_id", "status", "amount_minor", "captured_minor", "live_for")
_more: list[Callable[[], Iterator[str]]] = []


def register(findings: Callable[[], Iterator[str]]) -> None:
    """Let what lies above be checked as well: one sentence for each thing that does not fit. Called while starting."""
    _more.append(findings)


def check_integrity() -> list[str]:
    """One sentence for each thing that does not fit; an empty list is what everybody wants."""
    payments: list[Row] = list(Payment.objects.values_list(*FIELDS).iterator(chunk_size=AT_A_TIME))
    found = [*booking_findings(), *payment_findings(payments), *ledger_findings(payments)]
    return found + [sentence for findings in _more for sentence in findings()]


def payment_findings(payments: list[Row]) -> Iterator[str]:
    """Every paid booking was captured once, in full; nothing else was captured; one live attempt a booking."""
    statuses = dict(Booking.objects.values_list("id", "status").iterator(chunk_size=AT_A_TIME))
    captured = Counter(booking_id for _id, booking_id, status, *_rest in payments if status == Payment.Status.CAPTURED)
    for booking_id, status in statuses.items():
        if captured.pop(booking_id, 0) != int(status in Booking.PAID):
            yield f"booking {booking_id} ({status}) and its captured payments do not fit"
    yield from (f"captured payment of a booking {booking_id} that does not exist" for booking_id in captured)
    for pk, booking_id, status, amount_minor, captured_minor, live_for in payments:
        if (live_for == booking_id) != (status in Payment.LIVE):
            yield f"payment {pk} ({status}) is marked wrongly as live"
        if status == Payment.Status.CAPTURED and amount_minor != captured_minor:
            yield f"payment {pk} captured {captured_minor} of {amount_minor}"


def ledger_findings(payments: list[Row]) -> Iterator[str]:
    """A payment's captured sum is what its ledger says, and money came at most once."""
    sums: dict[UUID, list[int]] = defaultdict(list)
    money = [PaymentEvent.Kind.CAPTURED, PaymentEvent.Kind.REVIEW]
    rows = PaymentEvent.objects.filter(kind__in=money).values_list("payment_id", "amount_minor")
    for payment_id, amount_minor in rows.iterator(chunk_size=AT_A_TIME):
        sums[payment_id].append(amount_minor)
    for pk, _booking, status, _amount, captured_minor, _live in payments:
        entries = sums.pop(pk, [])
        if sum(entries) != captured_minor or len(entries) > 1:
            yield f"payment {pk} ({status}) says {captured_minor} was captured, its ledger {entries}"
    yield from (f"ledger of a payment {payment_id} that does not exist" for payment_id in sums)
