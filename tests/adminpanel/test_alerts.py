"""What needs an operator: it shows, is told by e-mail once, and goes away by itself."""

import datetime as dt
from typing import Any

import pytest
from django.core import mail
from django.test import Client as Browser

from adminpanel.alerts import _begun, record_alerts
from adminpanel.beating import beat
from adminpanel.models import Alert
from adminpanel.needs import needs_now
from adminpanel.texts import set_text
from bookings.charging import start_session
from bookings.models import Client, Evse, Station
from bookings.stations import set_evse_status, set_station_status
from evbunker import clock
from payments.models import Payment, Reconciliation, WebhookEvent
from tests.booking_steps import held, paid, pending

MINUTE, DAY = dt.timedelta(minutes=1), dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def _scheduler_runs() -> None:
    beat()


@pytest.fixture
def told(olga: Client, settings: Any) -> None:
    """Alerts go to two people."""
    settings.EMAIL_URL = "memory://"
    set_text(key="alert_recipients", value="duty@example.org\nboss@example.org; nonsense", actor=olga)


def sentences() -> list[str]:
    return [need.sentence for need in needs_now()]


def test_all_is_well_on_a_site_that_runs(evse: Evse, dara: Client) -> None:
    paid(dara, evse)
    assert sentences() == []
    assert record_alerts() == (0, 0, 0)


def test_a_fault_is_told_once_and_when_it_is_over(told: None, evse: Evse, opal: Client) -> None:
    set_evse_status(evse=evse, status=Evse.Status.FAULTED, actor=opal)
    assert sentences() == ["EVSE 1 at Harbour is faulted"]
    assert record_alerts() == (1, 0, 0)
    assert mail.outbox == [], "a fault of seconds is no news"
    assert [record_alerts() for _again in range(2)] == [(0, 1, 0), (0, 0, 0)]
    (letter,) = mail.outbox
    assert letter.to == ["duty@example.org", "boss@example.org"]
    assert letter.subject == "1 alert: EVSE 1 at Harbour is faulted"
    assert str(evse.station_id) in letter.body
    set_evse_status(evse=evse, status=Evse.Status.AVAILABLE, actor=opal)
    assert record_alerts() == (0, 0, 1)
    assert record_alerts() == (0, 0, 0)
    assert [one.subject for one in mail.outbox[1:]] == ["Over: EVSE 1 at Harbour is faulted"]
    assert not Alert.objects.exists()


def test_a_letter_that_could_not_be_sent_is_sent_later(told: None, evse: Evse, opal: Client, settings: Any) -> None:
    set_evse_status(evse=evse, status=Evse.Status.OUT_OF_SERVICE, actor=opal)
    record_alerts()
    working, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, "tests.adminpanel.test_alerts.Broken"
    assert record_alerts() == (0, 0, 0)
    settings.EMAIL_BACKEND = working
    assert record_alerts() == (0, 1, 0)
    assert "Out of service at Harbour: EVSE 1" in mail.outbox[0].body


class Broken:
    """A mail server that is gone."""

    def __init__(self, **_options: Any) -> None:
        pass

    def send_messages(self, _messages: Any) -> int:
        raise ConnectionRefusedError


def test_two_schedulers_begin_an_alert_once(evse: Evse, opal: Client) -> None:
    set_evse_status(evse=evse, status=Evse.Status.FAULTED, actor=opal)
    (need,) = needs_now()
    assert [_begun(need), _begun(need)] == [True, False]
    assert Alert.objects.count() == 1


def test_since_is_when_it_was_first_seen(evse: Evse, opal: Client) -> None:
    set_evse_status(evse=evse, status=Evse.Status.FAULTED, actor=opal)
    record_alerts()
    Alert.objects.update(since=clock.now() - DAY)
    assert needs_now()[0].since == Alert.objects.get().since


def test_money_that_waits_is_told_without_names(evse: Evse, dara: Client) -> None:
    payment = pending(held(dara, evse))
    Payment.objects.filter(pk=payment.pk).update(status="review", captured_minor=4200, captured_at=clock.now())
    at = {"gateway": "stripe", "state": "differs", "checked_at": clock.now()}
    Reconciliation.objects.create(day=dt.date(2026, 3, 10), **at)
    assert len(sentences()) == 2
    assert "The books of Tue 10 Mar differ from those of Stripe" in sentences()
    assert any(said.startswith("€42.00 paid at Harbour is not what was asked for") for said in sentences())
    assert not any("Dara" in said for said in sentences())


def test_a_session_whose_time_is_over_is_stuck(evse: Evse, dara: Client) -> None:
    booking = paid(dara, evse, in_minutes=0)
    with clock.shifted(booking.starts_at - clock.now() + MINUTE):
        start_session(booking=booking, actor=dara)
    with clock.shifted(booking.ends_at - clock.now() + MINUTE):
        beat()
        assert sentences() == []
    with clock.shifted(booking.ends_at - clock.now() + 10 * MINUTE):
        beat()
        assert sentences() == ["A session at Harbour, 1 has not ended although its time is over"]


def test_silence_is_noticed_where_there_should_be_none(
    evse: Evse, dara: Client, station: Station, opal: Client
) -> None:
    WebhookEvent.objects.create(gateway="sandbox", event_id="evt_1", type="payment.captured", body="{}")
    with clock.shifted(DAY + 2 * MINUTE):
        assert sentences() == ["The scheduler stands still: holds do not expire, sessions do not end, nothing is sent"]
        beat()
        assert sentences() == [], "on a quiet site nobody calls"
        paid(dara, evse)
        assert sentences() == ["No gateway has called for a day, although drivers have begun to pay since"]
    set_evse_status(evse=evse, status=Evse.Status.FAULTED, actor=opal)
    set_station_status(station=station, status=Station.Status.CLOSED, actor=opal)
    assert sentences() == [], "nobody waits for a station that is closed"


def test_the_page_lists_it_and_every_page_counts_it(client: Browser, vera: Client, opal: Client, evse: Evse) -> None:
    client.force_login(vera)
    assert "All is well" in client.get("/operations/alerts/").content.decode()
    set_evse_status(evse=evse, status=Evse.Status.FAULTED, actor=opal)
    for path in ("/operations/alerts/", "/operations/overview/"):
        page = client.get(path).content.decode()
        assert "EVSE 1 at Harbour is faulted" in page
        assert 'data-severity="trouble">1</span>' in page
