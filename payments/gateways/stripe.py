"""Stripe's hosted Checkout: the driver pays on Stripe's pages, so card data never comes here.

Our `ref` is the Checkout Session. What it captured, and whether the bank called it back, its payment intent says.
https://docs.stripe.com/api/checkout/sessions
"""

import datetime as dt
import logging
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any
from uuid import UUID

import stripe
from django.conf import settings

from evbunker import clock
from payments.gateways import stripe_events
from payments.gateways.base import (
    AmountNotTaken,
    BadSignature,
    GatewayEvent,
    GatewayPayment,
    GatewayRefund,
    Moved,
    Movement,
    NoSecret,
    PaymentRefused,
    PayRequest,
    RefundRefused,
    RefundRequest,
    Truth,
)
from payments.gateways.signing import check_signed, header
from payments.gateways.stripe_api import KEYS, LIVE_KEYS, api, asking, is_final, words
from payments.gateways.stripe_money import check_amount, from_stripe, to_stripe

log = logging.getLogger(__name__)
TOLERANCE_SECONDS = 300
"""How old a signature may be: what Stripe's own libraries take (https://docs.stripe.com/webhooks#replay-attacks)."""
PAGE = 100
LONGEST_OPEN = dt.timedelta(hours=24)
"""A session that nobody pays expires by then (`expires_at` of the API)."""
WHOLE: list[str] = ["payment_intent.latest_charge"]


class StripeGateway:
    """Stripe as the settings name it. `live` follows the key."""

    name = "stripe"

    def __init__(self) -> None:
        self.live: bool = settings.STRIPE_SECRET_KEY.startswith(LIVE_KEYS)
        self.account: str = settings.STRIPE_ACCOUNT

    def problems(self) -> Iterator[str]:
        if not settings.STRIPE_SECRET_KEY.startswith(KEYS):
            yield "PAYMENT_GATEWAYS names stripe, but STRIPE_SECRET_KEY is not a key that begins with sk_ or rk_."
        if not settings.STRIPE_WEBHOOK_SECRET:
            yield "PAYMENT_GATEWAYS names stripe, but STRIPE_WEBHOOK_SECRET is empty."

    def check_amount(self, amount_minor: int, currency: str) -> None:
        check_amount(amount_minor, currency)

    def create(self, request: PayRequest) -> GatewayPayment:
        with asking():
            try:
                made = api().checkout.sessions.create(
                    _session_of(request),
                    {"idempotency_key": request.idempotency_key},
                )
            except (stripe.InvalidRequestError, stripe.CardError) as error:
                if is_final(error):
                    raise PaymentRefused(words(error)) from error
                raise
        return self._seen(made)

    def find(self, payment_id: str) -> GatewayPayment | None:
        """Reads every session since the id was made: lists tell at once what was made, the search does not."""
        since = int(_made_at(payment_id).timestamp()) - 60
        with asking():
            recent = api().checkout.sessions.list(
                {"created": {"gte": since}, "limit": PAGE, "expand": [f"data.{path}" for path in WHOLE]}
            )
            ours = [one for one in recent.auto_paging_iter() if one.client_reference_id == payment_id]
        found = [self._seen(one) for one in ours]
        return min(found, key=lambda one: _FIRST.index(one.truth)) if found else None

    def look_up(self, ref: str) -> GatewayPayment:
        with asking():
            return self._seen(_session(ref))

    def cancel(self, ref: str) -> GatewayPayment:
        """A session cannot be made to expire in less than 30 minutes, but it can be expired any time while open."""
        with asking():
            try:
                api().checkout.sessions.expire(ref)
            except stripe.InvalidRequestError:
                log.info("Stripe's session %s is open no more.", ref)
        return self.look_up(ref)

    def refund(self, request: RefundRequest) -> GatewayRefund:
        with asking():
            paid = _intent_id(_session(request.payment_ref))
            if not paid:
                raise RefundRefused("Nobody paid this session.")
            try:
                made = api().refunds.create(
                    _refund_of(request, paid),
                    {"idempotency_key": request.idempotency_key},
                )
            except (stripe.InvalidRequestError, stripe.CardError) as error:
                if is_final(error):
                    raise RefundRefused(words(error)) from error
                raise
        return stripe_events.seen_refund(made.to_dict())

    def look_up_refund(self, ref: str) -> GatewayRefund:
        with asking():
            return stripe_events.seen_refund(api().refunds.retrieve(ref).to_dict())

    def refunds_of(self, payment_ref: str) -> list[GatewayRefund]:
        with asking():
            paid = _intent_id(_session(payment_ref))
            if not paid:
                return []
            made = api().refunds.list({"payment_intent": paid, "limit": PAGE})
            return [stripe_events.seen_refund(one.to_dict()) for one in made.auto_paging_iter()]

    def movements(self, day: dt.date) -> Iterator[Movement]:
        """Charges and refunds that were made that day for payments of ours; others may use the account as well."""
        begin = int(dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC).timestamp())
        within: Any = {"gte": begin, "lt": begin + 24 * 3600}
        with asking():
            refs = _sessions_by_intent({**within, "gte": begin - int(LONGEST_OPEN.total_seconds())})
            for charge in api().charges.list({"created": within, "limit": PAGE}).auto_paging_iter():
                if charge.status == "succeeded" and charge.captured and _is_ours(charge):
                    yield _movement(charge.amount_captured, charge, ref=self._ref_of(charge, refs))
            refunds = api().refunds.list({"created": within, "limit": PAGE, "expand": ["data.charge"]})
            for refund in refunds.auto_paging_iter():
                if refund.status == "succeeded" and _is_ours(refund.charge):
                    payment_ref = self._ref_of(refund, refs)
                    yield _movement(refund.amount, refund, ref=refund.id, payment_ref=payment_ref)

    def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> None:
        if not settings.STRIPE_WEBHOOK_SECRET:
            raise NoSecret
        sent_at, given = stripe_events.signature_parts(header(headers, "Stripe-Signature"))
        if abs(int(clock.now().timestamp()) - int(sent_at)) > TOLERANCE_SECONDS:
            raise BadSignature
        check_signed(setting=settings.STRIPE_WEBHOOK_SECRET, message=sent_at.encode() + b"." + body, given=given)

    def parse_event(self, headers: Mapping[str, str], body: bytes) -> GatewayEvent:
        return stripe_events.read_event(body, live=self.live)

    def payment_ref(self, event_ref: str) -> str:
        """Charges, refunds and disputes name their payment intent only: Stripe says whose session that is."""
        if not event_ref.startswith("pi_"):
            return event_ref
        with asking():
            found = api().checkout.sessions.list({"payment_intent": event_ref, "limit": 1})
            return next((one.id for one in found.data), "")

    def _ref_of(self, moved: Any, refs: Mapping[str, str]) -> str:
        intent = _intent_id(moved)
        return refs.get(intent) or self.payment_ref(intent) or intent or str(moved.id)

    def _seen(self, session: stripe.checkout.Session) -> GatewayPayment:
        books = _books() if self.account else ""
        return stripe_events.seen_payment(session.to_dict(), account=books)


