"""Razorpay: an order for each payment of ours, paid on Razorpay's hosted page. `docs/payments.md` says more.

What differs from other companies, and what is done about it:

- An order can be tried many times. A try that failed leaves it open, and may still be authorised hours later.
- Nobody can cancel an order. `cancel` writes into its notes that we offer it no more; whoever pays all the same comes
  as late money.
- Two tries of one order can both be captured. One counts, the others are sent back at once (`_send_back`).
- Nothing says in whose account or mode an order stands: the key decides both. Only events name the account.
"""

import datetime as dt
import json
import logging
from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings

from evbunker.money import exponent, format_money
from payments.gateways.base import (
    AmountNotTaken,
    AmountTooSmall,
    BadEvent,
    GatewayDown,
    GatewayEvent,
    GatewayPayment,
    GatewayRefund,
    Moved,
    Movement,
    PaymentRefused,
    PayRequest,
    RefundRequest,
    RefundTruth,
    Truth,
)
from payments.gateways.razorpay_api import Api, Order, Refused, Try, notes_of
from payments.gateways.razorpay_events import read_event
from payments.gateways.razorpay_refunds import REFUND_NOTE, meaning, safe_key, seen_refund
from payments.gateways.signing import check_signed, header

log = logging.getLogger(__name__)

PAYMENT_NOTE = "evbunker_payment"
SURPLUS_NOTE = "evbunker_surplus"
CLOSED_NOTE = "evbunker_closed"
"""What we write into notes: at most 15 of them, 256 characters each."""

TEST_KEY = "rzp_test_"
KEYS = ("rzp_live_", TEST_KEY)
NEVER_PAYABLE = ("minimum amount", "at least", "currency")
"""In what Razorpay says of an amount or a currency that it does not take; everything else may go well later."""
UNDER_DISPUTE = {"open", "under_review", "lost"}
"""A dispute that was `won` or `closed` takes nothing."""


