"""When a gateway was last heard."""

import datetime as dt

from django.conf import LazySettings

from evbunker import clock
from payments.health import LATE_AFTER_SECONDS, webhook_standing
from payments.models import WebhookEvent


def kept(event_id: str) -> None:
    WebhookEvent.objects.create(gateway="sandbox", event_id=event_id, type="payment.captured", body="{}")


def test_none_ever_came(settings: LazySettings) -> None:
    settings.PAYMENT_GATEWAYS = ["sandbox"]
    assert webhook_standing().as_json() == {"state": "not used"}


def test_the_newest_counts(settings: LazySettings) -> None:
    settings.PAYMENT_GATEWAYS = ["sandbox"]
    with clock.moved_to(clock.now() - dt.timedelta(days=3)):
        kept("old")
    kept("new")
    assert webhook_standing().state == "ok"


def test_a_day_without_one_is_late(settings: LazySettings) -> None:
    settings.PAYMENT_GATEWAYS = ["sandbox"]
    kept("only")
    with clock.shifted(dt.timedelta(seconds=LATE_AFTER_SECONDS + 5)):
        standing = webhook_standing()
    assert standing.state == "late"
    assert standing.age_seconds is not None
    assert standing.age_seconds >= LATE_AFTER_SECONDS
