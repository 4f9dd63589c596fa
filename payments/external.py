"""Refunds that the gateway knows better: made there by somebody's hand, or ours whose answer got lost."""

import logging
from uuid import UUID

from django.db import IntegrityError
from django.db.models import F

from bookings.stale_days import mark_stale
from evbunker import clock
from evbunker.audit import record_change
from evbunker.db import atomic, claim
from evbunker.models import new_id
from payments.gateways import KNOWN
from payments.gateways.base import GatewayDown, GatewayRefund, RefundTruth
from payments.ledger import announce, enter
from payments.models import Payment, PaymentEvent, Refund
from payments.receipts import issue_credit_note, prepare_receipts
from payments.refunding import REFUNDABLE, apply_refund

log = logging.getLogger(__name__)
Status, Kind = Refund.Status, PaymentEvent.Kind


class DoesNotFit(GatewayDown):
    """More went back at the gateway than is left here: ours must be settled first, then it is taken. Ask again."""


def take_refunds(payment: Payment) -> list[GatewayRefund]:
    """Bring our books to what the gateway says of every refund of `payment`, and say what it said. Safe to repeat.

    A refund that we never asked for is EXTERNAL; it cancels no booking. Raises GatewayDown.
    """
    assert payment.gateway_ref, "only what was paid at a gateway goes back"
    found = KNOWN[payment.gateway]().refunds_of(payment.gateway_ref)
    for seen in found:
        _take(payment, seen)
    payment.refresh_from_db()
    return found


def _take(payment: Payment, seen: GatewayRefund) -> None:
    if refund := _ours(payment, seen):
        apply_refund(refund, seen)
    elif seen.truth == RefundTruth.SUCCEEDED:
        _take_external(payment, seen)


def _ours(payment: Payment, seen: GatewayRefund) -> Refund | None:
    """Our refund that `seen` is: by its reference, or, if that never reached us, by the id that we gave it."""
    known = Refund.objects.filter(gateway_ref=seen.ref)
    if (refund := known.first()) or not seen.refund_id:
        return refund
    _adopt(payment, seen)
    return known.first()


@atomic
def _adopt(payment: Payment, seen: GatewayRefund) -> bool:
    """Note the reference of a refund that was asked for; False if it has one, or was given up."""
    asked = Refund.objects.filter(
        pk=_id_in(seen.refund_id), payment=payment, status=Status.REQUESTED,
        amount_minor=seen.amount_minor, currency=seen.currency,
    )  # fmt: skip
    return claim(asked, status=Status.SUBMITTED, gateway_ref=seen.ref)


def _id_in(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:  # somebody else's
        return UUID(int=0)


def _take_external(payment: Payment, seen: GatewayRefund) -> None:
    prepare_receipts(payment)
    try:
        taken = _write(payment, seen)
    except IntegrityError:  # somebody else took it at the same moment
        return
    if taken:
        log.warning("%s sent back %s of payment %s unasked", payment.gateway, seen.amount_minor, payment.pk)


@atomic
def _write(payment: Payment, seen: GatewayRefund) -> bool:
    """The refund, the payment's sums and its ledger, in one; False if it was known."""
    if Refund.objects.filter(gateway_ref=seen.ref).exists():
        return False
    left = Payment.objects.filter(
        pk=payment.pk, status__in=REFUNDABLE, currency=seen.currency,
        captured_minor__gte=F("refund_reserved_minor") + seen.amount_minor,
    )  # fmt: skip
    sums = ("refund_reserved_minor", "refunded_minor")
    if not claim(left, **{name: F(name) + seen.amount_minor for name in sums}):
        raise DoesNotFit(f"{seen.ref} does not fit into payment {payment.pk}")
    refund = _create(Payment.objects.get(pk=payment.pk), seen)
    record_change(
        actor=payment.gateway, action="refund.external", record=refund,
        after={"payment": str(payment.pk), "amount_minor": seen.amount_minor, "reference": seen.ref},
    )  # fmt: skip
    issue_credit_note(refund)
    return True


def _create(payment: Payment, seen: GatewayRefund) -> Refund:
    once = f"external:{seen.ref}"
    refund = Refund.objects.create(
        id=new_id(), payment=payment, client_id=payment.client_id, status=Status.EXTERNAL,
        reason=Refund.Reason.EXTERNAL, once=once, idempotency_key=once, gateway_ref=seen.ref,
        amount_minor=seen.amount_minor, currency=payment.currency, settled_at=clock.now(),
        station_name=payment.station_name, client_name=payment.client_name,
    )  # fmt: skip
    for kind in (Kind.REFUND_ASKED, Kind.REFUNDED):
        enter(payment, kind, reference=f"refund:{refund.pk}", amount_minor=seen.amount_minor, note="external")
    if payment.captured_day:
        mark_stale(station_id=payment.station_id, day=payment.captured_day, time_zone=payment.station_time_zone)
    announce(payment)
    return refund
