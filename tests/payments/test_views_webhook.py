"""What gateways may send us, and what they hear."""

import datetime as dt
import json
from typing import Any

import pytest
from django.test import Client as Visitor
from django.urls import reverse

from bookings.models import Booking, Client, Evse
from evbunker import clock
from evbunker.db import RunAgain, atomic
from evbunker.errors import Busy
from payments import sandbox
from payments.models import Payment, WebhookEvent
from tests.booking_steps import decide, held, pending

ADDRESS = "/payments/webhooks/sandbox/"


@pytest.fixture
def payment(dara: Client, evse: Evse) -> Payment:
    """An attempt to pay that is open at the sandbox."""
    return pending(held(dara, evse))


def event(paid: Payment, kind: str = "payment.captured", /, **changes: Any) -> dict[str, Any]:
    """What the sandbox would send of `paid`; `changes` go into its data."""
    data = {"payment": paid.gateway_ref, "amount_minor": paid.amount_minor, "currency": "EUR", "live": False}
    return {"id": f"evt_{paid.pk.hex}_{kind}", "type": kind, "created": 1, "data": data | changes}


def send(body: dict[str, Any] | bytes, *, signature: str | None = None, ago: int = 0) -> Any:
    """Post `body` signed `ago` seconds ago."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent_at = int(clock.now().timestamp()) - ago
    signature = f"t={sent_at},v1={sandbox.signature(sent_at, raw)}" if signature is None else signature
    visitor = Visitor(enforce_csrf_checks=True)
    return visitor.post(ADDRESS, raw, content_type="application/json", headers={"Sandbox-Signature": signature})


def status_of(payment: Payment) -> str:
    return Payment.objects.get(pk=payment.pk).status


def test_a_backed_event_confirms_the_booking(payment: Payment) -> None:
    decide(payment)

    answer = send(event(payment))

    assert (answer.status_code, answer.json()) == (200, {"state": "done"})
    assert status_of(payment) == "captured"
    assert Booking.objects.get(pk=payment.booking_id).status == "confirmed"


def test_a_duplicate_has_no_second_effect(payment: Payment) -> None:
    decide(payment)

    answers = [send(event(payment)) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert WebhookEvent.objects.count() == 1
    assert payment.events.filter(kind="captured").count() == 1


def test_a_failed_payment_is_noted(payment: Payment) -> None:
    decide(payment, "fail")

    assert send(event(payment, "payment.failed")).json() == {"state": "done"}
    assert status_of(payment) == "failed"


@pytest.mark.parametrize(
    "signature",
    ["", "nonsense", "t=1,v1=", "v1=aa", "t=²,v1=aa", "t=99999999999999999999,v1=aa", "t=-1,v1=aa", "t=1,v1=\xe9"],
)
def test_a_bad_signature_is_refused_and_not_kept(payment: Payment, signature: str) -> None:
    answer = send(event(payment), signature=signature)

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_signature")
    assert not WebhookEvent.objects.exists()


def test_a_signature_of_another_body_is_refused(payment: Payment) -> None:
    sent_at = int(clock.now().timestamp())
    other = sandbox.signature(sent_at, json.dumps(event(payment, amount_minor=1)).encode())

    assert send(event(payment), signature=f"t={sent_at},v1={other}").status_code == 400


@pytest.mark.parametrize(("ago", "status"), [(299, 200), (301, 400), (-299, 200), (-302, 400)])
def test_an_old_or_future_signature_is_refused(payment: Payment, ago: int, status: int) -> None:
    assert send(event(payment), ago=ago).status_code == status


def test_an_unknown_type_is_kept(payment: Payment) -> None:
    answer = send(event(payment, "payout.created"))

    assert (answer.status_code, answer.json()) == (200, {"state": "unknown"})
    assert WebhookEvent.objects.get().type == "payout.created"


def test_an_unknown_payment_is_kept(payment: Payment) -> None:
    assert send(event(payment, payment="sb_nobody")).json() == {"state": "unmatched"}
    assert WebhookEvent.objects.get().payment is None


@pytest.mark.parametrize(
    "lie", [{}, {"amount_minor": 1}, {"amount_minor": None}, {"amount_minor": "1300"}, {"currency": "USD"}]
)
def test_what_the_gateway_does_not_back_has_no_effect(payment: Payment, lie: dict[str, Any]) -> None:
    """Nobody paid (or not that amount): the event says so, the gateway's own answer does not."""
    if lie:
        decide(payment)

    assert send(event(payment, **lie)).json() == {"state": "unbacked"}
    assert status_of(payment) == "pending"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"{}",
        b'{"id": 7, "type": "payment.captured", "data": {"payment": "x"}}',
        b'{"id": "evt_1", "type": [], "data": {"payment": "x"}}',
        b'{"id": "evt_1", "type": "payment.captured", "data": []}',
        b'{"id": "evt_1", "type": "payment.captured", "data": "x"}',
        b'{"id": "\\ud800", "type": "payment.captured", "data": {"payment": "x"}}',
        b'{"id": "' + b"x" * 200 + b'", "type": "payment.captured", "data": {"payment": "x"}}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_event_is_refused(payment: Payment, body: bytes) -> None:
    answer = send(body)

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_event")
    assert not WebhookEvent.objects.exists()


