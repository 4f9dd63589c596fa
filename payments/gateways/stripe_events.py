"""What Stripe's objects say, whether it answered with them or a webhook brought them."""

import json
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar

from payments.gateways.base import (
    BadEvent,
    BadSignature,
    GatewayDown,
    GatewayEvent,
    GatewayPayment,
    GatewayRefund,
    RefundTruth,
    Truth,
)
from payments.gateways.stripe_money import from_stripe

REFUND_TRUTHS = {
    "pending": RefundTruth.OPEN,
    "requires_action": RefundTruth.OPEN,
    "succeeded": RefundTruth.SUCCEEDED,
    "failed": RefundTruth.FAILED,
    "canceled": RefundTruth.FAILED,
}
"""`status` of a refund (https://docs.stripe.com/refunds): one that was canceled never arrives either."""
OVER = ("canceled", "requires_payment_method")
"""Payment intents that a completed session leaves in these will not capture: the bank said no."""
LONGEST_TEXT = 160
Seen = TypeVar("Seen", GatewayPayment, GatewayRefund)


def _sensible(read: Callable[..., Seen]) -> Callable[..., Seen]:
    """Let an answer that lacks what it always has be none."""

    @wraps(read)
    def reading(answer: Mapping[str, Any], **more: Any) -> Seen:
        try:
            return read(answer, **more)
        except (KeyError, TypeError, AttributeError) as error:
            raise GatewayDown(f"What Stripe answered makes no sense: {error!r}") from error

    return reading


@_sensible
def seen_payment(session: Mapping[str, Any], *, account: str = "") -> GatewayPayment:
    """A Checkout Session with its payment intent and latest charge. What was captured wins over every state."""
    intent = _expanded(session.get("payment_intent"))
    captured = intent.get("status") == "succeeded"
    figure, currency = (intent["amount_received"], intent["currency"]) if captured else _asked(session)
    return GatewayPayment(
        ref=session["id"],
        truth=Truth.CAPTURED if captured else truth_of(session),
        amount_minor=from_stripe(figure, currency.upper()),
        currency=currency.upper(),
        live=session["livemode"],
        pay_url=session.get("url") or "",
        account=account,
        disputed=bool(_expanded(intent.get("latest_charge")).get("disputed")),
    )


def truth_of(session: Mapping[str, Any]) -> Truth:
    """How a session stands. Completed but unpaid is a method whose bank takes days, until its intent says no."""
    if session["status"] == "expired":
        return Truth.CANCELLED
    if session["status"] == "complete" and session["payment_status"] != "unpaid":
        return Truth.CAPTURED
    over = session["status"] == "complete" and _expanded(session.get("payment_intent")).get("status") in OVER
    return Truth.FAILED if over else Truth.OPEN


@_sensible
def seen_refund(refund: Mapping[str, Any]) -> GatewayRefund:
    """A refund; `refund_id` is empty if we did not ask for it."""
    currency = refund["currency"].upper()
    return GatewayRefund(
        ref=refund["id"],
        truth=REFUND_TRUTHS.get(refund["status"] or "", RefundTruth.OPEN),
        amount_minor=from_stripe(refund["amount"], currency),
        currency=currency,
        refund_id=(refund.get("metadata") or {}).get("refund_id", ""),
    )


def signature_parts(signed: str) -> tuple[str, list[str]]:
    """`t` and every `v1` of the header: while a secret is rolled, Stripe signs with both."""
    pairs = [part.strip().partition("=") for part in signed.split(",")]
    times = [value for name, _, value in pairs if name == "t"]
    given = [value for name, _, value in pairs if name == "v1" and value]
    if len(times) != 1 or not (times[0].isascii() and times[0].isdigit() and len(times[0]) < 15 and given):
        raise BadSignature
    return times[0], given


