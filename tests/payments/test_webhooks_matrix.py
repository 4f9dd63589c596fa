"""Every gateway's webhook alike: who signed it, what it says, and how far an earlier one of it came."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError
from django.test import Client as Visitor
from django.test import RequestFactory

from bookings.models import Client, Evse
from evbunker import clock
from evbunker.errors import Busy
from payments import webhooks
from payments.gateways import KNOWN, patience
from payments.gateways.base import GatewayDown, GatewayPayment, Truth
from payments.integrity import check_integrity
from payments.models import Payment, WebhookEvent
from payments.reconciling import reconcile_payments
from payments.views.webhook import webhook
from tests.booking_steps import held, pending
from tests.bookings.test_hold_races import at_once
from tests.payments.webhook_callers import CALLERS, Caller

SECRET, OLD = "the-newer-secret", "the-older-secret"
Told = tuple[int, str]


@pytest.fixture(params=sorted(KNOWN))
def caller(request: pytest.FixtureRequest, settings: Any) -> Caller:
    """Every gateway that there is, configured."""
    one = CALLERS[request.param]
    settings.PAYMENT_GATEWAYS, settings.SANDBOX_ALLOWED = [one.name], True
    setattr(settings, one.secret, SECRET)
    return one


@pytest.fixture
def payment(caller: Caller, dara: Client, evse: Evse, settings: Any) -> Payment:
    """An attempt to pay that is open at that gateway."""
    settings.PAYMENT_GATEWAYS = ["sandbox", caller.name]
    made = pending(held(dara, evse))
    settings.PAYMENT_GATEWAYS = [caller.name]
    Payment.objects.filter(pk=made.pk).update(gateway=caller.name, gateway_ref="ref_1")
    made.refresh_from_db()
    return made


@pytest.fixture
def says(caller: Caller, payment: Payment, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let the gateway's API say what it will of the payment, or nothing."""

    def set_answer(truth: Truth | None, **other: Any) -> None:
        gateway = KNOWN[caller.name]()

        def look_up(self: Any, ref: str) -> GatewayPayment:
            if truth is None:
                raise GatewayDown("silent")
            facts = {"amount_minor": payment.amount_minor, "currency": payment.currency, "live": gateway.live} | other
            return GatewayPayment(ref=ref, truth=truth, **facts)

        monkeypatch.setattr(type(gateway), "look_up", look_up)

    set_answer(Truth.CAPTURED)
    return set_answer