@pytest.mark.parametrize("size", [256 * 1024 + 1, 3_000_000])
def test_what_is_too_large_is_refused(payment: Payment, size: int) -> None:
    answer = send(b" " * size)

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_the_largest_is_taken(payment: Payment) -> None:
    decide(payment)
    body = json.dumps(event(payment)).encode()

    assert send(body + b" " * (256 * 1024 - len(body))).status_code == 200


def test_without_a_secret_nothing_is_believed(payment: Payment, settings: Any) -> None:
    settings.SANDBOX_WEBHOOK_SECRET = ""

    answer = send(event(payment))

    assert (answer.status_code, answer.json()["code"]) == (503, "webhook_not_configured")
    assert not WebhookEvent.objects.exists()


def test_a_gateway_that_is_not_offered_is_unknown(payment: Payment, settings: Any) -> None:
    assert Visitor().post("/payments/webhooks/nobody/").status_code == 404
    settings.SANDBOX_ALLOWED = False
    assert send(event(payment)).status_code == 404


def test_only_post_is_taken(client: Visitor) -> None:
    assert client.get(reverse("webhook", args=["sandbox"])).status_code == 405


def test_a_busy_database_asks_the_gateway_to_come_again(payment: Payment, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(**_event: Any) -> None:
        raise Busy

    monkeypatch.setattr("payments.views.webhook.receive", busy)

    answer = send(event(payment))

    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert answer.headers["Retry-After"] == "2"


def test_a_database_that_stays_busy_is_told_before_the_gateway_gives_up(
    payment: Payment, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[str] = []

    @atomic
    def in_the_way(name: str, *_event: Any) -> None:
        tries.append(name)
        raise RunAgain

    monkeypatch.setattr("payments.webhooks._insert", in_the_way)
    monkeypatch.setattr("payments.webhooks.ANSWER_SECONDS", 0)
    assert send(event(payment)).status_code == 503
    assert tries == ["sandbox"]


def test_an_event_after_the_hold_was_lost_sends_the_money_back(payment: Payment, eli: Client, evse: Evse) -> None:
    booking = Booking.objects.get(pk=payment.booking_id)
    decide(payment)
    with clock.shifted(dt.timedelta(minutes=11)):
        held(eli, evse, in_minutes=int((booking.starts_at - clock.now()).total_seconds() // 60))
        assert send(event(payment)).json() == {"state": "done"}

    payment.refresh_from_db()
    assert (payment.status, payment.refund_reserved_minor) == ("captured", payment.amount_minor)
    assert Booking.objects.get(pk=booking.pk).status == "expired"