def read_event(body: bytes, *, live: bool) -> GatewayEvent:
    """What a webhook says; raises BadEvent. Events of the other mode claim nothing, as types that are not known.

    Endpoints of platforms hear of connected accounts, and where real money moves of the test mode too
    (https://docs.stripe.com/connect/webhooks).
    """
    try:
        event = json.loads(body)
        kind = _text(event["type"])
        known = _KNOWN.get(kind) if event.get("livemode", live) == live else None
        facts = known(event["data"]["object"], event["data"]) if known else _NOTHING
        return GatewayEvent(event_id=_text(event["id"]), type=kind[:80], account=_account(event), **facts)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadEvent from error


_NOTHING: dict[str, Any] = {"ref": "", "claims": None, "amount_minor": None, "currency": None}


def _of_session(session: Mapping[str, Any], _data: Mapping[str, Any]) -> dict[str, Any]:
    figure, currency = _asked(session)
    return _facts(session["id"], truth_of(session), figure, currency)


def _of_failed_session(session: Mapping[str, Any], _data: Mapping[str, Any]) -> dict[str, Any]:
    figure, currency = _asked(session)
    return _facts(session["id"], Truth.FAILED, figure, currency)


def _of_refund(refund: Mapping[str, Any], _data: Mapping[str, Any]) -> dict[str, Any]:
    claims = REFUND_TRUTHS.get(refund["status"] or "", RefundTruth.OPEN)
    return _facts(_intent_of(refund), claims, refund["amount"], refund["currency"])


def _of_refunded_charge(charge: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """The charge names all that went back; what it was before is said beside it."""
    before = (data.get("previous_attributes") or {}).get("amount_refunded", 0)
    return _facts(_intent_of(charge), RefundTruth.SUCCEEDED, charge["amount_refunded"] - before, charge["currency"])


def _of_dispute(dispute: Mapping[str, Any], _data: Mapping[str, Any]) -> dict[str, Any]:
    return _facts(_intent_of(dispute), Truth.CAPTURED, dispute["amount"], dispute["currency"]) | {"disputed": True}


_KNOWN = {
    "checkout.session.completed": _of_session,
    "checkout.session.async_payment_succeeded": _of_session,
    "checkout.session.async_payment_failed": _of_failed_session,
    "checkout.session.expired": _of_session,
    "refund.created": _of_refund,
    "refund.updated": _of_refund,
    "refund.failed": _of_refund,
    "charge.refund.updated": _of_refund,
    "charge.refunded": _of_refunded_charge,
    "charge.dispute.created": _of_dispute,
    "charge.dispute.updated": _of_dispute,
    "charge.dispute.closed": _of_dispute,
    "charge.dispute.funds_withdrawn": _of_dispute,
    "charge.dispute.funds_reinstated": _of_dispute,
}
"""https://docs.stripe.com/api/events/types"""


def _account(event: Mapping[str, Any]) -> str:
    """Whose event it is: platforms hear of the accounts that are connected to theirs."""
    return _text(event["account"]) if event.get("account") else ""


def _facts(ref: object, claims: Truth | RefundTruth, figure: object, currency: str) -> dict[str, Any]:
    if not isinstance(figure, int):
        raise BadEvent
    code = _text(currency).upper()
    return {"ref": _text(ref), "claims": claims, "amount_minor": from_stripe(figure, code), "currency": code}


def _asked(session: Mapping[str, Any]) -> tuple[int, str]:
    return session["amount_total"], session["currency"]


def _intent_of(charged: Mapping[str, Any]) -> object:
    """The payment intent; charges that never had one keep their own id, which is no payment's of ours."""
    return charged.get("payment_intent") or charged["id"]


def _expanded(part: object) -> Mapping[str, Any]:
    """An expanded object; nothing of one that is only named, or not there."""
    return part if isinstance(part, Mapping) else {}


def _text(value: object) -> str:
    """A short text that a database can keep: JSON may also name halves of characters."""
    if not isinstance(value, str) or not 0 < len(value.encode()) <= LONGEST_TEXT:
        raise BadEvent
    return value
