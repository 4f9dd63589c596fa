"""What the gateways last said, and what waits for them or for a person, for whoever watches the site."""

from django.conf import settings

from evbunker import clock
from evbunker.db import newest
from evbunker.health import Standing
from evbunker.metrics import IN_REVIEW, OUTBOX_GIVEN_UP, OUTBOX_OLDEST, OUTBOX_WAITING, Reading
from payments.models import GatewayCommand, Payment, WebhookEvent

LATE_AFTER_SECONDS = 24 * 3600
MOST_COUNTED = 1000
"""Nobody needs to know how many more there are."""


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


def readings() -> dict[Reading, float]:
    """For Prometheus: the outbox and the payments in review, as far as MOST_COUNTED."""
    waiting = GatewayCommand.objects.filter(state=GatewayCommand.State.WAITING).values_list("created_at", flat=True)
    given_up = GatewayCommand.objects.filter(state=GatewayCommand.State.GIVEN_UP).values_list("pk")
    in_review = Payment.objects.filter(status=Payment.Status.REVIEW).values_list("pk")
    asked_at = list(waiting[:MOST_COUNTED])
    return {
        OUTBOX_WAITING: len(asked_at),
        OUTBOX_OLDEST: max(0.0, (clock.now() - min(asked_at)).total_seconds()) if asked_at else 0.0,
        OUTBOX_GIVEN_UP: len(given_up[:MOST_COUNTED]),
        IN_REVIEW: len(in_review[:MOST_COUNTED]),
    }