class RazorpayGateway:
    """Orders, their tries and refunds at Razorpay."""

    name = "razorpay"

    def __init__(self) -> None:
        self.live = not settings.RAZORPAY_KEY_ID.startswith(TEST_KEY)
        self.account: str = settings.RAZORPAY_ACCOUNT
        self._api = Api()

    def problems(self) -> Iterator[str]:
        if not settings.RAZORPAY_KEY_ID.startswith(KEYS):
            yield "PAYMENT_GATEWAYS names razorpay, but RAZORPAY_KEY_ID does not begin with rzp_live_ or rzp_test_."
        for secret in ("RAZORPAY_KEY_SECRET", "RAZORPAY_WEBHOOK_SECRET"):
            if not getattr(settings, secret):
                yield f"PAYMENT_GATEWAYS names razorpay, but {secret} is empty."

    def check_amount(self, amount_minor: int, currency: str) -> None:
        """At least one whole unit ("The amount must be at least INR 1.00", likewise of others); of currencies with
        three decimals, the last must be 0 (docs: hosted checkout, `amount`)."""
        least = 10 ** exponent(currency)
        if amount_minor < least:
            raise AmountTooSmall(format_money(least, currency))
        if exponent(currency) == 3 and amount_minor % 10:
            raise AmountNotTaken

    # -- Payments -----------------------------------------------------------------------------------------------------

    def create(self, request: PayRequest) -> GatewayPayment:
        """The order whose receipt is our payment's id; made once, because orders have no key of their own.

        If an answer got lost and the order cannot be found yet, a second one is made. That does no harm: only the
        reference that we note is ever given to anybody to pay.
        """
        return self.find(request.payment_id) or self._make(request)

    def _make(self, request: PayRequest) -> GatewayPayment:
        data = {
            "amount": request.amount_minor,
            "currency": request.currency,
            "receipt": request.payment_id,
            "payment_capture": True,  # whatever the account's own setting is
            "notes": {PAYMENT_NOTE: request.payment_id, "description": request.description[:256]},
        }
        try:
            return self._seen(self._api.make_order(data), Truth.OPEN)
        except Refused as error:
            if made := self.find(request.payment_id):  # somebody was quicker, and receipts are unique
                return made
            if any(words in str(error).lower() for words in NEVER_PAYABLE):
                raise PaymentRefused(str(error)) from error
            raise

    def find(self, payment_id: str) -> GatewayPayment | None:
        orders = self._api.orders_with_receipt(payment_id)
        return self._standing(orders[0]) if orders else None

    def look_up(self, ref: str) -> GatewayPayment:
        """How the order stands now. What is authorised and fits is captured here, what was paid twice goes back.

        An authorised try is what is left when the answer of a bank came late: nobody else captures it, and after some
        days Razorpay sends it back. Captured, it confirms the booking or goes back at once. One whose amount or
        currency differs is left to that, and the order stays open.
        """
        return self._standing(self._api.order(ref))

    def cancel(self, ref: str) -> GatewayPayment:
        """Close the order as far as we can: CANCELLED says that we offer it no more, not that nobody can pay it."""
        order = self._api.order(ref)
        seen = self._standing(order)
        if seen.truth is not Truth.OPEN:
            return seen
        return self._standing(self._api.note(order, **{CLOSED_NOTE: "yes"}))  # somebody may have paid meanwhile

    def _standing(self, order: Order) -> GatewayPayment:
        captured = self._captured(order)
        if not captured:
            return self._seen(order, Truth.CANCELLED if CLOSED_NOTE in order.notes else Truth.OPEN)
        counts = self._one_of(captured, order)
        amount_minor = counts.amount_minor
        for surplus in captured:
            if surplus != counts and not self._send_back(surplus):
                amount_minor += surplus.amount_minor - surplus.refunded_minor
        return self._seen(
            order, Truth.CAPTURED, amount_minor=amount_minor, currency=counts.currency, disputed=self._disputed(counts)
        )

    def _captured(self, order: Order) -> list[Try]:
        tries = self._api.tries_of(order.ref)
        captured = [one for one in tries if one.captured]
        waiting = [one for one in tries if one.status == "authorized" and _fits(one, order)]
        if captured or not waiting:
            return captured
        try:
            return [self._api.capture(waiting[0])]
        except Refused as error:  # somebody was quicker, or it went back
            log.info("Razorpay did not capture %s: %s", waiting[0].ref, error)
            return [one for one in self._api.tries_of(order.ref) if one.captured]

    def _one_of(self, captured: list[Try], order: Order) -> Try:
        """The captured try that counts: always the same, however many come and whatever goes back.

        What we sent back as surplus never counts; what we sent refunds from does; otherwise the first that fits.
        """
        if len(captured) == 1:
            return captured[0]
        left = [one for one in captured if not self._was_surplus(one)] or captured
        return min(left, key=lambda one: (one.refunded_minor == 0, not _fits(one, order), one.created_at, one.ref))

    def _was_surplus(self, one: Try) -> bool:
        refunds = self._api.refunds_of(one.ref) if one.refunded_minor else []
        return any(SURPLUS_NOTE in notes_of(refund) for refund in refunds)

    def _send_back(self, surplus: Try) -> bool:
        """Send back what is left of a try that nobody needed; False if Razorpay refuses, for a person to see."""
        left_minor = surplus.amount_minor - surplus.refunded_minor
        if left_minor <= 0:
            return True
        data = {"amount": left_minor, "notes": {SURPLUS_NOTE: "yes"}}
        try:
            self._api.refund(surplus.ref, data, key=f"surplus-{surplus.ref}-{left_minor}")
        except Refused as error:
            log.error("Razorpay order %s was paid twice, and %s cannot go back: %s",
                      surplus.order_ref, surplus.ref, error)  # fmt: skip
            return False
        log.warning("Razorpay order %s was paid twice: %s goes back.", surplus.order_ref, surplus.ref)
        return True

    def _disputed(self, one: Try) -> bool:
        """Has the payer's bank called it back? An account without the disputes API has none that we could know of."""
        try:
            disputes = self._api.disputes_since(one.created_at)
            return any(known["payment_id"] == one.ref and known["status"] in UNDER_DISPUTE for known in disputes)
        except Refused as error:
            log.info("Razorpay tells nothing of disputes: %s", error)
            return False

    def _seen(self, order: Order, truth: Truth, **known: Any) -> GatewayPayment:
        facts = {"amount_minor": order.amount_minor, "currency": order.currency, **known}
        pay_url = f"{settings.SITE_URL}/payments/razorpay/{order.receipt}/"
        return GatewayPayment(ref=order.ref, truth=truth, live=self.live, pay_url=pay_url, **facts)

    # -- Refunds ------------------------------------------------------------------------------------------------------

    def refund(self, request: RefundRequest) -> GatewayRefund:
        paid = self._paid(request.payment_ref)
        if paid is None:
            raise GatewayDown(f"Razorpay says that nobody has paid {request.payment_ref}")
        data = {"amount": request.amount_minor, "notes": {REFUND_NOTE: request.refund_id}}
        try:
            return seen_refund(self._api.refund(paid.ref, data, key=safe_key(request.idempotency_key)))
        except Refused as error:
            for known in self.refunds_of(request.payment_ref):  # an answer that got lost, under any key
                if known.refund_id == request.refund_id:
                    return known
            raise meaning(error) from error

    def look_up_refund(self, ref: str) -> GatewayRefund:
        return seen_refund(self._api.one_refund(ref))

    def refunds_of(self, payment_ref: str) -> list[GatewayRefund]:
        """Refunds of the try that counts. Surplus that went back is no refund of the payment."""
        paid = self._paid(payment_ref)
        return [seen_refund(known) for known in self._api.refunds_of(paid.ref)] if paid else []

    def _paid(self, order_ref: str) -> Try | None:
        """The try that counts; None if nobody has paid, and what was authorised went back by itself."""
        captured = [one for one in self._api.tries_of(order_ref) if one.captured]
        return self._one_of(captured, self._api.order(order_ref)) if captured else None

    # -- Books --------------------------------------------------------------------------------------------------------

    def movements(self, day: dt.date) -> Iterator[Movement]:
        """As Razorpay lists them: by when a try or a refund was begun, which may be a day before it took effect.

        Tries that went back by themselves were never captured and are left out both ways. What was paid twice comes
        twice under its order, and goes once.
        """
        begin = int(dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC).timestamp())
        end = begin + 24 * 3600
        tries = {one.ref: one for one in self._api.tries_between(begin, end)}
        for one in tries.values():
            if one.captured:
                yield Movement(one.order_ref or one.ref, Moved.IN, one.amount_minor, one.currency)
        for known in self._api.refunds_between(begin, end):
            seen, source = seen_refund(known), tries.get(known["payment_id"])
            if seen.truth is not RefundTruth.SUCCEEDED:
                continue
            source = source or self._api.one_try(known["payment_id"])
            if source.captured:
                yield Movement(seen.ref, Moved.OUT, seen.amount_minor, seen.currency, source.order_ref or source.ref)

    # -- Webhooks -----------------------------------------------------------------------------------------------------

    def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> None:
        """No time is signed: an event that is sent again is known by its id, and asks Razorpay whatever it says."""
        given = header(headers, "X-Razorpay-Signature")
        check_signed(setting=settings.RAZORPAY_WEBHOOK_SECRET, message=body, given=given)

    def parse_event(self, headers: Mapping[str, str], body: bytes) -> GatewayEvent:
        try:
            return read_event(json.loads(body), event_id=header(headers, "X-Razorpay-Event-Id"), body=body)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise BadEvent from error

    def payment_ref(self, event_ref: str) -> str:
        """Events carry the whole try, its order too: nothing to ask."""
        return event_ref


def _fits(one: Try, order: Order) -> bool:
    return (one.amount_minor, one.currency) == (order.amount_minor, order.currency)
