"""Razorpay's HTTP API, through its own SDK: calls that end in time, and entities that are checked as they come.

What Razorpay calls an order is a payment of ours. What it calls a payment is one try to pay the order, here a `Try`.
Sources: razorpay.com/docs/api (orders, payments, refunds, disputes, errors) and the SDK, release 2.0.1.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from typing import Any, Self, TypeVar

import razorpay
import requests
from django.conf import settings

from payments.gateways.base import GatewayDown
from payments.gateways.patience import timeout

Entity = dict[str, Any]
T = TypeVar("T")

TIMEOUT_SECONDS = (3, 8)
"""To connect, and between two bytes of the answer. A call that was lost is found again, so there is no need to wait."""
PAGE_SIZE = 100
"""The most that Razorpay's lists give at once ("count")."""
MOST_PAGES = 1000
REFUSALS = (400, 409)


class Refused(GatewayDown):
    """Razorpay understood and will not do it; its words are the exception's.

    It is a GatewayDown, because a wrong key or an account with a feature switched off is answered so too: nothing is
    known of the payment, and a later try may go well. Only who knows the words may take one for final.
    """


class _Session(requests.Session):
    """What the SDK sends through.

    The SDK sets no timeout, forgets the status (its BadRequestError is a wrong amount as well as a wrong key), prints
    to the console when the network fails, and fails itself on answers that are no JSON. So all of that ends here, and
    its retries stay off (they are by default): repeating is the outbox's business, under the same key.
    """

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        kwargs |= {"timeout": timeout(TIMEOUT_SECONDS), "allow_redirects": False}
        try:
            response = super().request(*args, **kwargs)
            answer = response.json()
        except (requests.RequestException, ValueError) as error:
            raise GatewayDown(f"Razorpay did not answer: {type(error).__name__}") from error
        if response.status_code in REFUSALS:
            raise Refused(_words(answer))
        if response.status_code != 200 or not isinstance(answer, dict):
            raise GatewayDown(f"Razorpay answered {response.status_code}: {_words(answer)}")
        return response


def _words(answer: Any) -> str:
    """What an error says: `{"error": {"description": …}}`, or `{"errors": […]}` from disputes."""
    error = answer.get("error", answer.get("errors")) if isinstance(answer, dict) else answer
    said = error.get("description") if isinstance(error, dict) else error
    return str(said)[:200]


@dataclass(frozen=True)
class Try:
    """One try to pay an order. `captured` stays true when the money is sent back later.

    A try that was authorised and never captured goes back by itself: its status is `refunded`, and it is not
    `captured`. Nothing of that ever was ours.
    """

    ref: str
    order_ref: str
    status: str
    captured: bool
    amount_minor: int
    refunded_minor: int
    currency: str
    created_at: int

    @classmethod
    def read(cls, entity: Entity) -> Self:
        return cls(
            ref=_text(entity, "id"),
            order_ref=entity.get("order_id") or "",
            status=_text(entity, "status"),
            captured=bool(entity["captured"]),
            amount_minor=_whole(entity, "amount"),
            refunded_minor=entity.get("amount_refunded") or 0,
            currency=_text(entity, "currency"),
            created_at=_whole(entity, "created_at"),
        )


@dataclass(frozen=True)
class Order:
    """An order: what is to be paid. `notes` are ours."""

    ref: str
    receipt: str
    amount_minor: int
    currency: str
    notes: Mapping[str, str]

    @classmethod
    def read(cls, entity: Entity) -> Self:
        return cls(
            ref=_text(entity, "id"),
            receipt=entity.get("receipt") or "",
            amount_minor=_whole(entity, "amount"),
            currency=_text(entity, "currency"),
            notes=notes_of(entity),
        )


def notes_of(entity: Entity) -> dict[str, str]:
    """Its notes; without any, Razorpay sends an empty list."""
    notes = entity.get("notes")
    return notes if isinstance(notes, dict) else {}


