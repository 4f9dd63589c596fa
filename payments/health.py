"""What the gateways last said, and what waits for them or for a person, for whoever watches the site."""

import datetime as dt

from django.conf import settings

from evbunker import clock
from evbunker.db import lowest, newest
from evbunker.health import Standing
from evbunker.metrics import (
    DAYS_DIFFERING,
    IN_REVIEW,
    MONEY_ADRIFT,
    OUTBOX_GIVEN_UP,
    OUTBOX_OLDEST,
    OUTBOX_WAITING,
    PAYMENTS,
    REFUNDS_FAILED,
    WEBHOOKS,
    Reading,
)
from payments.gateways import KNOWN, offered
from payments.models import GatewayCommand, Payment, PaymentEvent, Reconciliation, Refund, WebhookEvent
from payments.outbox import LONGEST_PAUSE_SECONDS

LATE_AFTER_SECONDS = 24 * 3600
MOST_COUNTED = 1000
"""Nobody needs to know how many more there are."""
BOOKS_LATE_AFTER = dt.timedelta(days=2)
"""Yesterday is compared an hour after its end: a day more, and something is wrong."""
ADRIFT_AFTER = dt.timedelta(minutes=15)
ADRIFT_FOR = dt.timedelta(days=7)


def count_from_zero() -> None:
    """Let Prometheus see the first of each: what appears with a count of 1 has not risen for it."""
    for kind in PaymentEvent.Kind:
        PAYMENTS.labels(str(kind))
    for name in KNOWN:
        for state in WebhookEvent.State:
            WEBHOOKS.labels(name, str(state))


def webhook_standing() -> Standing:
    """The age of the newest webhook with a valid signature (no other is kept).

    Late after a day: on a busy site something is wrong, on a quiet one nobody paid. Not used when none ever came.
    """
    moments = [
        event.created_at
        for gateway in settings.PAYMENT_GATEWAYS
        for event in newest(WebhookEvent.objects.filter(gateway=gateway), by="created_at", limit=1)
    ]
    if not moments:
        return Standing("not used")
    return Standing.aged(max(moments), late_after_seconds=LATE_AFTER_SECONDS)


def books_standing() -> Standing:
    """Since when the books of the offered gateway that has waited longest were not compared.

    Late after two days, also where that never worked although somebody began to pay before. Not used before.
    """
    moments = []
    for gateway in offered():
        last = newest(Reconciliation.objects.filter(gateway=gateway), by="day", limit=1)
        moments += [row.checked_at for row in last] or [row.created_at for row in _first_payment()]
    if not moments:
        return Standing("not used")
    return Standing.aged(min(moments), late_after_seconds=int(BOOKS_LATE_AFTER.total_seconds()))


def _first_payment() -> list[Payment]:
    return lowest(Payment.objects.all(), by="created_at", limit=1)


def readings() -> dict[Reading, float]:
    """For Prometheus: the outbox, and what waits for a person, as far as MOST_COUNTED."""
    given_up = GatewayCommand.objects.filter(state=GatewayCommand.State.GIVEN_UP).values_list("pk")
    in_review = Payment.objects.filter(status=Payment.Status.REVIEW).values_list("pk")
    failed = Refund.objects.filter(status=Refund.Status.FAILED).values_list("pk")
    differing = Reconciliation.objects.filter(state=Reconciliation.State.DIFFERS).values_list("pk")
    due_since = _due_since()
    return {
        OUTBOX_WAITING: len(due_since),
        OUTBOX_OLDEST: max(0.0, (clock.now() - min(due_since)).total_seconds()) if due_since else 0.0,
        OUTBOX_GIVEN_UP: len(given_up[:MOST_COUNTED]),
        IN_REVIEW: len(in_review[:MOST_COUNTED]),
        MONEY_ADRIFT: _adrift(),
        REFUNDS_FAILED: len(failed[:MOST_COUNTED]),
        DAYS_DIFFERING: len(differing[:MOST_COUNTED]),
    }


def _due_since() -> list[dt.datetime]:
    """Since when each command has been due that is due or was tried; not those whose time is yet to come."""
    now = clock.now()
    soon = now + dt.timedelta(seconds=LONGEST_PAUSE_SECONDS)
    waiting = GatewayCommand.objects.filter(state=GatewayCommand.State.WAITING, next_at__lte=soon)
    rows = waiting.values_list("kind", "created_at", "next_at", "attempts")[:MOST_COUNTED]
    return [
        next_at if kind in GatewayCommand.SCHEDULED else created_at
        for kind, created_at, next_at, attempts in rows
        if next_at <= now or attempts
    ]


def _adrift() -> int:
    """How many payments confirmed nothing and have not gone back, although there was time; without those whose failed
    refund somebody has dealt with."""
    now = clock.now()
    within = {"captured_at__gte": now - ADRIFT_FOR, "captured_at__lte": now - ADRIFT_AFTER}
    idle = Payment.objects.filter(captured_day=None, status=Payment.Status.CAPTURED, **within)
    sums = idle.values_list("pk", "captured_minor", "refunded_minor")[:MOST_COUNTED]
    left = {pk for pk, captured_minor, refunded_minor in sums if refunded_minor < captured_minor}
    settled = Refund.objects.filter(payment__in=left, status=Refund.Status.SET_ASIDE)
    return len(left - set(settled.values_list("payment_id", flat=True)))
