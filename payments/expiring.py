"""A hold that is over takes its attempt to pay with it: cancelled at the gateway, then closed by what that says.

`bookings` expires holds and knows nothing of payments. So its signal makes it prompt (`ask_to_cancel`), and the
reconciler, which looks for attempts without a hold, makes it certain (`without_hold`).
"""

import logging
from collections.abc import Iterable
from uuid import UUID

from django.db import IntegrityError

from bookings.claims import lapsed
from bookings.holding import expire_hold
from bookings.models import Booking
from evbunker.db import atomic, claim
from payments.gateways import KNOWN
from payments.ledger import announce, enter
from payments.models import GatewayCommand, Payment, PaymentEvent
from payments.settling import apply

log = logging.getLogger(__name__)


def ask_to_cancel(booking_id: UUID) -> None:
    """Have the outbox cancel the attempt to pay a booking whose hold is over. Safe to repeat."""
    for payment in Payment.objects.filter(live_for=booking_id):
        try:
            _ask(payment)
        except IntegrityError:  # asked for before
            continue


@atomic
def _ask(payment: Payment) -> None:
    GatewayCommand.objects.ask(payment, GatewayCommand.Kind.CANCEL, key=f"expired:{payment.pk}")


def cancel_attempt(payment: Payment) -> None:
    """Let nobody pay it any more, and take into our books how it stands then. Safe to repeat. Raises GatewayDown.

    Money that came first is captured late: it confirms the booking if that can still be, or goes back.
    """
    gateway = KNOWN[payment.gateway]()
    ref = payment.gateway_ref
    if ref is None and (made := gateway.find(str(payment.pk))):  # its answer got lost
        ref = note_ref(payment, made.ref)
    if ref is None:
        _close_unmade(payment)
    else:
        apply(payment, gateway.cancel(ref))


@atomic
def note_ref(payment: Payment, ref: str) -> str:
    """Under which reference the gateway knows a payment that was closed, or is to be, before it answered."""
    claim(Payment.objects.filter(pk=payment.pk, gateway_ref__isnull=True), gateway_ref=ref)
    payment.refresh_from_db()
    return ref


@atomic
def _close_unmade(payment: Payment) -> None:
    """The gateway never heard of it: there is nothing to cancel."""
    if claim(Payment.objects.pending().filter(pk=payment.pk), status=Payment.Status.CANCELLED, live_for=None):
        payment.refresh_from_db()
        enter(payment, PaymentEvent.Kind.CANCELLED, reference=f"unmade:{payment.pk}")
        announce(payment)


def without_hold(live: Iterable[Payment]) -> list[Payment]:
    """Of attempts that may still succeed those for bookings that are held no more; holds that lapsed unseen are
    expired."""
    live = list(live)
    booked = [payment.booking_id for payment in live]
    for booking in lapsed(booked):
        try:
            expire_hold(booking)
        except Exception:  # the others must go on
            log.exception("The hold of booking %s could not be expired", booking.pk)
    held = set(Booking.objects.held().filter(pk__in=booked).values_list("pk", flat=True))
    return [payment for payment in live if payment.booking_id not in held]
