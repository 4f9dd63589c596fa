"""Payments that the payer's bank calls back: noted once, for a person. The booking stays as it is."""

import logging

from evbunker import clock
from evbunker.audit import record_change
from evbunker.db import atomic, claim
from payments.gateways.base import GatewayPayment
from payments.ledger import announce, enter
from payments.models import Payment, PaymentEvent

log = logging.getLogger(__name__)


def note_dispute(payment: Payment, seen: GatewayPayment) -> bool:
    """Mark `payment` if `seen` is disputed, and leave all else alone; False if there was nothing new. Safe to repeat.

    What the bank takes comes off the operator's account at the gateway: no refund of ours, so no sum changes.
    """
    if not seen.disputed or payment.disputed_at or not _note(payment, seen):
        return False
    log.error("Payment %s is disputed at %s", payment.pk, payment.gateway)
    return True


@atomic
def _note(payment: Payment, seen: GatewayPayment) -> bool:
    if not claim(Payment.objects.filter(pk=payment.pk, disputed_at__isnull=True), disputed_at=clock.now()):
        return False
    payment.refresh_from_db()
    enter(payment, PaymentEvent.Kind.DISPUTED, reference=seen.ref)
    record_change(actor=payment.gateway, action="payment.disputed", record=payment, after={"reference": seen.ref})
    announce(payment)
    return True
