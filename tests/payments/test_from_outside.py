"""What anybody can send from outside, over HTTP. Here is what is tested nowhere else; the rest stands where this says:

twenty equal clicks at once, on a real server     here; by services in test_settling, test_refunding
prices, currencies and owners in what is sent      here
5 MB, not JSON, other content types, API           here; other bodies in tests/api/test_problems.py, test_schema.py
idempotency keys with other bodies                 here; tests/api/test_payments_api.py, test_moving_api.py
webhooks: signatures, secrets, times, 5 MB,        test_views_webhook.py, for every gateway in
    not JSON, replays, at once                         test_webhooks_matrix.py
other drivers' ids, every address and role         tests/test_access_matrix.py
an amount shown before that has changed            test_views_booking.py, test_views_changing.py
"""

import datetime as dt
import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
import requests
from django.test import Client as Visitor

from bookings.models import Booking, Client, Evse
from bookings.tokens import create_token
from evbunker import clock
from payments import outbox, sandbox
from payments.cancelling import cancel_booking
from payments.integrity import check_integrity
from payments.models import Payment, PaymentEvent, Refund, SandboxPayment
from tests.api.conftest import caller, refusal
from tests.booking_steps import decide, held, paid, pending, slot_in
from tests.payments.test_views_webhook import event
from tests.serving import Site

CLICKS = 20
PATIENCE_SECONDS = 120
"""For an answer, on a machine that has much else to do."""


