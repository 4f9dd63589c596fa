"""A stand-in for Razorpay: its API as the official SDK speaks it, its hosted page and its webhooks.

An order may be tried many times; what failed may still succeed; nothing cancels it. Only refunds have keys, and of
those only what was done is remembered (razorpay.com/docs/api/refunds/normal-refunds-idempotent).
"""

import base64
import copy
import html
import json
from typing import Any, ClassVar

from evbunker import clock
from payments.gateways.signing import hex_hmac
from tests.payments.standins import razorpay_objects as objects
from tests.payments.standins.base import Asked, Call, Reply, StandIn
from tests.payments.standins.razorpay_objects import HEAD, Entity, collection, form_to, missing, page, refusal, unknown

CHECKOUT_NEEDS = ("key_id", "name", "order_id", "amount", "currency", "callback_url", "prefill[email]")
ACCOUNT = "acc_StandIn0000001"


class RazorpayStandIn(StandIn):
    ROUTES: ClassVar[dict[str, str]] = {
        r"POST /v1/orders": "create_order",
        r"GET /v1/(order|payment|refund|dispute)s": "list_all",
        r"GET /v1/(?:order|payment|refund)s/(\w+)": "retrieve",
        r"PATCH /v1/orders/(\w+)": "edit_order",
        r"GET /v1/orders/(\w+)/payments": "list_tries",
        r"POST /v1/payments/(\w+)/capture": "capture_payment",
        r"POST /v1/payments/(\w+)/refund": "create_refund",
        r"GET /v1/payments/(\w+)/refunds": "list_refunds",
        r"POST /v1/checkout/embedded": "hosted_page",
        r"POST /checkout/(\w+)": "take_choice",
    }

    def __init__(self, *, key: str = "rzp_test_standin", secrets: tuple[str, ...] = ("hook-secret",)) -> None:
        super().__init__()
        self.key, self.key_secret, self.secrets = key, "key-secret", secrets
        self.account = ACCOUNT
        self.objects: dict[str, Entity] = {}
        """Everything by its id, oldest first."""
        self.forms: dict[str, dict[str, str]] = {}
        """What our page sent to the hosted one, by order."""
        self.refund_keys: dict[str, tuple[bytes, str]] = {}
        self.refunds_become = "processed"
        self.refunds_refused = ""
        """In which words every refund is refused."""
        self.says_when = True
        """Whether events carry a time."""

    # -- What people and banks do there -------------------------------------------------------------------------------

    def pay(self, order_ref: str, **of: Any) -> Entity:
        """A driver pays, whatever state the order is in; `amount` and `currency` may be others."""
        with self._books:
            return self.capture(self.authorize(order_ref, **of)["id"])

    def authorize(self, order_ref: str, *, amount: int | None = None, currency: str | None = None) -> Entity:
        """A bank agrees; nothing captures it yet."""
        with self._books:
            order = self.objects[order_ref]
            asked = {"amount": amount or order["amount"], "currency": currency or order["currency"]}
            made = self._keep(objects.payment(order, now=_now(), **asked))
            order |= {"attempts": order["attempts"] + 1}
            if order["status"] == "created":
                order["status"] = "attempted"
            return self.authorize_late(made["id"])

    def fail(self, order_ref: str) -> Entity:
        """A bank refuses, or does not answer in time."""
        with self._books:
            made = self.authorize(order_ref)
            self.calls.pop()
            made |= {"status": "failed", "error_code": "BAD_REQUEST_ERROR", "error_description": "Payment failed"}
            self.tell("payment.failed", payment=made)
            return made

    def authorize_late(self, payment_ref: str) -> Entity:
        """A bank agrees after all, hours or days later."""
        with self._books:
            made = self.objects[payment_ref]
            made |= {"status": "authorized", "error_code": None, "error_description": None}
            self.tell("payment.authorized", payment=made)
            return made

    def capture(self, payment_ref: str) -> Entity:
        """Razorpay takes the money for the shop."""
        with self._books:
            made = self.objects[payment_ref]
            order = self.objects[made["order_id"]]
            made |= {"status": "captured", "captured": True, "fee": 2, "tax": 0}
            order |= {"status": "paid", "amount_paid": order["amount_paid"] + made["amount"], "amount_due": 0}
            self.tell("payment.captured", payment=made)
            self.tell("order.paid", payment=made, order=order)
            return made

    def let_go(self, payment_ref: str) -> None:
        """What was authorised and not captured goes back by itself after some days."""
        with self._books:
            made = self.objects[payment_ref]
            self._refund(made, {"amount": made["amount"]}, status="processed")

    def refund_by_hand(self, payment_ref: str, amount: int) -> Entity:
        """Somebody refunds in Razorpay's dashboard."""
        with self._books:
            return self._refund(self.objects[payment_ref], {"amount": amount}, status="processed")

    def finish_refund(self, refund_ref: str, status: str) -> None:
        with self._books:
            made = self.objects[refund_ref]
            made["status"] = status
            of = self.objects[made["payment_id"]]
            if status == "failed":
                of |= {"amount_refunded": of["amount_refunded"] - made["amount"], "status": "captured"}
            self.tell(f"refund.{status}", refund=made, payment=of)

    def dispute(self, payment_ref: str) -> Entity:
        """The payer's bank calls the money back."""
        with self._books:
            of = self.objects[payment_ref]
            made = self._keep(objects.dispute(of, now=_now()))
            self.tell("payment.dispute.created", payment=of, dispute=made)
            return made

    def all(self, kind: str) -> list[Entity]:
        """Every entity of a kind, oldest first."""
        return [one for one in self.objects.values() if one["entity"] == kind]

    # -- Webhooks -----------------------------------------------------------------------------------------------------

    def tell(self, kind: str, **of: Entity) -> None:
        said = objects.event(kind, self.account, _now() if self.says_when else None, **copy.deepcopy(of))
        self.calls.append(Call(objects.new_id("event"), kind, json.dumps(said).encode()))

    def signed(self, call: Call) -> dict[str, str]:
        return signed(call.body, self.secrets[0], event_id=call.id)

    # -- The API ------------------------------------------------------------------------------------------------------

    def handle(self, asked: Asked) -> Reply:
        known = base64.b64encode(f"{self.key}:{self.key_secret}".encode()).decode()
        is_open = not asked.path.startswith("/v1/") or asked.path == "/v1/checkout/embedded"
        if not is_open and asked.header("Authorization") != f"Basic {known}":
            return refusal("Authentication failed", 401)
        return super().handle(asked)

    def create_order(self, asked: Asked) -> Reply:
        data = asked.data
        if refused := unknown(data, "order"):
            return refused
        if data["amount"] < 100 and data["currency"] == "INR":
            return refusal("Order amount less than minimum amount allowed")
        if len(data["receipt"]) > 40:
            return refusal("The receipt may not be greater than 40 characters.")
        if any(one["receipt"] == data["receipt"] for one in self.all("order")):
            return refusal("The receipt has already been taken.")
        return Reply.json(self._keep(objects.order(data, now=_now())))

    def edit_order(self, asked: Asked, ref: str) -> Reply:
        if refused := unknown(asked.data, "notes"):
            return refused
        if ref not in self.objects:
            return missing()
        self.objects[ref]["notes"] = asked.data["notes"]
        return Reply.json(self.objects[ref])

    def capture_payment(self, asked: Asked, ref: str) -> Reply:
        made = self.objects.get(ref)
        if made is None:
            return missing()
        if made["captured"]:
            return refusal("This payment has already been captured")
        if made["status"] != "authorized":
            return refusal("Only payments which have been authorized and not yet captured can be captured")
        if asked.data != {"amount": made["amount"], "currency": made["currency"]}:
            return refusal("Capture amount must be equal to the amount authorized")
        return Reply.json(self.capture(ref))

    def create_refund(self, asked: Asked, ref: str) -> Reply:
        data, made, key = asked.data, self.objects.get(ref), asked.header("X-Refund-Idempotency")
        if made is None:
            return missing()
        if len(key) < 10 or not key.replace("-", "").replace("_", "").isalnum():
            return refusal("The idempotency key must only contain alphanumeric characters, underscores, and hyphens")
        if refused := unknown(data, "refund") or (refusal(self.refunds_refused) if self.refunds_refused else None):
            return refused
        if not made["captured"]:
            return refusal("The payment status should be captured for action to be taken")
        if made["amount_refunded"] == made["amount"]:
            return refusal("The payment has been fully refunded already")
        if made["amount_refunded"] + data["amount"] > made["amount"]:
            return refusal("The refund amount provided is greater than amount captured")
        refund = self._refund(made, data, status=self.refunds_become)
        self.refund_keys[key] = (asked.body, refund["id"])
        return Reply.json(refund)

    def _refund(self, of: Entity, data: Entity, *, status: str) -> Entity:
        made = self._keep(objects.refund(of, data, status=status, now=_now()))
        if status != "failed":
            of["amount_refunded"] += data["amount"]
            whole = of["amount_refunded"] == of["amount"]
            of |= {"refund_status": "full" if whole else "partial", "status": "refunded" if whole else of["status"]}
        self.tell("refund.created", refund=made, payment=of)
        if status != "pending":
            self.tell(f"refund.{status}", refund=made, payment=of)
        return made

    def recalled(self, asked: Asked) -> Reply | None:
        body, ref = self.refund_keys.get(asked.header("X-Refund-Idempotency"), (b"", ""))
        if not ref:
            return None
        if body != asked.body:
            return refusal("Different request with the same idempotency key has already been processed.", 409)
        return Reply.json(self.objects[ref])

    def failure(self, status: int) -> Reply:
        said = "We are facing some trouble completing your request at the moment. Please try again shortly."
        return refusal(said, status, "SERVER_ERROR")

    # -- Reading ------------------------------------------------------------------------------------------------------

    def retrieve(self, _asked: Asked, ref: str) -> Reply:
        return Reply.json(self.objects[ref]) if ref in self.objects else missing()

    def list_all(self, asked: Asked, kind: str) -> Reply:
        found = self.all(kind)
        if receipt := asked.query.get("receipt"):
            found = [one for one in found if receipt in one["receipt"]]
        return page(found, asked)

    def list_tries(self, _asked: Asked, ref: str) -> Reply:
        return collection([one for one in reversed(self.all("payment")) if one["order_id"] == ref])

    def list_refunds(self, asked: Asked, ref: str) -> Reply:
        return page([one for one in self.all("refund") if one["payment_id"] == ref], asked)

    # -- The hosted page ----------------------------------------------------------------------------------------------

    def hosted_page(self, asked: Asked) -> Reply:
        """What a browser sees after our form; it comes from our page and brings no secret."""
        form = asked.form
        order = self.objects.get(form.get("order_id", ""))
        if [name for name in CHECKOUT_NEEDS if not form.get(name)] or form["key_id"] != self.key or order is None:
            return Reply.html("<h1>Oops! Something went wrong.</h1>", 400)
        self.forms[order["id"]] = form
        buttons = "".join(f'<button name="outcome" value="{value}">{value}</button>' for value in ("pay", "fail"))
        return Reply.html(
            f"{HEAD}<h1>{html.escape(form['name'])}</h1><p>{order['amount']} {order['currency']}</p>"
            f'<form method="post" action="/checkout/{order["id"]}">{buttons}</form>'
            f'<a href="{html.escape(form["cancel_url"])}">cancel</a>'
        )

    def take_choice(self, asked: Asked, ref: str) -> Reply:
        """A page whose form brings the browser back; the real one sends it by itself."""
        if asked.form.get("outcome") == "pay":
            return form_to(self.forms[ref]["callback_url"], self.answer_of(self.pay(ref)))
        made = self.fail(ref)
        said = {"error[code]": "BAD_REQUEST_ERROR", "error[description]": "Payment failed",
                "error[metadata]": json.dumps({"payment_id": made["id"], "order_id": ref})}  # fmt: skip
        return form_to(self.forms[ref]["callback_url"], said)

    def answer_of(self, payment: Entity) -> dict[str, str]:
        """What the hosted page lets a browser bring, signed with the key's secret."""
        said = f"{payment['order_id']}|{payment['id']}".encode()
        return {
            "razorpay_payment_id": payment["id"],
            "razorpay_order_id": payment["order_id"],
            "razorpay_signature": hex_hmac(self.key_secret, said),
        }

    def _keep(self, made: Entity) -> Entity:
        self.objects[made["id"]] = made
        return made


def signed(body: bytes, secret: str, *, event_id: str) -> dict[str, str]:
    """The headers of a webhook."""
    return {
        "X-Razorpay-Signature": hex_hmac(secret, body),
        "X-Razorpay-Event-Id": event_id,
        "Content-Type": "application/json",
    }


def _now() -> int:
    return int(clock.now().timestamp())
