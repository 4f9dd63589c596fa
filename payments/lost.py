"""Payments that a gateway made although its answer never reached us."""

from evbunker.db import atomic, claim
from payments.gateways import KNOWN
from payments.gateways.base import GatewayPayment
from payments.ledger import announce, enter
from payments.models import GatewayCommand, Payment, PaymentEvent


def find_lost(payment: Payment) -> bool:
    """Take up what the gateway made for `payment`, if we do not know it yet; False if there is nothing.

    Safe to repeat. Raises GatewayDown.
    """
    if payment.gateway_ref:
        return False
    made = KNOWN[payment.gateway]().find(str(payment.pk))
    return made is not None and note_made(payment, made)


@atomic
def note_made(payment: Payment, made: GatewayPayment) -> bool:
    """Keep what the gateway made for `payment`; False if that was known.

    If the attempt was closed meanwhile, nobody is to pay it: it is cancelled there.
    """
    unknown = Payment.objects.filter(pk=payment.pk, gateway_ref__isnull=True)
    begun = unknown.filter(status=Payment.Status.CREATED)
    if not claim(begun, status=Payment.Status.PENDING, gateway_ref=made.ref, pay_url=made.pay_url):
        if not claim(unknown, gateway_ref=made.ref):
            return False
        GatewayCommand.objects.ask(payment, GatewayCommand.Kind.CANCEL, key=f"unwanted:{payment.pk}")
    payment.refresh_from_db()
    enter(payment, PaymentEvent.Kind.SUBMITTED, reference=made.ref)
    announce(payment)
    return True
