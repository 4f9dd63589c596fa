"""What Stripe's objects look like: the fields of its API reference that anybody here reads, and some more."""

import secrets
from typing import Any

from tests.payments.standins.base import Reply

Object = dict[str, Any]


def new_id(kind: str) -> str:
    return f"{kind}_{secrets.token_hex(12)}"


def session(params: Object, *, live: bool, now: int, url: str) -> Object:
    """https://docs.stripe.com/api/checkout/sessions/object"""
    [item] = params["line_items"].values()
    price = item["price_data"]
    made = new_id("cs_live_a1" if live else "cs_test_a1")
    return {
        "id": made, "object": "checkout.session", "mode": params["mode"], "status": "open", "payment_status": "unpaid",
        "amount_subtotal": int(price["unit_amount"]) * int(item["quantity"]),
        "amount_total": int(price["unit_amount"]) * int(item["quantity"]),
        "currency": price["currency"], "client_reference_id": params.get("client_reference_id"),
        "metadata": params.get("metadata", {}), "payment_intent": None, "livemode": live, "created": now,
        "expires_at": now + 24 * 3600, "success_url": params["success_url"], "cancel_url": params.get("cancel_url"),
        "url": f"{url}/c/pay/{made}#fidkdWxOYHwnPyd1blpxYHZxWjA0", "ui_mode": "hosted_page",
        "payment_method_types": ["card"], "adaptive_pricing": {"enabled": False}, "locale": None,
    }  # fmt: skip


def intent(of: Object, params: Object, *, amount: int, currency: str, now: int) -> Object:
    """https://docs.stripe.com/api/payment_intents/object"""
    data = params.get("payment_intent_data", {})
    return {
        "id": new_id("pi"), "object": "payment_intent", "amount": amount, "amount_received": 0, "currency": currency,
        "status": "requires_payment_method", "latest_charge": None, "livemode": of["livemode"], "created": now,
        "description": data.get("description"), "metadata": dict(data.get("metadata", {})),
    }  # fmt: skip


def charge(of: Object, *, now: int) -> Object:
    """https://docs.stripe.com/api/charges/object"""
    return {
        "id": new_id("ch"), "object": "charge", "amount": of["amount"], "amount_captured": of["amount"],
        "amount_refunded": 0, "currency": of["currency"], "captured": True, "paid": True, "status": "succeeded",
        "disputed": False, "refunded": False, "payment_intent": of["id"], "livemode": of["livemode"], "created": now,
        "metadata": dict(of["metadata"]), "description": of["description"],
    }  # fmt: skip


def refund(of: Object, *, amount: int, status: str, metadata: Object, now: int) -> Object:
    """https://docs.stripe.com/api/refunds/object"""
    return {
        "id": new_id("re"), "object": "refund", "amount": amount, "currency": of["currency"], "status": status,
        "charge": of["id"], "payment_intent": of["payment_intent"], "metadata": metadata, "created": now,
        "reason": None, "balance_transaction": new_id("txn"),
    }  # fmt: skip


def dispute(of: Object, *, now: int) -> Object:
    """https://docs.stripe.com/api/disputes/object"""
    return {
        "id": new_id("du"), "object": "dispute", "amount": of["amount"], "currency": of["currency"],
        "charge": of["id"], "payment_intent": of["payment_intent"], "reason": "fraudulent", "status": "needs_response",
        "created": now, "livemode": of["livemode"], "metadata": {},
    }  # fmt: skip


def event(kind: str, of: Object, *, live: bool, now: int, previous: Object | None = None, account: str = "") -> Object:
    """https://docs.stripe.com/api/events/object"""
    data = {"object": of} | ({"previous_attributes": previous} if previous else {})
    made = {
        "id": new_id("evt"), "object": "event", "type": kind, "api_version": "2026-10-28.endive", "created": now,
        "livemode": live, "data": data, "pending_webhooks": 1, "request": {"id": None, "idempotency_key": None},
    }  # fmt: skip
    return made | ({"account": account} if account else {})


def nested(form: dict[str, str]) -> Object:
    """`a[b][0]=c` as Stripe reads it: {"a": {"b": {"0": "c"}}}."""
    params: Object = {}
    for name, value in form.items():
        first, *rest = name.replace("]", "").split("[")
        where = params
        for step, following in zip([first, *rest], rest, strict=False):
            where = where.setdefault(step, {})
            assert following is not None
        where[rest[-1] if rest else first] = value
    return params


def refusal(status: int, message: str, *, kind: str = "invalid_request_error", code: str = "") -> Reply:
    """https://docs.stripe.com/api/errors"""
    said = {"type": kind, "message": message} | ({"code": code} if code else {})
    return Reply.json({"error": said}, status, **{"Request-Id": new_id("req")})


def missing(ref: str) -> Reply:
    return refusal(404, f"No such object: '{ref}'", code="resource_missing")