def signed(said: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
    """An event as it goes over the wire, and the header that signs it."""
    body, sent_at = json.dumps(said).encode(), int(clock.now().timestamp())
    return body, {"Sandbox-Signature": f"t={sent_at},v1={sandbox.signature(sent_at, body)}"}


class Crowd:
    """One person's program, clicking CLICKS times at once."""

    def __init__(self, site: Site, client: Client) -> None:
        self.url, token = site.url, create_token(client=client, name="crowd")[1]
        self.headers = {"Authorization": f"Bearer {token}"}

    def click(self, path: str, body: Any = None, **headers: str) -> Counter[int]:
        """How often which status came."""
        return self.at_once(
            lambda: requests.post(
                f"{self.url}/api/v1{path}", json=body, headers=self.headers | headers, timeout=PATIENCE_SECONDS
            )
        )

    def at_once(self, ask: Callable[[], requests.Response]) -> Counter[int]:
        gate = Barrier(CLICKS)

        def click(_number: int) -> int:
            gate.wait()
            return ask().status_code

        with ThreadPoolExecutor(CLICKS) as pool:
            return Counter(pool.map(click, range(CLICKS)))


BUSY = {409, 429, 503}
"""Told to come again: the same request is under way, there were too many, or the database is busy."""


@pytest.mark.race
def test_twenty_equal_clicks_do_each_thing_once(site: Site, dara: Client, opal: Client, evse: Evse) -> None:
    booking = held(dara, evse, in_minutes=400)
    dara_s, opal_s, path = Crowd(site, dara), Crowd(site, opal), f"/bookings/{booking.pk}"

    assert set(dara_s.click(f"{path}/payments", {"gateway": "sandbox"})) <= {201} | BUSY
    payment = Payment.objects.get()
    assert SandboxPayment.objects.count() == 1

    page = payment.pay_url or pending(booking).pay_url
    paying = dara_s.at_once(
        lambda: requests.post(page, {"outcome": "pay"}, timeout=PATIENCE_SECONDS, allow_redirects=False)
    )
    assert set(paying) <= {303} | BUSY
    payment.refresh_from_db()
    body, headers = signed(event(payment))
    hook = f"{site.url}/payments/webhooks/sandbox/"
    told = dara_s.at_once(lambda: requests.post(hook, body, headers=headers, timeout=PATIENCE_SECONDS))
    assert set(told) <= {200} | BUSY
    requests.post(hook, body, headers=headers, timeout=PATIENCE_SECONDS).raise_for_status()
    assert PaymentEvent.objects.filter(kind="captured").count() == 1

    new_time = {"starts_at": slot_in(500).isoformat()}
    assert set(dara_s.click(f"{path}/move", new_time)) <= {200} | BUSY
    refunds = f"/payments/{payment.pk}/refunds"
    assert (
        set(opal_s.click(refunds, {"amount_minor": 100, "note": "sorry"}, **{"Idempotency-Key": "a"})) <= {201} | BUSY
    )
    assert Refund.objects.count() <= 1
    assert set(opal_s.click(refunds, {"amount_minor": payment.amount_minor // 2, "note": "sorry"})) <= {201, 422} | BUSY
    payment.refresh_from_db()
    assert payment.refund_reserved_minor <= payment.captured_minor
    assert set(dara_s.click(f"{path}/cancel")) <= {200} | BUSY
    assert Refund.objects.filter(reason="cancelled").count() <= 1
    booking.refresh_from_db()
    assert booking.status == "cancelled"


# -- Prices and owners in what is sent --------------------------------------------------------------------------------

TAMPERED = {
    "amount_minor": 1, "amount": 1, "price": 1, "quote_minor": 1, "captured_minor": 1, "currency": "JPY",
    "status": "captured", "client": "x", "client_id": "x", "gateway_ref": "x", "expires_at": "2099-01-01T00:00:00Z",
}  # fmt: skip


def test_no_price_is_taken_from_whoever_pays(dara: Client, evse: Evse) -> None:
    as_dara = caller(dara)
    wish = {"evse_id": str(evse.pk), "starts_at": slot_in(60).isoformat(), "minutes": 60, "energy_wh": 20_000}
    made = as_dara.post("/bookings", wish | TAMPERED)
    booking = Booking.objects.get()
    assert (made.status_code, booking.quote_minor, booking.currency, booking.client) == (201, 1300, "EUR", dara)
    begun = as_dara.post(f"/bookings/{booking.pk}/payments", {"gateway": "sandbox"} | TAMPERED)
    payment, book = Payment.objects.get(), SandboxPayment.objects.get()
    assert (begun.status_code, payment.status, payment.captured_minor) == (201, "pending", 0)
    assert (payment.amount_minor, payment.currency, book.amount_minor, book.currency) == (1300, "EUR", 1300, "EUR")


def test_no_price_is_taken_from_a_page(client: Visitor, dara: Client, evse: Evse) -> None:
    client.force_login(dara)
    booking = held(dara, evse)
    client.post(f"/bookings/{booking.pk}/pay/", {"gateway": "sandbox"} | TAMPERED)
    book = SandboxPayment.objects.get()
    Visitor().post(f"/payments/sandbox/{book.gateway_ref}/", {"outcome": "pay"} | TAMPERED)
    client.get(f"/bookings/{booking.pk}/")
    assert (Payment.objects.get().captured_minor, Payment.objects.get().currency) == (1300, "EUR")
    assert check_integrity() == []


@pytest.mark.parametrize("shown", ["999999999999999999", "1301", "1", "-1", "1e9", "NaN", "٣", "0" * 5000])
def test_a_driver_gets_back_what_is_due_or_is_asked_again(
    client: Visitor, dara: Client, evse: Evse, shown: str
) -> None:
    client.force_login(dara)
    booking = paid(dara, evse, in_minutes=400)
    answer = client.post(f"/bookings/{booking.pk}/cancel/", {"comes_back_minor": shown, "amount_minor": "999999"})
    assert answer.status_code in {303, 409, 422}
    assert sum(Refund.objects.values_list("amount_minor", flat=True)) in {0, 1300}
    assert check_integrity() == []


def test_a_refund_is_in_the_money_that_was_paid(opal: Client, dara: Client, evse: Evse) -> None:
    payment = Payment.objects.get(booking=paid(dara, evse))
    wish = TAMPERED | {"amount_minor": 100, "note": "sorry", "payment_id": str(dara.pk), "reason": "late"}
    assert caller(opal).post(f"/payments/{payment.pk}/refunds", wish).status_code == 201
    refund = Refund.objects.get()
    assert (refund.currency, refund.reason, refund.status, refund.client) == ("EUR", "operator", "requested", dara)


# -- Bodies -----------------------------------------------------------------------------------------------------------


def calls(booking: Booking, payment: Payment) -> list[str]:
    """Every call of the API that takes a body and moves money."""
    actions = ("payments", "move", "extend", "close")
    return [*(f"/bookings/{booking.pk}/{action}" for action in actions), f"/payments/{payment.pk}/refunds"]


BODIES: dict[str, bytes] = {
    "5 MB": b'{"note": "' + b"x" * 5_000_000 + b'"}',
    "5 MB of brackets": b"[" * 5_000_000,
    "not JSON": b"gateway=sandbox&amount_minor=1",
    "not text": b"\xff\xfe\x00",
    "nothing": b"",
    "null": b"null",
    "a list": b"[{}]",
    "a huge number": b'{"amount_minor": 1e400, "minutes": 1e400, "note": 1e400, "gateway": 1e400}',
    "twice the same name": b'{"gateway": "x", "gateway": "y", "amount_minor": 1, "amount_minor": "x"}',
}


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "multipart/form-data; boundary=x"])
def test_a_body_that_is_none_is_refused_and_moves_nothing(
    opal: Client, dara: Client, evse: Evse, content_type: str
) -> None:
    booking = paid(dara, evse, in_minutes=400)
    token = {"Authorization": f"Bearer {create_token(client=opal, name='test')[1]}"}
    program, wrong = Visitor(raise_request_exception=False), {}
    for path in calls(booking, Payment.objects.get()):
        for name, body in BODIES.items():
            answer = program.generic("POST", f"/api/v1{path}", body, content_type, headers=token)
            if answer.status_code not in {400, 404, 413, 415, 422}:
                wrong[path, name] = answer.status_code
    assert wrong == {}
    booking.refresh_from_db()
    assert booking.status == "confirmed"
    assert not Refund.objects.exists()


# -- Keys -------------------------------------------------------------------------------------------------------------


def test_a_key_belongs_to_one_request(dara: Client, evse: Evse) -> None:
    """The same key for another booking, another call or another body is refused, and nothing is done."""
    as_dara = caller(dara)
    booking, key = paid(dara, evse, in_minutes=400), {"idempotency-key": "k"}
    other = held(dara, evse, in_minutes=200)
    moved = {"starts_at": slot_in(500).isoformat()}
    assert as_dara.post(f"/bookings/{booking.pk}/move", moved, **key).status_code == 200
    later = {"starts_at": (slot_in(500) + dt.timedelta(hours=1)).isoformat()}
    for path, body in [
        (f"/bookings/{booking.pk}/move", later), (f"/bookings/{other.pk}/move", moved),
        (f"/bookings/{booking.pk}/extend", {"minutes": 15}), (f"/bookings/{other.pk}/payments", {"gateway": "sandbox"}),
    ]:  # fmt: skip
        assert refusal(as_dara.post(path, body, **key)) == (422, "idempotency_mismatch")
    booking.refresh_from_db()
    assert (booking.starts_at, booking.minutes) == (slot_in(500), 60)
    assert Payment.objects.count() == 1


def test_a_key_is_its_owner_s(dara: Client, eli: Client, evse: Evse) -> None:
    """Another driver's key opens nothing: neither their answer nor their booking."""
    as_dara, as_eli = caller(dara), caller(eli)
    key = {"idempotency-key": "k"}
    theirs, mine = held(dara, evse), held(eli, evse, in_minutes=300)
    first = as_dara.post(f"/bookings/{theirs.pk}/payments", {"gateway": "sandbox"}, **key)
    second = as_eli.post(f"/bookings/{mine.pk}/payments", {"gateway": "sandbox"}, **key)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.data["id"] != second.data["id"]
    stolen = as_eli.post(f"/bookings/{theirs.pk}/payments", {"gateway": "sandbox"}, **{"idempotency-key": "other"})
    assert refusal(stolen) == (404, "not_found")


def test_a_webhook_that_is_replayed_after_the_money_went_back_brings_nothing_back(dara: Client, evse: Evse) -> None:
    payment = pending(held(dara, evse, in_minutes=400))
    decide(payment)
    body, headers = signed(event(payment))

    def call() -> str:
        path = "/payments/webhooks/sandbox/"
        return Visitor().post(path, body, content_type="application/json", headers=headers).json()["state"]

    assert call() == "done"
    cancel_booking(booking=Booking.objects.get(), actor=dara)
    outbox.work_outbox()
    assert call() == "done"
    payment.refresh_from_db()
    assert (payment.status, payment.refunded_minor) == ("captured", payment.captured_minor)
    assert Booking.objects.get().status == "cancelled"
    assert check_integrity() == []
