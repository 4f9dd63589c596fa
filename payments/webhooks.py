"""What gateways tell us: verified, kept, and taken as a hint to ask."""

import logging
from collections.abc import Mapping

from django.db import IntegrityError
from django.db.models import QuerySet

from evbunker.db import atomic, claim
from payments.gateways import gateway
from payments.gateways.base import GatewayDown, GatewayEvent, GatewayPayment, GatewayRefund, RefundTruth
from payments.models import Payment, Refund, WebhookEvent
from payments.refunding import apply_refund, ask_refund
from payments.settling import apply, ask

log = logging.getLogger(__name__)
MOST_BYTES = 256 * 1024
State = WebhookEvent.State
FINISHED = (State.DONE, State.UNKNOWN, State.UNBACKED)
"""Only finished work makes a repeated event a duplicate."""


def receive(*, name: str, headers: Mapping[str, str], body: bytes) -> WebhookEvent:
    """Keep and work off what gateway `name` sent. Safe to repeat.

    Raises UnknownGateway, BadSignature, NoSecret or BadEvent (nothing is kept), or Busy (try again).
    """
    sender = gateway(name)
    sender.verify_webhook(headers, body)
    said = sender.parse_event(headers, body)
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
        return
    follow = _follow_refund if isinstance(said.claims, RefundTruth) else _follow_payment
    try:
        payment = _payment_of(kept, said)
        if payment is None:
            _mark(kept, State.UNMATCHED)
            return
        state = State.DONE if follow(payment, said) else State.UNBACKED
    except GatewayDown as error:
        log.warning("%s sent %s but did not answer: %s", kept.gateway, kept.event_id, error)
        return
    _mark(kept, state, payment=payment)


def _payment_of(kept: WebhookEvent, said: GatewayEvent) -> Payment | None:
    ref = gateway(kept.gateway).payment_ref(said.ref)
    return Payment.objects.filter(gateway=kept.gateway, gateway_ref=ref).first()


def _follow_payment(payment: Payment, said: GatewayEvent) -> bool:
    """Ask, and take the answer into our books if it says what the event says."""
    seen = ask(payment)
    if not _backs(seen, said):
        return False
    apply(payment, seen)
    return True


def _follow_refund(payment: Payment, said: GatewayEvent) -> bool:
    """The event names the payment alone: ask for each of its refunds; one of them must say what the event says."""
    backed = False
    for refund in Refund.objects.filter(payment=payment, gateway_ref__isnull=False):
        seen = ask_refund(refund)
        apply_refund(refund, seen)
        backed = backed or _backs(seen, said)
    return backed


def _backs(seen: GatewayPayment | GatewayRefund, said: GatewayEvent) -> bool:
    """Does the gateway's own answer say what its event says?"""
    return (seen.truth, seen.amount_minor, seen.currency) == (said.claims, said.amount_minor, said.currency)


@atomic
def _mark(kept: WebhookEvent, state: str, payment: Payment | None = None) -> None:
    if state != kept.state:
        claim(WebhookEvent.objects.filter(pk=kept.pk, state=kept.state), state=state, payment=payment)
        kept.state = state


def unfinished() -> QuerySet[WebhookEvent]:
    """Events that were kept but not worked off."""
    return WebhookEvent.objects.filter(state__in=[State.RECEIVED, State.UNMATCHED])


def work_off_again(kept: WebhookEvent) -> None:
    """Another try for an event that was cut off or came before its payment."""
    work_off(kept, gateway(kept.gateway).parse_event({}, kept.body.encode()))
