"""Receipts and credit notes: written in the unit of work that moves the money, numbered without a gap, never changed.

So at every moment the receipts less the credit notes of a payment are what it captured less what it sent back.
"""

import datetime as dt
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import IntegrityError

from bookings.models import Booking, Client
from bookings.pricing import WHOLE_BP, half_up
from evbunker import clock
from evbunker.audit import record_change
from evbunker.db import RunAgain, atomic, claim
from evbunker.errors import Busy
from evbunker.models import new_id
from payments.gateways import KNOWN
from payments.models import GatewayCommand, Payment, Receipt, ReceiptSeries, Refund

Kind = Receipt.Kind
LETTERS = {Kind.RECEIPT: "R", Kind.CREDIT_NOTE: "C"}
MADE_UP = "T"
"""Begins the series of made-up money: `TR26` beside `R26`."""

_sellers: list[Callable[[], str]] = []


def register_seller(seller: Callable[[], str]) -> None:
    """Let what lies above say who sells: name, address and tax number, a line each. Called while starting."""
    _sellers.append(seller)


def prepare_receipts(payment: Payment) -> None:
    """See to it that the series exist in which a document of `payment` gets its number, today or tomorrow there.

    Call it before a unit of work that issues one, never inside: two that make a row at once would fail each other.
    """
    today = _today(payment)
    days = (today, today + dt.timedelta(days=1))
    wanted = {_series(kind, day, live=live) for kind in Kind for day in days for live in (True, False)}
    for name in wanted - set(ReceiptSeries.objects.filter(name__in=wanted).values_list("name", flat=True)):
        try:
            begin_series(name)
        except IntegrityError:  # somebody else began it at the same moment
            continue


@atomic
def begin_series(name: str) -> ReceiptSeries:
    """Raises IntegrityError if it exists."""
    return ReceiptSeries.objects.create(name=name)


def issue_receipt(payment: Payment) -> Receipt:
    """Document the money that `payment` captured: the last step of the unit of work that takes it in.

    Late, because units that number in one series get in each other's way. Raises Busy without `prepare_receipts`.
    """
    booking = Booking.objects.get(pk=payment.booking_id)
    lines = _lines(booking, payment.captured_minor)
    return _issue(
        payment, booking, kind=Kind.RECEIPT, once=f"receipt:{payment.pk}", lines=lines, live=_is_live(payment),
        amount_minor=payment.captured_minor,
    )  # fmt: skip


def issue_credit_note(refund: Refund) -> Receipt:
    """Document money that went back, and have it sent to the driver: the last step of the unit of work that makes
    `refund` final. Raises as above."""
    note = credit(refund)
    kind = GatewayCommand.Kind.RECEIPT_EMAIL
    GatewayCommand.objects.ask(note.payment, kind, key=f"credit_note:{refund.pk}", refund=refund)
    return note


def credit(refund: Refund) -> Receipt:
    """The credit note alone. A payment from before there were receipts gets its own first."""
    payment = Payment.objects.get(pk=refund.payment_id)
    receipt = Receipt.objects.filter(once=f"receipt:{payment.pk}").first() or issue_receipt(payment)
    credited, credited_tax = _credited(payment)
    whole = credited + refund.amount_minor
    due_tax = tax_credited(receipt.tax_minor, receipt.amount_minor, credited=0, amount_minor=whole)
    tax = max(0, due_tax - credited_tax)
    line = {"code": str(refund.reason), "amount_minor": refund.amount_minor, "tax_minor": tax}
    return _issue(
        payment, Booking.objects.get(pk=payment.booking_id), kind=Kind.CREDIT_NOTE, once=f"refund:{refund.pk}",
        lines=[line], live=receipt.live, amount_minor=refund.amount_minor, refund=refund,
        corrects=receipt.reference, reason=str(refund.reason),
    )  # fmt: skip


def take_back_credit(refund: Refund) -> Receipt:
    """Document that money which went back came to us again: a receipt that takes back the credit note of `refund`.

    The last step of the unit of work that notes it. Raises as above.
    """
    note = Receipt.objects.get(once=f"refund:{refund.pk}")
    payment = Payment.objects.get(pk=refund.payment_id)
    receipt = _issue(
        payment, Booking.objects.get(pk=payment.booking_id), kind=Kind.RECEIPT, once=f"came back:{refund.pk}",
        lines=note.lines, live=note.live, amount_minor=note.amount_minor, refund=refund, corrects=note.reference,
        reason=note.reason,
    )  # fmt: skip
    kind = GatewayCommand.Kind.RECEIPT_EMAIL
    GatewayCommand.objects.ask(payment, kind, key=f"came back:{refund.pk}", refund=refund)
    return receipt


