"""How each gateway calls our webhook: a gateway more is one `Caller` more."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from payments import sandbox
from payments.gateways.signing import hex_hmac
from payments.models import Payment

Body = dict[str, Any]


def _sandbox_event(payment: Payment, kind: str) -> Body:
    data = {"payment": payment.gateway_ref, "amount_minor": payment.amount_minor, "currency": payment.currency}
    return {"id": f"evt_{kind}", "type": {"captured": "payment.captured"}.get(kind, kind), "created": 1, "data": data}


def _sandbox_headers(body: bytes, secret: str, at: int) -> dict[str, str]:
    return {"Sandbox-Signature": f"t={at},v1={hex_hmac(secret, sandbox.signed_part(at, body))}"}


def _stripe_event(payment: Payment, kind: str) -> Body:
    session = {
        "id": payment.gateway_ref, "object": "checkout.session", "status": "complete", "payment_status": "paid",
        "amount_total": payment.amount_minor, "currency": payment.currency.lower(),
    }  # fmt: skip
    kind = {"captured": "checkout.session.completed"}.get(kind, kind)
    return {"id": f"evt_{kind}", "type": kind, "livemode": False, "data": {"object": session}}


def _stripe_headers(body: bytes, secret: str, at: int) -> dict[str, str]:
    return {"Stripe-Signature": f"t={at},v1={hex_hmac(secret, f'{at}.'.encode() + body)}"}


def _razorpay_event(payment: Payment, kind: str) -> Body:
    entity = {
        "id": "pay_1", "order_id": payment.gateway_ref, "amount": payment.amount_minor, "currency": payment.currency,
    }  # fmt: skip
    kind = {"captured": "payment.captured"}.get(kind, kind)
    return {"event": kind, "payload": {"payment": {"entity": entity}}}


def _razorpay_headers(body: bytes, secret: str, at: int) -> dict[str, str]:
    return {"X-Razorpay-Signature": hex_hmac(secret, body)}


@dataclass(frozen=True)
class Caller:
    """`secret` and `account` name settings; `event` makes what tells of a payment; `dated` if a time is signed."""

    name: str
    secret: str
    account: str
    dated: bool
    event: Callable[[Payment, str], Body]
    headers: Callable[[bytes, str, int], dict[str, str]]
    account_field: str = "account"


CALLERS = {
    "sandbox": Caller("sandbox", "SANDBOX_WEBHOOK_SECRET", "", True, _sandbox_event, _sandbox_headers),
    "stripe": Caller("stripe", "STRIPE_WEBHOOK_SECRET", "STRIPE_ACCOUNT", True, _stripe_event, _stripe_headers),
    "razorpay": Caller(
        "razorpay", "RAZORPAY_WEBHOOK_SECRET", "RAZORPAY_ACCOUNT", False, _razorpay_event, _razorpay_headers,
        "account_id",
    ),
}  # fmt: skip
