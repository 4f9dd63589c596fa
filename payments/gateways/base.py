"""What every gateway can do for us. Nothing here runs inside a unit of work: gateways are slow and far away."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from django.utils.translation import gettext_lazy as _

from evbunker.errors import DomainError


class Truth(StrEnum):
    """How a payment stands at its gateway."""

    OPEN = "open"
    CAPTURED = "captured"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class PayRequest:
    """A payment to be made at a gateway. Repeating it with the same key makes no second one."""

    idempotency_key: str
    payment_id: str
    amount_minor: int
    currency: str
    description: str
    return_url: str
    pay_before: dt.datetime


@dataclass(frozen=True)
class GatewayPayment:
    """A payment as its gateway knows it. `live` is False where no real money moves.

    `account` is whose books it stands in, empty where the gateway does not say. A disputed one was called back by
    the payer's bank.
    """

    ref: str
    truth: Truth
    amount_minor: int
    currency: str
    live: bool
    pay_url: str = ""
    account: str = ""
    disputed: bool = False


class RefundTruth(StrEnum):
    """How a refund stands at its gateway."""

    OPEN = "open"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True)
class RefundRequest:
    """Money to be sent back. Repeating it with the same key sends nothing twice."""

    idempotency_key: str
    refund_id: str
    payment_ref: str
    amount_minor: int
    currency: str


@dataclass(frozen=True)
class GatewayRefund:
    """A refund as its gateway knows it. `refund_id` is ours, empty where somebody made it at the gateway by hand."""

    ref: str
    truth: RefundTruth
    amount_minor: int
    currency: str
    refund_id: str = ""


@dataclass(frozen=True)
class GatewayEvent:
    """What a webhook says of the payment `ref`. A hint: the gateway is always asked.

    `claims` is None for types we do not know; `account` whose event it is, empty where the gateway does not say. An
    event of a dispute claims CAPTURED and is `disputed`; its amount does not matter.
    """

    event_id: str
    type: str
    ref: str
    claims: Truth | RefundTruth | None
    amount_minor: int | None
    currency: str | None
    account: str = ""
    disputed: bool = False


class Moved(StrEnum):
    """Which way money went."""

    IN = "in"
    OUT = "out"


@dataclass(frozen=True)
class Movement:
    """One line of a gateway's own books: `ref` is the payment's for money that came, the refund's for what went.

    `payment_ref` names the payment of a refund, empty where the gateway does not say.
    """

    ref: str
    moved: Moved
    amount_minor: int
    currency: str
    payment_ref: str = ""


class BadSignature(DomainError):
    code, status = "bad_signature", 400
    message = _("The signature does not fit.")


class BadEvent(DomainError):
    code, status = "bad_event", 400
    message = _("That is not an event of this gateway.")


class NoSecret(DomainError):
    code, status = "webhook_not_configured", 503
    message = _("This webhook is not configured.")


class AmountTooSmall(DomainError):
    code, status = "amount_too_small", 422
    field = "gateway"
    message = _("This way to pay takes no amount below %(least)s.")

    def __init__(self, least: str) -> None:
        super().__init__(self.message % {"least": least})


class AmountNotTaken(DomainError):
    code, status = "amount_not_taken", 422
    field = "gateway"
    message = _("This way to pay does not take this amount in this currency.")


class GatewayDown(Exception):
    """The gateway did not answer, or not sensibly. Nothing is known; ask again later."""


class GatewayStuck(GatewayDown):
    """The gateway repeats an old failure under this key: find what it made, else ask again under a new key."""


class PaymentRefused(Exception):
    """The gateway will never make this payment; its words are the exception's."""


class RefundRefused(Exception):
    """The gateway will never make this refund; its words are the exception's."""


class Gateway(Protocol):
    """One gateway. Every call may raise GatewayDown.

    `live` says whether real money moves as it is configured, `account` whose books we expect (empty: any).
    """

    name: str
    live: bool
    account: str

    def problems(self) -> Iterator[str]:
        """What is wrong with its settings, one sentence each: a server must not start so."""

    def check_amount(self, amount_minor: int, currency: str) -> None:
        """Raise AmountTooSmall or AmountNotTaken for what nobody could pay there. Asks nobody."""

    def create(self, request: PayRequest) -> GatewayPayment:
        """Make the payment at the gateway; the same key gives the same payment. Raises PaymentRefused."""

    def find(self, payment_id: str) -> GatewayPayment | None:
        """The payment that was made for our `payment_id`, when its answer got lost; None if there is none."""

    def look_up(self, ref: str) -> GatewayPayment:
        """How the payment stands now."""

    def cancel(self, ref: str) -> GatewayPayment:
        """Let nobody pay it any more, if nobody has yet; how it stands then."""

    def refund(self, request: RefundRequest) -> GatewayRefund:
        """Send money back; the same key gives the same refund. Raises RefundRefused."""

    def look_up_refund(self, ref: str) -> GatewayRefund:
        """How the refund stands now."""

    def refunds_of(self, payment_ref: str) -> list[GatewayRefund]:
        """Every refund of the payment, also those that were made at the gateway by hand."""

    def movements(self, day: dt.date) -> Iterator[Movement]:
        """What came and what went on that UTC day, by the gateway's own books: payments captured, refunds made."""

    def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> None:
        """Raise BadSignature or NoSecret unless the gateway sent `body`. Several secrets fit while one is replaced."""

    def parse_event(self, headers: Mapping[str, str], body: bytes) -> GatewayEvent:
        """Read a verified event; raises BadEvent. Kept events are read again without their headers."""

    def payment_ref(self, event_ref: str) -> str:
        """The payment's `ref` for what an event calls it; empty if it is no payment of ours. May ask the gateway."""