def _credited(payment: Payment) -> tuple[int, int]:
    """What credit notes credited of a payment, and the tax in it, less what was taken back."""
    documents = Receipt.objects.filter(payment_id=payment.pk, refund__isnull=False)
    rows = list(documents.values_list("kind", "amount_minor", "tax_minor"))
    signed = [(1 if kind == Kind.CREDIT_NOTE else -1, amount, tax) for kind, amount, tax in rows]
    return sum(sign * amount for sign, amount, _tax in signed), sum(sign * tax for sign, _amount, tax in signed)


def tax_credited(tax_minor: int, of_minor: int, *, credited: int, amount_minor: int) -> int:
    """The tax in `amount_minor` that goes back after `credited` went back before, of a receipt over `of_minor`.

    Always the difference of two rounded sums, so that all of it together is `tax_minor` when all has gone back.
    """
    if not of_minor:
        return 0
    return half_up(tax_minor * (credited + amount_minor), of_minor) - half_up(tax_minor * credited, of_minor)


def _is_live(payment: Payment) -> bool:
    """Whether real money came. What came in the other mode than the gateway's own is in review for that."""
    return KNOWN[payment.gateway]().live != (payment.review_reason == "live_mode")


def _lines(booking: Booking, amount_minor: int) -> list[dict[str, Any]]:
    """What was sold; one line where the money that came is not what was asked for."""
    if sum(line["amount_minor"] for line in booking.price_lines) == amount_minor:
        return list(booking.price_lines)
    tax_bp = _tax_bp(booking)
    tax = half_up(amount_minor * tax_bp, WHOLE_BP + tax_bp)
    return [{"code": "payment", "amount_minor": amount_minor, "tax_minor": tax}]


def _tax_bp(booking: Booking) -> int:
    return int(booking.tariff_terms.get("tax_bp", 0))


def _issue(
    payment: Payment, booking: Booking, *, kind: Receipt.Kind, live: bool, lines: list[dict[str, Any]], **facts: Any
) -> Receipt:
    day = _today(payment)
    series = _series(kind, day, live=live)
    seller = "\n".join(read() for read in _sellers)
    number = _next_number(series)
    return Receipt.objects.create(
        kind=kind, lines=lines, tax_minor=sum(line["tax_minor"] for line in lines), live=live,
        series=series, number=number, reference=f"{series}-{number:06d}", payment=payment, booking=booking,
        client_id=payment.client_id, issued_at=clock.now(), issued_day=day, tax_bp=_tax_bp(booking),
        currency=payment.currency, seller=seller, station_name=booking.station_name,
        station_time_zone=booking.station_time_zone, evse_label=booking.evse_label, starts_at=booking.starts_at,
        ends_at=booking.ends_at, **facts,
    )  # fmt: skip


def _next_number(series: str) -> int:
    """The number after the last one: taken for good when the unit commits, and never missed if it does not."""
    last = ReceiptSeries.objects.filter(name=series).values_list("last_number", flat=True).first()
    if last is None:
        raise Busy  # the caller did not prepare; whoever tries again does
    if not claim(ReceiptSeries.objects.filter(name=series, last_number=last), last_number=last + 1):
        raise RunAgain
    return last + 1


def _series(kind: Receipt.Kind, day: dt.date, *, live: bool) -> str:
    """`R26`: receipts of the financial year that began in 2026. With a number at most the 16 characters that India's
    GST allows (rule 46 of the CGST Rules), and unique within a century."""
    return f"{'' if live else MADE_UP}{LETTERS[kind]}{financial_year(day) % 100:02d}"


def financial_year(day: dt.date) -> int:
    """The year in which the operator's financial year that holds `day` began (FINANCIAL_YEAR_STARTS, "04-01")."""
    month, first = (int(part) for part in settings.FINANCIAL_YEAR_STARTS.split("-"))
    return day.year if (day.month, day.day) >= (month, first) else day.year - 1


def _today(payment: Payment) -> dt.date:
    return clock.now().astimezone(ZoneInfo(payment.station_time_zone)).date()


def resend_receipt(*, payment: Payment, actor: Client) -> GatewayCommand | None:
    """Send the driver all documents of `payment` (again); None if there are none. Asked for twice, sent twice."""
    if not Receipt.objects.filter(payment_id=payment.pk).exists():
        return None
    return _resend(payment, actor)


@atomic
def _resend(payment: Payment, actor: Client) -> GatewayCommand:
    record_change(actor=actor, action="receipt.resent", record=payment)
    return GatewayCommand.objects.ask(
        payment, GatewayCommand.Kind.RECEIPT_EMAIL, key=f"receipts:{payment.pk}:{new_id()}"
    )
