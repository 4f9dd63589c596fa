"""What must be done outside the database: leased, done under one key, repeated after a crash."""

import datetime as dt
import logging
from collections.abc import Callable, Iterable

from django.conf import settings
from django.db.models import Q, QuerySet

from evbunker import clock
from evbunker.db import atomic, claim
from payments.emails import send_confirmation
from payments.gateways import gateway
from payments.gateways.base import GatewayPayment, PayRequest
from payments.ledger import announce, enter
from payments.models import GatewayCommand, Payment, PaymentEvent

log = logging.getLogger(__name__)
LEASE = dt.timedelta(seconds=60)
LONGEST_PAUSE_SECONDS = 3600
AT_ONCE = 200
MOST_ATTEMPTS = 20
"""With doubling pauses about half a day; then a person must look."""


def add(payment: Payment, kind: str, *, key: str) -> GatewayCommand:
    """Ask for something to be done, inside the unit of work that makes it necessary."""
    return GatewayCommand.objects.create(payment=payment, kind=kind, idempotency_key=key, next_at=clock.now())


def work_outbox() -> int:
    """Do what is due; how many succeeded. Safe to repeat and to run at once."""
    return run(GatewayCommand.objects.filter(state=GatewayCommand.State.WAITING, next_at__lte=clock.now())[:AT_ONCE])


def run(commands: Iterable[GatewayCommand]) -> int:
    """Do those of `commands` that wait and that nobody else is doing; how many succeeded."""
    waiting = [command for command in commands if command.state == GatewayCommand.State.WAITING]
    return sum(_run(command) for command in waiting)


def _run(command: GatewayCommand) -> bool:
    if not _lease(command):
        return False
    try:
        ACTIONS[GatewayCommand.Kind(command.kind)](command)
    except Exception as error:  # whatever it was, it is written down and tried again
        log.warning("Outbox: %s of payment %s failed: %s", command.kind, command.payment_id, error, exc_info=True)
        _postpone(command, error)
        return False
    _finish(command)
    return True


@atomic
def _lease(command: GatewayCommand) -> bool:
    """Take the command for a while; False if somebody else has it."""
    now = clock.now()
    free = GatewayCommand.objects.filter(pk=command.pk, state=GatewayCommand.State.WAITING).filter(
        Q(lease_until__isnull=True) | Q(lease_until__lte=now)
    )
    return claim(free, lease_until=now + LEASE, attempts=command.attempts + 1)


@atomic
def _finish(command: GatewayCommand) -> None:
    claim(_mine(command), state=GatewayCommand.State.DONE, lease_until=None, last_error="")


@atomic
def _postpone(command: GatewayCommand, error: Exception) -> None:
    attempts = command.attempts + 1
    pause = dt.timedelta(seconds=min(2**attempts, LONGEST_PAUSE_SECONDS))
    state = GatewayCommand.State.GIVEN_UP if attempts >= MOST_ATTEMPTS else GatewayCommand.State.WAITING
    said = f"{type(error).__name__}: {error}"[:300]
    claim(_mine(command), state=state, lease_until=None, next_at=clock.now() + pause, last_error=said)


def _mine(command: GatewayCommand) -> QuerySet[GatewayCommand]:
    return GatewayCommand.objects.filter(pk=command.pk, state=GatewayCommand.State.WAITING, lease_until__isnull=False)


def _create(command: GatewayCommand) -> None:
    payment = command.payment
    if payment.status != Payment.Status.CREATED:
        return
    request = PayRequest(
        idempotency_key=command.idempotency_key,
        payment_id=str(payment.pk),
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        description=f"{payment.station_name}, {payment.starts_at:%Y-%m-%d %H:%M} UTC",
        return_url=f"{settings.SITE_URL}/bookings/{payment.booking_id}/",
        pay_before=payment.booking.expires_at or clock.now(),
    )
    _note_created(payment, gateway(payment.gateway).create(request))


@atomic
def _note_created(payment: Payment, made: GatewayPayment) -> None:
    created = Payment.objects.filter(pk=payment.pk, status=Payment.Status.CREATED)
    if claim(created, status=Payment.Status.PENDING, gateway_ref=made.ref, pay_url=made.pay_url):
        payment.refresh_from_db()
        enter(payment, PaymentEvent.Kind.SUBMITTED, reference=made.ref)
        announce(payment)


def _cancel(command: GatewayCommand) -> None:
    payment = command.payment
    if payment.gateway_ref:
        gateway(payment.gateway).cancel(payment.gateway_ref)


def _email(command: GatewayCommand) -> None:
    send_confirmation(command.payment)


ACTIONS: dict[GatewayCommand.Kind, Callable[[GatewayCommand], None]] = {
    GatewayCommand.Kind.CREATE: _create,
    GatewayCommand.Kind.CANCEL: _cancel,
    GatewayCommand.Kind.CONFIRMATION_EMAIL: _email,
}
