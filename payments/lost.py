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
    """Keep the reference of a payment that was made at the gateway; False if that was known.

    If it was given up meanwhile, nobody is to pay it: it is cancelled there.
    """
    found = Payment.objects.filter(pk=payment.pk, gateway_ref__isnull=True)
    if not claim(found, gateway_ref=made.ref, pay_url=made.pay_url):
        return False
    begun = Payment.objects.filter(pk=payment.pk, status=Payment.Status.CREATED)
    if not claim(begun, status=Payment.Status.PENDING):
        GatewayCommand.objects.ask(payment, GatewayCommand.Kind.CANCEL, key=f"unwanted:{payment.pk}")
    payment.refresh_from_db()
    enter(payment, PaymentEvent.Kind.SUBMITTED, reference=made.ref)
    announce(payment)
    return True
