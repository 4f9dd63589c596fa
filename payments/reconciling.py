"""Finding what was cut off: the certain half of everything that a webhook or a browser makes prompt.

Nothing here waits behind what fails for ever: rows come in turns by age, each turn goes on where the last one stopped,
and whatever a row raises is logged and left for its next turn.
"""

import datetime as dt
import logging
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeVar

from django.core.cache import cache
from django.db.models import QuerySet

from evbunker import clock
from evbunker.db import lowest
from evbunker.errors import DomainError
from evbunker.models import Record
from payments import outbox
from payments.earlier_receipts import issue_earlier_receipts
from payments.expiring import cancel_attempt, without_hold
from payments.gateways.base import GatewayDown
from payments.lost import find_lost
from payments.models import Payment, Refund, WebhookEvent
from payments.refunding import settle_refund
from payments.settling import settle
from payments.webhooks import UNFINISHED, work_off_again

log = logging.getLogger(__name__)
R = TypeVar("R", bound=Record)
AT_ONCE = 200
BUDGET_SECONDS = 60.0
"""So long one turn may take, however slowly the gateways answer."""
TURN_KEPT_SECONDS = 3600
"""How long it is known where a turn stopped. Without, the next begins with the oldest."""
WEBHOOK_AGE = dt.timedelta(days=3)
"""How long an event that fits no payment is tried again: as long as gateways repeat theirs."""


class Reconciled(NamedTuple):
    """How many of each were worked through; `cancelled` are attempts to pay whose hold was over, `receipts` payments
    from before there were any."""

    cancelled: int
    payments: int
    refunds: int
    events: int
    commands: int
    receipts: int


def reconcile_payments(*, older_than: dt.timedelta = dt.timedelta(minutes=2)) -> Reconciled:
    """Ask for every payment and refund under way for `older_than`, cancel attempts whose hold is over, work off kept
    events and the outbox. As many as AT_ONCE of each, the next ones the next time.

    Safe to repeat and to run at once.
    """
    now = clock.now()
    live = [payment for status in Payment.LIVE for payment in _turn(Payment.objects.filter(status=status), status)]
    over = without_hold(live)
    waiting = [payment for payment in live if payment not in over and payment.created_at <= now - older_than]
    sent = Refund.objects.filter(status=Refund.Status.SUBMITTED, created_at__lte=now - older_than)
    recent = WebhookEvent.objects.filter(created_at__gte=now - WEBHOOK_AGE)
    events = [event for state in UNFINISHED for event in _turn(recent.filter(state=state), state)]
    return Reconciled(
        cancelled=_worked(over, cancel_attempt),
        payments=_worked(waiting, _catch_up),
        refunds=_worked(_turn(sent, "refunds"), settle_refund),
        events=_worked(events, work_off_again),
        commands=_counted(outbox.work_outbox),
        receipts=_counted(issue_earlier_receipts),
    )


def _turn(rows: QuerySet[R], name: str) -> list[R]:
    """The next AT_ONCE of `rows` by age, which must share an index; after the newest comes the oldest again."""
    key = f"reconciling:{name}"
    since: dt.datetime | None = cache.get(key)
    found = lowest(rows.filter(created_at__gte=since) if since else rows, by="created_at", limit=AT_ONCE)
    if len(found) < AT_ONCE:
        cache.delete(key)
    else:
        last = found[-1].created_at
        cache.set(key, last if last != since else last + dt.timedelta(seconds=1), TURN_KEPT_SECONDS)
    return found


def _catch_up(payment: Payment) -> None:
    """Where the gateway says it stands, also if its answer to making it got lost."""
    find_lost(payment)
    settle(payment)


def _worked(rows: Iterable[R], step: Callable[[R], object]) -> int:
    """Do `step` for each while there is time; how many went well."""
    until = time.monotonic() + BUDGET_SECONDS
    return sum(_tried(step, row) for row in rows if time.monotonic() < until)


def _tried(step: Callable[[R], object], row: R) -> bool:
    try:
        step(row)
    except (GatewayDown, DomainError) as error:
        log.warning("Reconciling %s %s: %s", type(row).__name__, row.pk, error)
        return False
    except Exception:  # whatever it is, the others must go on
        log.exception("Reconciling %s %s failed", type(row).__name__, row.pk)
        return False
    return True


def _counted(work: Callable[[], int]) -> int:
    try:
        return work()
    except Exception:  # as above
        log.exception("Reconciling: %s failed", work.__name__)
        return 0
