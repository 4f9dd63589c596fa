"""Our side of the sandbox gateway: the calls a real gateway's SDK would make."""

import datetime as dt
import json
from collections.abc import Iterator, Mapping

from django.conf import settings

from evbunker import clock
from payments import sandbox
from payments.gateways.base import (
    BadEvent,
    BadSignature,
    GatewayDown,
    GatewayEvent,
    GatewayPayment,
    GatewayRefund,
    Moved,
    Movement,
    NoSecret,
    PayRequest,
    RefundRequest,
    RefundTruth,
    Truth,
)
from payments.gateways.signing import check_signed, header
from payments.models import SandboxPayment, SandboxRefund

TOLERANCE_SECONDS = 300
CLAIMS: dict[str, Truth | RefundTruth] = {
    "payment.captured": Truth.CAPTURED,
    "payment.failed": Truth.FAILED,
    "refund.succeeded": RefundTruth.SUCCEEDED,
    "refund.failed": RefundTruth.FAILED,
    "dispute.created": Truth.CAPTURED,
}


class SandboxGateway:
    """Made-up money, real behaviour: its own books, a pay page and signed webhooks."""

    name = "sandbox"
    live = False
    account = ""

    def problems(self) -> Iterator[str]:
        """It needs nothing: without a secret its webhook is closed, and money is found all the same."""
        return iter(())

    def check_amount(self, amount_minor: int, currency: str) -> None:
        """Every amount can be paid with made-up money."""

    def create(self, request: PayRequest) -> GatewayPayment:
        return _seen(sandbox.open_payment(request))

    def find(self, payment_id: str) -> GatewayPayment | None:
        known = SandboxPayment.objects.filter(payment_id=payment_id).first()
        return _seen(known) if known else None

    def look_up(self, ref: str) -> GatewayPayment:
        return _seen(_book(ref))

    def cancel(self, ref: str) -> GatewayPayment:
        sandbox.cancel_payment(ref)
        return self.look_up(ref)

    def refund(self, request: RefundRequest) -> GatewayRefund:
        return _seen_refund(sandbox.refund(request))

    def look_up_refund(self, ref: str) -> GatewayRefund:
        known = SandboxRefund.objects.filter(gateway_ref=ref).first()
        if known is None:
            raise GatewayDown(f"the sandbox knows no refund {ref}")
        return _seen_refund(known)

    def refunds_of(self, payment_ref: str) -> list[GatewayRefund]:
        return [_seen_refund(known) for known in SandboxRefund.objects.filter(payment_ref=payment_ref)]

    def movements(self, day: dt.date) -> Iterator[Movement]:
        begin = dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC)
        end = begin + dt.timedelta(days=1)
        paid = SandboxPayment.objects.filter(effective_at__gte=begin, effective_at__lt=end)
        for book in paid.filter(outcome=SandboxPayment.Outcome.PAID):
            yield Movement(book.gateway_ref, Moved.IN, book.amount_minor, book.currency)
        sent = SandboxRefund.objects.filter(created_at__gte=begin, created_at__lt=end)
        for known in sent.filter(outcome=SandboxRefund.Outcome.SUCCEEDED):
            yield Movement(known.gateway_ref, Moved.OUT, known.amount_minor, known.currency, known.payment_ref)

    def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> None:
        if not settings.SANDBOX_WEBHOOK_SECRET:
            raise NoSecret
        sent_at, given = _parts(header(headers, "Sandbox-Signature"))
        if abs(int(clock.now().timestamp()) - sent_at) > TOLERANCE_SECONDS:
            raise BadSignature
        message = sandbox.signed_part(sent_at, body)
        check_signed(setting=settings.SANDBOX_WEBHOOK_SECRET, message=message, given=given)

    def parse_event(self, headers: Mapping[str, str], body: bytes) -> GatewayEvent:
        try:
            event = json.loads(body)
            data = event["data"]
            return GatewayEvent(
                event_id=_text(event["id"]),
                type=_text(event["type"]),
                ref=_text(data["payment"]),
                claims=CLAIMS.get(event["type"]),
                amount_minor=data.get("amount_minor"),
                currency=data.get("currency"),
                disputed=event["type"] == "dispute.created",
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise BadEvent from error

    def payment_ref(self, event_ref: str) -> str:
        return event_ref


def _parts(header: str) -> tuple[int, str]:
    """`t` and `v1` of the header."""
    parts = dict(part.strip().split("=", 1) for part in header.split(",") if "=" in part)
    time = parts.get("t", "")
    if not (time.isascii() and time.isdigit() and len(time) < 15 and "v1" in parts):
        raise BadSignature
    return int(time), parts["v1"]


def _text(value: object) -> str:
    """A short text that a database can keep: JSON may also name halves of characters."""
    if not isinstance(value, str) or not 0 < len(value.encode()) <= 80:
        raise BadEvent
    return value


def _book(ref: str) -> SandboxPayment:
    try:
        return SandboxPayment.objects.get(gateway_ref=ref)
    except SandboxPayment.DoesNotExist as error:
        raise GatewayDown(f"the sandbox knows no payment {ref}") from error


def _seen(book: SandboxPayment) -> GatewayPayment:
    return GatewayPayment(
        ref=book.gateway_ref,
        truth=sandbox.truth_of(book),
        amount_minor=book.amount_minor,
        currency=book.currency,
        live=False,
        pay_url=f"{settings.SITE_URL}/payments/sandbox/{book.gateway_ref}/",
        disputed=book.disputed,
    )


def _seen_refund(known: SandboxRefund) -> GatewayRefund:
    return GatewayRefund(
        ref=known.gateway_ref,
        truth=RefundTruth(known.outcome),
        amount_minor=known.amount_minor,
        currency=known.currency,
        refund_id=known.refund_id,
    )
