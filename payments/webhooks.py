"""What gateways tell us: verified, kept, and taken as a hint to ask."""

import logging
from collections.abc import Mapping

from django.db import IntegrityError

from evbunker.db import atomic, claim, done_within, on_commit
from evbunker.metrics import WEBHOOKS
from payments.external import take_refunds
from payments.gateways import UnknownGateway, offered, used
from payments.gateways.base import GatewayDown, GatewayEvent, GatewayPayment, GatewayRefund, NoSecret, RefundTruth
from payments.gateways.patience import in_a_hurry
from payments.models import Payment, WebhookEvent
from payments.refunding import REFUNDABLE
from payments.settling import apply, ask, settle

log = logging.getLogger(__name__)
MOST_BYTES = 256 * 1024
ANSWER_SECONDS = 4.5
"""Less than the 5 s in which Razorpay wants its answer."""
State = WebhookEvent.State
FINISHED = (State.DONE, State.UNKNOWN, State.UNBACKED)
"""Only finished work makes a repeated event a duplicate."""
UNFINISHED = (State.RECEIVED, State.UNMATCHED)
AS_FAR = (RefundTruth.OPEN, RefundTruth.SUCCEEDED, RefundTruth.FAILED)
"""How far a refund has come: one that succeeded may fail later, and events come in any order."""


def receive(*, name: str, headers: Mapping[str, str], body: bytes) -> WebhookEvent:
    """Keep and work off what gateway `name` sent, also one that is offered no more. Safe to repeat.

    Gateways wait 5 s for an answer (Razorpay), so what `in_a_hurry` leaves no time for is left to the poller, and a
    database that is busy for so long is told as such.
    Raises UnknownGateway, BadSignature, NoSecret or BadEvent (nothing is kept), or Busy (try again).
    """
    sender = used(name)
    try:
        sender.verify_webhook(headers, body)
    except NoSecret:
        if name not in offered():
            raise UnknownGateway from None
        raise
    said = sender.parse_event(headers, body)
    with done_within(ANSWER_SECONDS), in_a_hurry():
        kept = _keep(name, said, body)
        if kept.state not in FINISHED:
            work_off(kept, said)
    return kept


def _keep(name: str, said: GatewayEvent, body: bytes) -> WebhookEvent:
    same = WebhookEvent.objects.filter(gateway=name, event_id=said.event_id)
    try:
        return same.first() or _insert(name, said, body)
    except IntegrityError:  # the same event, at the same moment
        return same.get()


@atomic
def _insert(name: str, said: GatewayEvent, body: bytes) -> WebhookEvent:
    text = body.decode(errors="replace")
    return WebhookEvent.objects.create(gateway=name, event_id=said.event_id, type=said.type, body=text)


def work_off(kept: WebhookEvent, said: GatewayEvent) -> None:
    """Do what the event asks for. If the gateway cannot be asked now, the poller does it later."""
    if said.claims is None:
        _mark(kept, State.UNKNOWN)
    elif _is_of_another_account(kept, said):
        log.error("%s sent %s of the account %s, which is not ours", kept.gateway, kept.event_id, said.account)
        _mark(kept, State.UNBACKED)
    else:
        try:
            _follow(kept, said)
        except GatewayDown as error:
            log.warning("%s sent %s but did not answer: %s", kept.gateway, kept.event_id, error)


def _is_of_another_account(kept: WebhookEvent, said: GatewayEvent) -> bool:
    ours = used(kept.gateway).account
    return bool(ours and said.account and said.account != ours)


def _follow(kept: WebhookEvent, said: GatewayEvent) -> None:
    ref = used(kept.gateway).payment_ref(said.ref)
    payment = Payment.objects.filter(gateway=kept.gateway, gateway_ref=ref).first()
    if payment is None:
        log.warning("%s sent %s of a payment that we do not know: %s", kept.gateway, kept.event_id, said.ref)
        _mark(kept, State.UNMATCHED)
        return
    follow = _follow_refund if isinstance(said.claims, RefundTruth) else _follow_payment
    if follow(payment, said):
        _mark(kept, State.DONE, payment=payment)
    else:
        log.warning("%s sent %s, and says otherwise when asked", kept.gateway, kept.event_id)
        _mark(kept, State.UNBACKED, payment=payment)


def _follow_payment(payment: Payment, said: GatewayEvent) -> bool:
    """Ask, and take the answer into our books if it says what the event says."""
    seen = ask(payment)
    if not (said.disputed and seen.disputed) and not _backs(seen, said):
        return False
    apply(payment, seen)
    return True


def _backs(seen: GatewayPayment, said: GatewayEvent) -> bool:
    """Does the gateway's own answer say what its event says?"""
    return (seen.truth, seen.amount_minor, seen.currency) == (said.claims, said.amount_minor, said.currency)


def _follow_refund(payment: Payment, said: GatewayEvent) -> bool:
    """The event names the payment alone: ask for all its refunds; one must have come as far as the event says."""
    if payment.status not in REFUNDABLE:
        settle(payment)
    return any(_backs_refund(seen, said) for seen in take_refunds(payment))


def _backs_refund(seen: GatewayRefund, said: GatewayEvent) -> bool:
    assert isinstance(said.claims, RefundTruth), "an event of a refund claims how that stands"
    money = (seen.amount_minor, seen.currency) == (said.amount_minor, said.currency)
    return money and AS_FAR.index(seen.truth) >= AS_FAR.index(said.claims)


def _mark(kept: WebhookEvent, state: str, payment: Payment | None = None) -> None:
    if state != kept.state:
        _write_state(kept, state, payment)
        kept.state = state


@atomic
def _write_state(kept: WebhookEvent, state: str, payment: Payment | None) -> None:
    if claim(WebhookEvent.objects.filter(pk=kept.pk, state=kept.state), state=state, payment=payment):
        on_commit(WEBHOOKS.labels(kept.gateway, str(state)).inc)


def work_off_again(kept: WebhookEvent) -> None:
    """Another try for an event that was cut off or came before its payment."""
    work_off(kept, used(kept.gateway).parse_event({}, kept.body.encode()))
