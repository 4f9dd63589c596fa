"""What gateways tell us: verified, kept, and taken as a hint to ask."""

import logging
from collections.abc import Mapping

from django.db import IntegrityError
from django.db.models import QuerySet

from evbunker.db import atomic, claim
from payments.gateways import gateway
from payments.gateways.base import GatewayDown, GatewayEvent, GatewayPayment
from payments.models import Payment, WebhookEvent
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
    said = sender.parse_event(body)
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
    payment = Payment.objects.filter(gateway=kept.gateway, gateway_ref=said.ref).first()
    if payment is None:
        _mark(kept, State.UNMATCHED)
        return
    try:
        seen = ask(payment)
    except GatewayDown as error:
        log.warning("%s sent %s but did not answer: %s", kept.gateway, kept.event_id, error)
        return
    if not _backs(seen, said):
        _mark(kept, State.UNBACKED, payment=payment)
        return
    apply(payment, seen)
    _mark(kept, State.DONE, payment=payment)


def _backs(seen: GatewayPayment, said: GatewayEvent) -> bool:
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
    work_off(kept, gateway(kept.gateway).parse_event(kept.body.encode()))
