"""When a gateway was last heard, whether its books are ours, and what waits for a person."""

import datetime as dt

from django.conf import LazySettings

from bookings.models import Client, Evse
from evbunker import clock
from evbunker.metrics import DAYS_DIFFERING, MONEY_ADRIFT, REFUNDS_FAILED
from payments import outbox
from payments.comparing import compare_books
from payments.health import LATE_AFTER_SECONDS, books_standing, readings, webhook_standing
from payments.models import Payment, Reconciliation, Refund, SandboxPayment, WebhookEvent
from payments.settling import settle
from tests.booking_steps import decide, held, paid, pending


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


def test_books_that_nobody_compared_for_two_days_are_late(dara: Client, evse: Evse, settings: LazySettings) -> None:
    settings.PAYMENT_GATEWAYS = ["sandbox"]
    assert books_standing().state == "not used"
    pending(held(dara, evse))
    assert books_standing().state == "ok"
    with clock.shifted(dt.timedelta(days=3)):
        assert books_standing().state == "late"
        compare_books()
        assert books_standing().state == "ok"
    with clock.shifted(dt.timedelta(days=6)):
        assert books_standing().state == "late"


def test_days_that_differ_are_counted_until_they_are_equal_or_explained() -> None:
    now = clock.now()
    row = Reconciliation.objects.create(gateway="sandbox", day=now.date(), state="differs", checked_at=now)
    assert readings()[DAYS_DIFFERING] == 1
    Reconciliation.objects.filter(pk=row.pk).update(state="explained")
    assert readings()[DAYS_DIFFERING] == 0


def test_money_that_confirmed_nothing_and_does_not_go_back_is_adrift(
    dara: Client, eli: Client, evse: Evse, settings: LazySettings
) -> None:
    """Its refund is refused; when a person has dealt with it, it is adrift no more."""
    payment = pending(held(dara, evse, in_minutes=180))
    decide(payment)
    with clock.shifted(dt.timedelta(minutes=30)):
        paid(eli, evse, in_minutes=150)
        settle(payment)
        payment.refresh_from_db()
        assert (payment.status, payment.captured_day) == ("captured", None)
        settings.SANDBOX_KNOBS = ["refund_failure"]
        outbox.work_outbox()
        assert readings()[MONEY_ADRIFT] == 0
    with clock.shifted(dt.timedelta(minutes=50)):
        told = readings()
        assert (told[MONEY_ADRIFT], told[REFUNDS_FAILED]) == (1, 1)
        Refund.objects.update(status=Refund.Status.SET_ASIDE)
        told = readings()
        assert (told[MONEY_ADRIFT], told[REFUNDS_FAILED]) == (0, 0)
    assert SandboxPayment.objects.count() == Payment.objects.count() == 2