_FIRST = (Truth.CAPTURED, Truth.OPEN, Truth.FAILED, Truth.CANCELLED)
"""Which of several sessions for one payment counts."""


def _session(ref: str) -> stripe.checkout.Session:
    found: stripe.checkout.Session = api().checkout.sessions.retrieve(ref, {"expand": WHOLE})
    return found


def _session_of(request: PayRequest) -> dict[str, Any]:
    """What never changes under one key: `pay_before` may, so nothing follows it; `cancel` ends the session."""
    named = {"payment_id": request.payment_id}
    price = {
        "currency": request.currency.lower(),
        "unit_amount": to_stripe(request.amount_minor, request.currency),
        "product_data": {"name": request.description},
    }
    return {
        "mode": "payment",
        "client_reference_id": request.payment_id,
        "metadata": named,
        "payment_intent_data": {"description": request.description, "metadata": named},
        "line_items": [{"quantity": 1, "price_data": price}],
        "adaptive_pricing": {"enabled": False},
        "success_url": request.return_url,
        "cancel_url": request.return_url,
        "expand": WHOLE,
    }


def _refund_of(request: RefundRequest, paid: str) -> dict[str, Any]:
    try:
        amount = to_stripe(request.amount_minor, request.currency)
    except AmountNotTaken as error:
        raise RefundRefused(f"Stripe does not send back {request.amount_minor} {request.currency} minor.") from error
    return {"payment_intent": paid, "amount": amount, "metadata": {"refund_id": request.refund_id}}


def _movement(figure: int, of: Any, *, ref: str, payment_ref: str = "") -> Movement:
    currency = of.currency.upper()
    moved = Moved.OUT if payment_ref else Moved.IN
    return Movement(ref, moved, from_stripe(figure, currency), currency, payment_ref)


def _intent_id(of: Any) -> str:
    """The payment intent of a session, charge or refund, expanded or not; empty if there is none."""
    intent = of.payment_intent
    return str(getattr(intent, "id", intent) or "")


def _is_ours(charge: Any) -> bool:
    """Charges take over their payment intent's metadata."""
    return charge is not None and "payment_id" in charge.metadata


def _sessions_by_intent(created: dict[str, int]) -> dict[str, str]:
    made = api().checkout.sessions.list({"created": created, "limit": PAGE}).auto_paging_iter()
    return {intent: one.id for one in made if (intent := _intent_id(one))}


@lru_cache(maxsize=8)
def _account_of(key: str, base: str) -> str:
    return str(api().accounts.retrieve_current().id)


def _books() -> str:
    """Whose books our key opens; asked once."""
    with asking():
        return _account_of(settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE)


def _made_at(record_id: str) -> dt.datetime:
    """When one of our ids was made: the first 48 bits of a UUID of version 7 are milliseconds (RFC 9562, 5.7)."""
    return dt.datetime.fromtimestamp((UUID(record_id).int >> 80) / 1000, tz=dt.UTC)
