"""What the gateways last said, for whoever watches the site."""

from django.conf import settings

from evbunker.db import newest
from evbunker.health import Standing
from payments.models import WebhookEvent

LATE_AFTER_SECONDS = 24 * 3600


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
