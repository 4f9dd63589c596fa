"""A stand-in for Stripe: its API as the official library speaks it, its hosted pay page and its webhooks.

Keys behave as https://docs.stripe.com/api/idempotent_requests says: an answer is repeated, a 500 as well; other
parameters are refused; `forget_keys` is what happens after a day.
"""

import copy
import html
import json
from typing import Any, ClassVar

from evbunker import clock
from payments.gateways.signing import hex_hmac
from payments.gateways.stripe_money import LEAST, from_stripe
from tests.payments.standins import stripe_objects as objects
from tests.payments.standins.base import Asked, Call, Reply, StandIn
from tests.payments.standins.stripe_objects import Object, missing, refusal

SESSION_PARAMS = {
    "mode", "client_reference_id", "metadata", "payment_intent_data", "line_items", "adaptive_pricing", "success_url",
    "cancel_url", "expand", "expires_at", "submit_type", "locale", "customer_email", "payment_method_types",
}  # fmt: skip
REFUND_PARAMS = {"payment_intent", "charge", "amount", "metadata", "reason", "expand"}
ACCOUNT = "acct_1StandIn"


class StripeStandIn(StandIn):
    ROUTES: ClassVar[dict[str, str]] = {
        r"POST /v1/checkout/sessions": "create_session",
        r"GET /v1/(checkout/sessions|refunds|charges)": "list_page",
        r"GET /v1/checkout/sessions/(\w+)": "retrieve",
        r"POST /v1/checkout/sessions/(\w+)/expire": "expire_session",
        r"POST /v1/refunds": "create_refund",
        r"GET /v1/refunds/(\w+)": "retrieve",
        r"GET /v1/account": "retrieve_account",
        r"GET /c/pay/(\w+)": "pay_page",
        r"POST /c/pay/(\w+)": "take_choice",
    }

    def __init__(self, *, key: str = "sk_test_standin", secrets: tuple[str, ...] = ("whsec_standin",)) -> None:
        super().__init__()
        self.key, self.secrets, self.live = key, secrets, key.startswith("sk_live")
        self.objects: dict[str, Object] = {}
        """Everything by its id, oldest first."""
        self.params: dict[str, Object] = {}
        """What each session was asked for with."""
        self.answers: dict[str, tuple[str, Reply]] = {}
        """By key: what was asked, what was answered."""
        self.keys_in_use: set[str] = set()
        self.most_a_page = 100
        self.refunds_become = "succeeded"
        self.refunds_refused: tuple[str, str] | None = None
        self.sessions_refused: tuple[str, str] | None = None
        """Code and message with which every one is refused."""
        self.account = ""
        """The connected account that events are of."""

    # -- What people do there -----------------------------------------------------------------------------------------

    def pay(self, ref: str, *, amount: int | None = None, currency: str | None = None) -> Object:
        """The payer's card is charged, whatever state the session is in; the money is there."""
        with self._books:
            session = self.objects[ref]
            if amount is not None or currency is not None:
                session |= {"amount_total": amount or session["amount_total"], "currency": currency or "eur"}
            intent = self._intent_of(session)
            charge = self._keep(objects.charge(intent, now=_now()))
            intent |= {"status": "succeeded", "amount_received": intent["amount"], "latest_charge": charge["id"]}
            was_open = session["status"] == "open"
            session |= {"status": "complete", "payment_status": "paid", "url": None}
            self.tell("checkout.session.completed" if was_open else "checkout.session.async_payment_succeeded", session)
            return session

    def pay_later(self, ref: str) -> None:
        """The payer chose a method whose bank takes days."""
        with self._books:
            session = self.objects[ref]
            self._intent_of(session)["status"] = "processing"
            session |= {"status": "complete", "url": None}
            self.tell("checkout.session.completed", session)

    def fail_later(self, ref: str) -> None:
        """That bank says no."""
        with self._books:
            self._intent_of(self.objects[ref])["status"] = "requires_payment_method"
            self.tell("checkout.session.async_payment_failed", self.objects[ref])

    def refund_by_hand(self, ref: str, amount: int) -> Object:
        """Somebody refunds in Stripe's dashboard."""
        with self._books:
            return self._refund(self._charge_of(ref), amount=amount, metadata={})

    def finish_refund(self, refund_id: str, status: str) -> None:
        with self._books:
            self.objects[refund_id]["status"] = status
            self.tell("refund.failed" if status == "failed" else "refund.updated", self.objects[refund_id])

    def dispute(self, ref: str) -> None:
        """The payer's bank calls the money back."""
        with self._books:
            charge = self._charge_of(ref)
            charge["disputed"] = True
            self.tell("charge.dispute.created", self._keep(objects.dispute(charge, now=_now())))

    def forget_keys(self) -> None:
        self.answers.clear()

    def all(self, kind: str) -> list[Object]:
        """Every object of a kind, oldest first."""
        return [one for one in self.objects.values() if one["object"] == kind]

    # -- Webhooks -----------------------------------------------------------------------------------------------------

    def tell(self, kind: str, of: Object, previous: Object | None = None) -> None:
        said = objects.event(
            kind, copy.deepcopy(of), live=self.live, now=_now(), previous=previous, account=self.account
        )
        self.calls.append(Call(said["id"], kind, json.dumps(said).encode()))

    def signed(self, call: Call) -> dict[str, str]:
        return signed(call.body, *self.secrets)

    # -- The API ------------------------------------------------------------------------------------------------------

    def handle(self, asked: Asked) -> Reply:
        if not asked.path.startswith("/v1/"):
            return super().handle(asked)
        if asked.header("Authorization") != f"Bearer {self.key}":
            return refusal(401, "Invalid API Key provided: sk_test_****ndin")
        if not asked.header("Stripe-Version"):
            return refusal(400, "The library always names its version.")
        return super().handle(asked)

    def create_session(self, asked: Asked) -> Reply:
        params = objects.nested(asked.form)
        if unknown := set(params) - SESSION_PARAMS:
            return refusal(400, f"Received unknown parameter: {unknown}", code="parameter_unknown")
        if self.sessions_refused:
            return refusal(400, self.sessions_refused[1], code=self.sessions_refused[0])
        made = objects.session(params, live=self.live, now=_now(), url=self.url)
        code = made["currency"].upper()
        if from_stripe(made["amount_total"], code) < LEAST.get(code, 1):
            return refusal(400, "The amount due must be at least more.", code="amount_too_small")
        self.params[made["id"]] = params
        return self._reply(self._keep(made), asked)

    def expire_session(self, asked: Asked, ref: str) -> Reply:
        if (session := self.objects.get(ref)) is None:
            return missing(ref)
        if session["status"] != "open":
            said = f"This Checkout Session has a status of `{session['status']}`."
            return refusal(400, f'Only Checkout Sessions with a status in ["open"] can be expired. {said}')
        session |= {"status": "expired", "url": None}
        self.tell("checkout.session.expired", session)
        return self._reply(session, asked)

    def create_refund(self, asked: Asked) -> Reply:
        params = objects.nested(asked.form)
        if unknown := set(params) - REFUND_PARAMS:
            return refusal(400, f"Received unknown parameter: {unknown}", code="parameter_unknown")
        if self.refunds_refused:
            return refusal(400, self.refunds_refused[1], code=self.refunds_refused[0])
        intent = self.objects.get(params["payment_intent"])
        if intent is None or intent["latest_charge"] is None:
            return missing(params["payment_intent"])
        charge, amount = self.objects[intent["latest_charge"]], int(params["amount"])
        if charge["disputed"]:
            return refusal(400, "This charge has been charged back.", code="charge_disputed")
        if charge["refunded"]:
            return refusal(400, f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
        if amount > (left := charge["amount"] - charge["amount_refunded"]):
            return refusal(400, f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})")
        return self._reply(self._refund(charge, amount=amount, metadata=params.get("metadata", {})), asked)

    def _refund(self, charge: Object, *, amount: int, metadata: Object) -> Object:
        made = self._keep(
            objects.refund(charge, amount=amount, status=self.refunds_become, metadata=metadata, now=_now())
        )
        before = charge["amount_refunded"]
        charge |= {"amount_refunded": before + amount, "refunded": before + amount == charge["amount"]}
        self.tell("refund.created", made)
        self.tell("charge.refunded", charge, previous={"amount_refunded": before})
        return made

    def retrieve(self, asked: Asked, ref: str) -> Reply:
        return self._reply(self.objects[ref], asked) if ref in self.objects else missing(ref)

    def retrieve_account(self, _asked: Asked) -> Reply:
        return Reply.json({"id": ACCOUNT, "object": "account"})

    def list_page(self, asked: Asked, name: str) -> Reply:
        """Newest first, a page at a time (https://docs.stripe.com/api/pagination)."""
        params = objects.nested(asked.query)
        created, found = params.get("created", {}), self.all(name.replace("/", ".").rstrip("s"))[::-1]
        found = [one for one in found if int(created.get("gte", 0)) <= one["created"] < int(created.get("lt", 2**40))]
        if wanted := params.get("payment_intent"):
            found = [one for one in found if one["payment_intent"] == wanted]
        if after := params.get("starting_after"):
            found = found[[one["id"] for one in found].index(after) + 1 :]
        most = min(self.most_a_page, int(params.get("limit", 10)))
        page = {"object": "list", "url": asked.path, "data": found[:most], "has_more": len(found) > most}
        return self._reply(page, asked, params)

    def _reply(self, found: Object, asked: Asked, params: Object | None = None) -> Reply:
        """The object with what was asked to be expanded."""
        wanted = (params or objects.nested(asked.query or asked.form)).get("expand", {})
        shown = copy.deepcopy(found)
        for path in wanted.values():
            self._expand(shown, path.split("."))
        return Reply.json(shown, **{"Request-Id": objects.new_id("req")})

    def _expand(self, shown: Any, path: list[str]) -> None:
        if isinstance(shown, list):
            for one in shown:
                self._expand(one, path)
        elif isinstance(shown, dict) and path:
            part = shown.get(path[0])
            if isinstance(part, str):
                part = shown[path[0]] = copy.deepcopy(self.objects[part])
            self._expand(part, path[1:])

    # -- Keys ---------------------------------------------------------------------------------------------------------

    def recalled(self, asked: Asked) -> Reply | None:
        key, what = asked.header("Idempotency-Key"), f"{asked.method} {asked.path} {asked.body.decode()}"
        if key in self.keys_in_use:
            return refusal(409, "There is currently another in-progress request.", code="idempotency_key_in_use")
        if key not in self.answers:
            return None
        same, reply = self.answers[key]
        if same != what:
            return refusal(
                400, "Keys for idempotent requests can only be used with the same parameters.", kind="idempotency_error"
            )
        return Reply(reply.status, reply.body, reply.headers | {"Idempotent-Replayed": "true"})

    def remember(self, asked: Asked, reply: Reply) -> None:
        """What failed before it began is not kept."""
        key = asked.header("Idempotency-Key")
        if key and reply.status not in {400, 401, 404, 429}:
            self.answers[key] = (f"{asked.method} {asked.path} {asked.body.decode()}", reply)

    def failure(self, status: int) -> Reply:
        return refusal(status, "An unknown error occurred.", kind="api_error")

    # -- The pay page -------------------------------------------------------------------------------------------------

    def pay_page(self, _asked: Asked, ref: str) -> Reply:
        session = self.objects.get(ref)
        if session is None or session["status"] != "open":
            return Reply.html("<h1>This page is no longer available.</h1>", 404)
        [item] = self.params[ref]["line_items"].values()
        name, back = html.escape(item["price_data"]["product_data"]["name"]), html.escape(session["cancel_url"])
        buttons = "".join(
            f'<button name="outcome" value="{value}">{value}</button>' for value in ("pay", "decline", "later")
        )
        return Reply.html(
            f'<link rel="icon" href="data:,"><title>Checkout</title>'
            f"<h1>{name}</h1><p>{session['amount_total']} {session['currency']}</p>"
            f'<form method="post">{buttons}</form><a href="{back}">back</a>'
        )

    def take_choice(self, asked: Asked, ref: str) -> Reply:
        session, outcome = self.objects[ref], asked.form.get("outcome")
        if session["status"] != "open":
            return Reply.html("<h1>This page is no longer available.</h1>", 404)
        if outcome == "decline":
            return self.pay_page(asked, ref)
        (self.pay if outcome == "pay" else self.pay_later)(ref)
        return Reply.see_other(session["success_url"])

    # -- Its books ----------------------------------------------------------------------------------------------------

    def _keep(self, made: Object) -> Object:
        self.objects[made["id"]] = made
        return made

    def _intent_of(self, session: Object) -> Object:
        """Made when somebody first pays."""
        if session["payment_intent"] is None:
            asked_for = {"amount": session["amount_total"], "currency": session["currency"]}
            made = self._keep(objects.intent(session, self.params[session["id"]], now=_now(), **asked_for))
            session["payment_intent"] = made["id"]
        return self.objects[session["payment_intent"]]

    def _charge_of(self, ref: str) -> Object:
        return self.objects[self._intent_of(self.objects[ref])["latest_charge"]]


def signed(body: bytes, *secrets: str, at: int | None = None) -> dict[str, str]:
    """The header of a webhook: one signature for each secret (https://docs.stripe.com/webhooks/signature)."""
    moment = _now() if at is None else at
    parts = [f"v1={hex_hmac(secret, f'{moment}.'.encode() + body)}" for secret in secrets]
    return {"Stripe-Signature": ",".join([f"t={moment}", *parts]), "Content-Type": "application/json"}


def _now() -> int:
    return int(clock.now().timestamp())
