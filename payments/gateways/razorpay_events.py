"""What Razorpay's webhooks say (razorpay.com/docs/webhooks): the event's id comes in a header, a time not always."""

import hashlib
from typing import Any

from payments.gateways.base import BadEvent, GatewayEvent, RefundTruth, Truth

CLAIMS: dict[str, Truth | RefundTruth] = {
    "payment.authorized": Truth.CAPTURED,  # because asking captures it
    "payment.captured": Truth.CAPTURED,
    "payment.failed": Truth.OPEN,  # the order can be tried again
    "order.paid": Truth.CAPTURED,
    "refund.created": RefundTruth.OPEN,
    "refund.processed": RefundTruth.SUCCEEDED,
    "refund.failed": RefundTruth.FAILED,
}
DISPUTE = "payment.dispute."
"""How the types begin that tell of disputes: created, under_review, action_required, won, lost, closed."""


def read_event(event: dict[str, Any], *, event_id: str, body: bytes) -> GatewayEvent:
    """Raises BadEvent, KeyError, TypeError or AttributeError for what is no event.

    Every event that we know carries the try; the payment is the try's order. One that was made without an order (by a
    payment link, say) is no payment of ours, and stays unmatched under its own name.
    """
    kind = short_text(event["event"])
    disputed = kind.startswith(DISPUTE)
    claims = Truth.CAPTURED if disputed else CLAIMS.get(kind)
    said = event["payload"]["payment"]["entity"] if claims else {}
    money = event["payload"]["refund"]["entity"] if isinstance(claims, RefundTruth) else said
    if kind == "refund.created" and money["status"] == "processed":
        claims = RefundTruth.SUCCEEDED
    return GatewayEvent(
        event_id=short_text(event_id or hashlib.sha256(body).hexdigest()),
        type=kind,
        ref=short_text(said["order_id"] or said["id"]) if claims else "",
        claims=claims,
        amount_minor=money.get("amount"),
        currency=money.get("currency"),
        account=short_text(event.get("account_id") or "") if event.get("account_id") else "",
        disputed=disputed,
    )


def short_text(value: object) -> str:
    """A short text that a database can keep: JSON may also name halves of characters."""
    if not isinstance(value, str) or not 0 < len(value.encode()) <= 80:
        raise BadEvent
    return value