class Api:
    """The calls that we make. Every one may raise GatewayDown, or Refused."""

    @cached_property
    def _client(self) -> Any:
        auth = (settings.RAZORPAY_KEY_ID, settings.RAZORPAY_KEY_SECRET)
        return razorpay.Client(session=_Session(), auth=auth, base_url=settings.RAZORPAY_API_BASE)

    def make_order(self, data: Entity) -> Order:
        return _read(Order.read, self._client.order.create(data))

    def order(self, ref: str) -> Order:
        return _read(Order.read, self._client.order.fetch(ref))

    def orders_with_receipt(self, receipt: str) -> list[Order]:
        """The orders with that very receipt, the oldest first; Razorpay's filter also finds longer ones."""
        found = [_read(Order.read, entity) for entity in self._pages(self._client.order.all, receipt=receipt)]
        return [order for order in reversed(found) if order.receipt == receipt]

    def note(self, order: Order, **notes: str) -> Order:
        """Write notes on an order, beside those that it has."""
        return _read(Order.read, self._client.order.edit(order.ref, {"notes": {**order.notes, **notes}}))

    def tries_of(self, order_ref: str) -> list[Try]:
        """Every try to pay the order, the oldest first."""
        tries = [_read(Try.read, entity) for entity in _items(self._client.order.payments(order_ref))]
        return sorted(tries, key=lambda one: (one.created_at, one.ref))

    def one_try(self, ref: str) -> Try:
        return _read(Try.read, self._client.payment.fetch(ref, {}))

    def capture(self, one: Try) -> Try:
        """Take what was authorised; Refused if that is done, or over."""
        data = {"currency": one.currency}
        return _read(Try.read, self._client.payment.capture(one.ref, one.amount_minor, data))

    def refund(self, try_ref: str, data: Entity, *, key: str) -> Entity:
        """Send money of a captured try back. The same `key` with the same `data` gives the same refund."""
        made: Entity = self._client.payment.refund(try_ref, data, headers={"X-Refund-Idempotency": key})
        return made

    def one_refund(self, ref: str) -> Entity:
        known: Entity = self._client.refund.fetch(ref, {})
        return known

    def refunds_of(self, try_ref: str) -> list[Entity]:
        return list(self._pages(lambda data: self._client.payment.fetch_multiple_refund(try_ref, data)))

    def tries_between(self, begin: int, end: int) -> Iterator[Try]:
        """Tries that were begun in `[begin, end)`, Unix seconds, whatever became of them."""
        for entity in self._pages(self._client.payment.all, **{"from": begin, "to": end - 1}):
            yield _read(Try.read, entity)

    def refunds_between(self, begin: int, end: int) -> Iterator[Entity]:
        """Refunds that were begun in `[begin, end)`, Unix seconds."""
        return self._pages(self._client.refund.all, **{"from": begin, "to": end - 1})

    def disputes_since(self, moment: int) -> Iterator[Entity]:
        """Disputes that were begun at that Unix second or later: the list has the newest first, and no filter."""
        return takewhile(lambda entity: _whole(entity, "created_at") >= moment, self._pages(self._client.dispute.all))

    def _pages(self, call: Callable[[Entity], Any], **filters: object) -> Iterator[Entity]:
        """A list from its begin to its end. What is made meanwhile may shift it, so nothing is given twice."""
        given: set[str] = set()
        for page in range(MOST_PAGES):
            items = _items(call({**filters, "count": PAGE_SIZE, "skip": page * PAGE_SIZE}))
            for entity in items:
                if entity["id"] not in given:
                    given.add(entity["id"])
                    yield entity
            if len(items) < PAGE_SIZE:
                return


def _items(answer: Entity) -> list[Entity]:
    return _read(lambda collection: [{**item, "id": _text(item, "id")} for item in collection["items"]], answer)


def _read(reader: Callable[[Entity], T], entity: Entity) -> T:
    try:
        return reader(entity)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise GatewayDown(f"Razorpay answered something else: {error!r}") from error


def _text(entity: Entity, name: str) -> str:
    value = entity[name]
    if not isinstance(value, str) or not value:
        raise ValueError(name)
    return value


def _whole(entity: Entity, name: str) -> int:
    """An amount or a time: never a fraction, and true is no number."""
    value = entity[name]
    if type(value) is not int:
        raise ValueError(name)
    return value
