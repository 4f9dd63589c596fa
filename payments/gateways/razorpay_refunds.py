"""Refunds as Razorpay knows them, and what its refusals of them mean."""

from payments.gateways.base import GatewayDown, GatewayRefund, GatewayStuck, RefundRefused, RefundTruth
from payments.gateways.razorpay_api import Entity, Refused, notes_of

REFUND_NOTE = "evbunker_refund"
REFUNDS = {"pending": RefundTruth.OPEN, "processed": RefundTruth.SUCCEEDED, "failed": RefundTruth.FAILED}

OTHER_BODY = "same idempotency key has already been processed"
FINAL = ("fully refunded already", "greater than", "must be at least", "6 months", "should be captured")
"""In what Razorpay says when a refund can never be made (docs/api/refunds, errors). Everything else may change, such as
an account with too little in it or a wrong key, and the driver is owed the money: so we go on asking."""


def safe_key(key: str) -> str:
    """Our key in the characters that Razorpay takes: at least 10 letters, digits, hyphens and underscores."""
    return key.replace(":", "-")


def meaning(error: Refused) -> Exception:
    """What a refused refund means for us: never, under another key, or ask again."""
    said = str(error)
    if OTHER_BODY in said:  # we wrote the request in another way once
        return GatewayStuck(said)
    return RefundRefused(said) if any(words in said for words in FINAL) else error


def seen_refund(known: Entity) -> GatewayRefund:
    """An entity of theirs. Raises GatewayDown if it is none."""
    try:
        return GatewayRefund(
            ref=known["id"],
            truth=REFUNDS[known["status"]],
            amount_minor=known["amount"],
            currency=known["currency"],
            refund_id=notes_of(known).get(REFUND_NOTE, ""),
        )
    except (KeyError, TypeError) as error:
        raise GatewayDown(f"Razorpay answered something else: {error!r}") from error
