"""What Razorpay's entities look like: the fields of its API reference (razorpay.com/docs/api) and of its events."""

import html
import secrets
from typing import Any

from tests.payments.standins.base import Asked, Reply

Entity = dict[str, Any]
MOST_A_PAGE = 100
HEAD = '<title>Razorpay</title><link rel="icon" href="data:,">'
PARAMS = {
    "order": {"amount", "currency", "receipt", "notes", "payment_capture", "partial_payment"},
    "capture": {"amount", "currency"},
    "refund": {"amount", "notes", "speed", "receipt"},
    "notes": {"notes"},
}


def new_id(kind: str) -> str:
    """As Razorpay's: 14 letters and digits behind the kind."""
    return f"{kind}_{secrets.token_hex(7)}"


def order(data: Entity, *, now: int) -> Entity:
    """razorpay.com/docs/api/orders/entity"""
    return {
        "id": new_id("order"), "entity": "order", "amount": data["amount"], "amount_paid": 0,
        "amount_due": data["amount"], "currency": data["currency"], "receipt": data.get("receipt"), "offer_id": None,
        "status": "created", "attempts": 0, "notes": data.get("notes") or [], "created_at": now,
    }  # fmt: skip


def payment(of: Entity, *, amount: int, currency: str, now: int) -> Entity:
    """razorpay.com/docs/api/payments/entity, of a try whose bank has not answered yet."""
    return {
        "id": new_id("pay"), "entity": "payment", "amount": amount, "currency": currency, "base_amount": amount,
        "status": "created", "order_id": of["id"], "invoice_id": None, "international": False, "method": "netbanking",
        "amount_refunded": 0, "amount_transferred": 0, "refund_status": None, "captured": False, "description": None,
        "card_id": None, "bank": "HDFC", "wallet": None, "vpa": None, "email": "dara@example.org",
        "contact": "+919876543210", "notes": [], "fee": None, "tax": None, "error_code": None,
        "error_description": None, "error_source": None, "error_step": None, "error_reason": None,
        "acquirer_data": {"bank_transaction_id": None}, "created_at": now,
    }  # fmt: skip


def refund(of: Entity, data: Entity, *, status: str, now: int) -> Entity:
    """razorpay.com/docs/api/refunds/entity"""
    return {
        "id": new_id("rfnd"), "entity": "refund", "amount": data["amount"], "currency": of["currency"],
        "payment_id": of["id"], "notes": data.get("notes") or [], "receipt": None, "acquirer_data": {"arn": None},
        "created_at": now, "batch_id": None, "status": status, "speed_processed": "normal",
        "speed_requested": "normal",
    }  # fmt: skip


def dispute(of: Entity, *, now: int) -> Entity:
    """razorpay.com/docs/api/disputes/entity"""
    return {
        "id": new_id("disp"), "entity": "dispute", "payment_id": of["id"], "amount": of["amount"],
        "currency": of["currency"], "amount_deducted": 0, "reason_code": "chargeback", "respond_by": now + 86400,
        "status": "open", "phase": "chargeback", "created_at": now,
    }  # fmt: skip


def event(kind: str, account: str, now: int | None, **of: Entity) -> Entity:
    """razorpay.com/docs/webhooks: whole entities as they are now; not every event says when it was."""
    said = {
        "entity": "event", "account_id": account, "event": kind, "contains": list(of),
        "payload": {name: {"entity": entity} for name, entity in of.items()},
    }  # fmt: skip
    return said | ({"created_at": now} if now is not None else {})


def collection(items: list[Entity]) -> Reply:
    return Reply.json({"entity": "collection", "count": len(items), "items": items})


def refusal(description: str, status: int = 400, code: str = "BAD_REQUEST_ERROR") -> Reply:
    """razorpay.com/docs/errors"""
    error = {"code": code, "description": description, "source": "NA", "step": "NA", "reason": "NA", "metadata": {}}
    return Reply.json({"error": error}, status)


def missing() -> Reply:
    return refusal("The id provided does not exist")


def page(found: list[Entity], asked: Asked) -> Reply:
    """Newest first, 10 unless asked for up to 100."""
    begin, end = int(asked.query.get("from", 0)), int(asked.query.get("to", 2**40))
    found = [one for one in reversed(found) if begin <= one["created_at"] <= end]
    skip, most = int(asked.query.get("skip", 0)), int(asked.query.get("count", 10))
    return collection(found[skip : skip + min(most, MOST_A_PAGE)])


def unknown(data: Entity, what: str) -> Reply | None:
    """A refusal of what nobody should send."""
    more = set(data) - PARAMS[what]
    return refusal(f"{', '.join(more)} is/are not required and should not be sent") if more else None


def form_to(url: str, fields: dict[str, str]) -> Reply:
    """A page that brings a browser with `fields` to `url`."""
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{html.escape(value)}">' for name, value in fields.items()
    )
    back = "<button>Back to the shop</button>"
    return Reply.html(f'{HEAD}<form method="post" action="{html.escape(url)}">{hidden}{back}</form>')
