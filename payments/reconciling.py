"""Finding what was cut off: the certain half of everything that a webhook or a browser makes prompt."""

import datetime as dt
import logging
from collections.abc import Callable
from typing import Any, NamedTuple

from evbunker import clock
from evbunker.errors import Busy
from payments import outbox
from payments.expiring import cancel_attempt, without_hold
from payments.gateways.base import GatewayDown
from payments.models import Payment, Refund, WebhookEvent
from payments.refunding import settle_refund
from payments.settling import settle
from payments.webhooks import unfinished, work_off_again

log = logging.getLogger(__name__)
AT_ONCE = 200
WEBHOOK_AGE = dt.timedelta(days=3)
"""How long an event that fits no payment is tried again: as long as gateways repeat theirs."""


class Reconciled(NamedTuple):
    """How many of each were worked through; `cancelled` are attempts to pay whose hold was over."""

    cancelled: int
    payments: int
    refunds: int
    events: int
    commands: int


def reconcile_payments(*, older_than: dt.timedelta = dt.timedelta(minutes=2)) -> Reconciled:
    """Ask for every payment and refund under way for `older_than`, cancel attempts whose hold is over, work off kept
    events and the outbox.

    Safe to repeat and to run at once.
    """
    now = clock.now()
    waiting = Payment.objects.filter(status=Payment.Status.PENDING, created_at__lte=now - older_than)
    sent = Refund.objects.filter(status=Refund.Status.SUBMITTED, created_at__lte=now - older_than)
    recent = unfinished().filter(created_at__gte=now - WEBHOOK_AGE)
    return Reconciled(
        cancelled=sum(_tried(cancel_attempt, payment) for payment in without_hold()),
        payments=sum(_tried(settle, payment) for payment in waiting[:AT_ONCE]),
        refunds=sum(_tried(settle_refund, refund) for refund in sent[:AT_ONCE]),
        events=sum(_tried(work_off_again, event) for event in recent[:AT_ONCE]),
        commands=outbox.work_outbox(),
    )


def _tried(step: Callable[[Any], None], record: Payment | Refund | WebhookEvent) -> bool:
    try:
        step(record)
    except (GatewayDown, Busy) as error:
        log.warning("Reconciling %s %s: %s", type(record).__name__, record.pk, error)
        return False
    return True