def told(caller: Caller, body: bytes | dict[str, Any], secret: str = SECRET, ago: int = 0, **headers: str) -> Told:
    """Call the webhook with what was signed `ago` seconds ago; the status and state or code of the answer."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    signed = caller.headers(raw, secret, int(clock.now().timestamp()) - ago) | headers
    answer = Visitor(enforce_csrf_checks=True).post(
        f"/payments/webhooks/{caller.name}/", raw, content_type="application/json", headers=signed
    )
    said = answer.json()
    return answer.status_code, said.get("state") or said["code"]


def status_of(payment: Payment) -> str:
    return Payment.objects.get(pk=payment.pk).status


BAD: Told = (400, "bad_signature")


def test_there_is_a_caller_for_every_gateway() -> None:
    assert set(CALLERS) == set(KNOWN)


class TestSignatures:
    def test_who_did_not_sign_is_refused_and_nothing_is_kept(self, caller: Caller, payment: Payment) -> None:
        event = caller.event(payment, "captured")
        name, right = next(iter(caller.headers(b"{}", SECRET, int(clock.now().timestamp())).items()))
        forged = ["", "nonsense", "t=1,v1=", "t=²,v1=aa", "\xe9", right, right[:-1]]
        heard = {given: told(caller, event, **{name: given}) for given in forged}
        heard["another secret"] = told(caller, event, secret=OLD)
        assert heard == dict.fromkeys(heard, BAD)
        assert not WebhookEvent.objects.exists()

    def test_a_secret_is_replaced_without_losing_an_event(
        self, caller: Caller, payment: Payment, says: Any, settings: Any
    ) -> None:
        setattr(settings, caller.secret, f"{SECRET}, {OLD}")
        assert told(caller, caller.event(payment, "one"), secret=OLD) == (200, "unknown")
        assert told(caller, caller.event(payment, "two"), secret=SECRET) == (200, "unknown")
        assert told(caller, caller.event(payment, "three"), secret=f"{SECRET}, {OLD}") == BAD
        setattr(settings, caller.secret, SECRET)
        assert told(caller, caller.event(payment, "four"), secret=OLD) == BAD

    def test_a_time_that_is_signed_must_be_near_now(self, caller: Caller, payment: Payment) -> None:
        wanted: Told = BAD if caller.dated else (200, "unknown")
        for ago in (310, -310):
            assert told(caller, caller.event(payment, f"at {ago}"), ago=ago) == wanted
        for ago in (290, -290):
            assert told(caller, caller.event(payment, f"at {ago}"), ago=ago) == (200, "unknown")

    def test_without_a_secret_nothing_is_believed(self, caller: Caller, payment: Payment, settings: Any) -> None:
        for nothing in ("", " , "):
            setattr(settings, caller.secret, nothing)
            assert told(caller, caller.event(payment, "captured"), secret="")[0] == 503
        settings.PAYMENT_GATEWAYS = []
        assert told(caller, caller.event(payment, "captured"), secret="") == (404, "unknown_gateway")


class TestBodies:
    def test_what_is_no_event_is_refused(self, caller: Caller, payment: Payment) -> None:
        deep, long = b"[" * 100_000, json.dumps(caller.event(payment, "x" * 300)).encode()
        bodies = [b"", b"not json", b"\xff\xfe", b"[]", b"null", b"7", b"{}", b'"\\ud800"', deep, long]
        heard = {body[:20]: told(caller, body) for body in bodies}
        assert heard == dict.fromkeys(heard, (400, "bad_event"))
        assert not WebhookEvent.objects.exists()

    def test_five_megabytes_are_refused_unread(self, caller: Caller) -> None:
        class Counting:
            read_bytes = 0

            def read(self, size: int = -1) -> bytes:
                assert size >= 0, "all at once"
                self.read_bytes += size
                return b" " * size

        for said, most in ((5_000_000, 0), (None, 256 * 1024 + 1)):
            request, stream = RequestFactory().post("/", b"x", content_type="application/json"), Counting()
            request.META["CONTENT_LENGTH"] = str(said or "")
            request._stream = stream  # type: ignore[attr-defined]
            assert webhook(request, caller.name).status_code == 413
            assert stream.read_bytes <= most

    def test_unknown_types_and_objects_are_kept(self, caller: Caller, payment: Payment, says: Any) -> None:
        assert told(caller, caller.event(payment, "something.new")) == (200, "unknown")
        payment.gateway_ref = "ref_of_nobody"
        assert told(caller, caller.event(payment, "captured")) == (200, "unmatched")
        assert set(WebhookEvent.objects.values_list("state", flat=True)) == {"unknown", "unmatched"}

    def test_an_event_of_another_account_is_kept_and_believed_in_nothing(
        self, caller: Caller, payment: Payment, says: Any, settings: Any
    ) -> None:
        if not caller.account:
            return  # the sandbox has no accounts
        setattr(settings, caller.account, "acct_ours")
        event = caller.event(payment, "captured")
        code, state = told(caller, event | {caller.account_field: "acct_theirs"})
        assert (code, state in {"unbacked", "unknown"}) == (200, True)
        assert status_of(payment) == "pending"


class TestStates:
    def test_a_backed_event_confirms_and_its_duplicates_do_nothing(
        self, caller: Caller, payment: Payment, says: Any
    ) -> None:
        event = caller.event(payment, "captured")
        assert [told(caller, event) for _ in range(3)] == [(200, "done")] * 3
        assert status_of(payment) == "captured"
        assert payment.events.filter(kind="captured").count() == WebhookEvent.objects.count() == 1

    @pytest.mark.race
    def test_the_same_event_many_times_at_once_counts_once(self, caller: Caller, payment: Payment, says: Any) -> None:
        heard = []
        at_once([lambda: heard.append(told(caller, caller.event(payment, "captured"))) for _ in range(8)])
        assert set(heard) <= {(200, "done"), (503, "busy")}
        assert payment.events.filter(kind="captured").count() == WebhookEvent.objects.count() == 1

    def test_what_the_gateway_does_not_back_has_no_effect(self, caller: Caller, payment: Payment, says: Any) -> None:
        says(Truth.OPEN)
        assert told(caller, caller.event(payment, "captured")) == (200, "unbacked")
        assert status_of(payment) == "pending"

    def test_another_amount_currency_or_mode_goes_to_a_person(
        self, caller: Caller, payment: Payment, says: Any
    ) -> None:
        says(Truth.CAPTURED, live=not KNOWN[caller.name]().live)
        assert told(caller, caller.event(payment, "captured")) == (200, "done")
        payment.refresh_from_db()
        assert (payment.status, payment.review_reason) == ("review", "live_mode")

    def test_only_finished_work_makes_a_duplicate(self, caller: Caller, payment: Payment, says: Any) -> None:
        event = caller.event(payment, "captured")
        says(None)
        assert told(caller, event) == (200, "received")
        assert status_of(payment) == "pending"
        says(Truth.CAPTURED)
        assert told(caller, event) == (200, "done")
        assert status_of(payment) == "captured"
        assert WebhookEvent.objects.count() == 1

    def test_what_nobody_sends_again_the_poller_works_off(self, caller: Caller, payment: Payment, says: Any) -> None:
        says(None)
        told(caller, caller.event(payment, "captured"))
        says(Truth.CAPTURED)
        reconcile_payments()
        assert (WebhookEvent.objects.get().state, status_of(payment)) == ("done", "captured")

    def test_an_event_that_came_before_its_payment_waits_for_it(
        self, caller: Caller, payment: Payment, says: Any
    ) -> None:
        Payment.objects.filter(pk=payment.pk).update(gateway_ref=None)
        event = caller.event(payment, "captured")
        assert told(caller, event) == (200, "unmatched")
        Payment.objects.filter(pk=payment.pk).update(gateway_ref="ref_1")
        assert told(caller, event) == (200, "done")

    def test_a_gateway_that_is_offered_no_more_still_settles(
        self, caller: Caller, payment: Payment, says: Any, settings: Any
    ) -> None:
        settings.PAYMENT_GATEWAYS = []
        assert told(caller, caller.event(payment, "captured")) == (200, "done")
        assert check_integrity() == []

    def test_a_busy_database_is_told_and_the_event_done_later(
        self, caller: Caller, payment: Payment, says: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def busy(*_arguments: Any) -> None:
            raise Busy

        event = caller.event(payment, "captured")
        with monkeypatch.context() as patched:
            patched.setattr(webhooks, "apply", busy)
            assert told(caller, event) == (503, "busy")
        assert WebhookEvent.objects.get().state == "received"
        assert told(caller, event) == (200, "done")


class TestTime:
    def test_no_call_begins_when_the_gateway_must_have_its_answer(self, monkeypatch: pytest.MonkeyPatch) -> None:
        usual = (3.0, 8.0)
        assert patience.timeout(usual) == usual
        with patience.in_a_hurry():
            assert patience.timeout(usual) == patience.HURRIED
            begun = time.monotonic()
            monkeypatch.setattr(time, "monotonic", lambda: begun + patience.BEGIN_WITHIN_SECONDS + 1)
            with pytest.raises(GatewayDown):
                patience.timeout(usual)
        assert patience.timeout(usual) == usual
        assert patience.BEGIN_WITHIN_SECONDS + sum(patience.HURRIED) < 5


def test_without_the_unique_index_an_event_would_be_kept_twice(payment: Payment) -> None:
    """The negative control of the race above."""
    kept = {"gateway": payment.gateway, "event_id": "evt", "type": "captured", "body": "{}"}
    WebhookEvent.objects.create(**kept)
    with pytest.raises(IntegrityError):
        WebhookEvent.objects.create(**kept)
