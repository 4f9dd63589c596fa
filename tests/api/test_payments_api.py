"""Paying by API."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress

from bookings.models import Client, Evse, IdempotencyKey
from payments.gateways.base import GatewayDown
from payments.gateways.sandbox import SandboxGateway
from payments.models import Payment
from payments.settling import settle
from tests.api.conftest import Caller, caller, fields_of, refusal
from tests.booking_steps import decide, held, paid

FIELDS = {"id", "status", "amount_minor", "currency", "gateway_ref", "pay_url"}


def test_it_begins_to_pay_what_was_quoted(as_dara: Caller, dara: Client, evse: Evse) -> None:
    booking = held(dara, evse)
    answer = as_dara.post(f"/bookings/{booking.pk}/payments", {"gateway": "sandbox"})
    assert answer.status_code == 201
    assert set(answer.data) >= FIELDS
    assert (answer.data["status"], answer.data["currency"]) == ("pending", "EUR")
    assert answer.data["amount_minor"] == booking.quote_minor
    assert answer.data["gateway_ref"] in answer.data["pay_url"]


def test_a_second_request_gets_the_same_attempt(as_dara: Caller, dara: Client, evse: Evse) -> None:
    booking = held(dara, evse)
    path = f"/bookings/{booking.pk}/payments"
    keys: list[dict[str, str]] = [{}, {}, {"idempotency-key": "a"}, {"idempotency-key": "a"}]
    answers = [as_dara.post(path, {"gateway": "sandbox"}, **key) for key in keys]
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.data["id"] for answer in answers}) == 1
    assert Payment.objects.count() == 1


def test_it_refuses_an_unknown_gateway(as_dara: Caller, dara: Client, evse: Evse) -> None:
    booking = held(dara, evse)
    for gateway in ("stripe", "", "\ud800", "sandbox\x00"):
        answer = as_dara.post(f"/bookings/{booking.pk}/payments", {"gateway": gateway})
        assert refusal(answer) == (422, "unknown_gateway")
    answer = as_dara.post(f"/bookings/{booking.pk}/payments", {})
    assert (refusal(answer), fields_of(answer)) == ((422, "invalid"), ["gateway"])


def test_it_refuses_what_is_paid_or_over(as_dara: Caller, dara: Client, evse: Evse) -> None:
    booking = paid(dara, evse)
    assert refusal(as_dara.post(f"/bookings/{booking.pk}/payments", {"gateway": "sandbox"})) == (409, "paid")
    given_up = held(dara, evse, in_minutes=240)
    as_dara.post(f"/bookings/{given_up.pk}/cancel")
    assert refusal(as_dara.post(f"/bookings/{given_up.pk}/payments", {"gateway": "sandbox"})) == (409, "not_payable")


def test_a_gateway_that_does_not_answer_leaves_a_payment_without_a_page_until_it_does(
    as_dara: Caller, dara: Client, evse: Evse, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_args: Any) -> None:
        raise GatewayDown("no answer")

    path, key = f"/bookings/{held(dara, evse).pk}/payments", {"idempotency-key": "k"}
    with monkeypatch.context() as patch:
        patch.setattr(SandboxGateway, "create", down)
        first = as_dara.post(path, {"gateway": "sandbox"}, **key)
    assert (first.status_code, first.data["status"], first.data["pay_url"]) == (201, "created", "")
    assert IdempotencyKey.objects.get().answer is None
    again = as_dara.post(path, {"gateway": "sandbox"}, **key)
    assert (again.status_code, again.data["id"]) == (201, first.data["id"])


def test_paying_needs_a_confirmed_address_once_the_site_sends_mail(
    as_dara: Caller, dara: Client, evse: Evse, settings: Any
) -> None:
    settings.EMAIL_VERIFIED_TO_PAY = True
    path = f"/bookings/{held(dara, evse).pk}/payments"
    assert refusal(as_dara.post(path, {"gateway": "sandbox"})) == (403, "email_unverified")
    EmailAddress.objects.create(user=dara, email=dara.email, verified=True, primary=True)
    assert as_dara.post(path, {"gateway": "sandbox"}).status_code == 201


def test_paying_is_limited(as_dara: Caller, dara: Client, evse: Evse, settings: Any) -> None:
    settings.RATE_LIMITS = {"pay": (1, 3600)}
    path = f"/bookings/{held(dara, evse).pk}/payments"
    assert as_dara.post(path, {"gateway": "sandbox"}).status_code == 201
    assert refusal(as_dara.post(path, {"gateway": "sandbox"})) == (429, "rate_limited")


def test_payments_are_their_clients_and_staffs(
    as_dara: Caller, as_eli: Caller, as_opal: Caller, dara: Client, evse: Evse
) -> None:
    payment = Payment.objects.get(booking=paid(dara, evse))
    for call in (as_dara, as_opal):
        assert [item["id"] for item in call.get("/payments").data["items"]] == [str(payment.pk)]
        seen = call.get(f"/payments/{payment.pk}")
        assert (seen.data["status"], seen.data["captured_minor"]) == ("captured", payment.amount_minor)
        [receipt] = seen.data["receipts"]
        assert (receipt["kind"], receipt["amount_minor"]) == ("receipt", payment.amount_minor)
        assert f"/payments/{payment.pk}/receipt/" in receipt["url"]
    assert as_eli.get("/payments").data["items"] == []
    assert refusal(as_eli.get(f"/payments/{payment.pk}")) == (404, "not_found")


def test_staff_without_a_second_factor_see_their_own_by_cookie_and_all_by_token(
    as_dara: Caller, dara: Client, as_opal: Caller, opal: Client, evse: Evse, settings: Any
) -> None:
    settings.STAFF_SECOND_FACTOR = True
    paid(dara, evse)
    by_cookie = Caller()
    by_cookie.browser.force_login(opal)
    assert by_cookie.get("/payments").data["items"] == []
    assert refusal(by_cookie.get("/operations/overview")) == (403, "second_factor_required")
    assert len(as_opal.get("/payments").data["items"]) == 1
    assert as_opal.get("/operations/overview").status_code == 200


def test_a_failed_attempt_makes_room_for_another(as_dara: Caller, dara: Client, evse: Evse) -> None:
    path = f"/bookings/{held(dara, evse).pk}/payments"
    first = as_dara.post(path, {"gateway": "sandbox"}).data
    decide(Payment.objects.get(), "fail")
    settle(Payment.objects.get())
    second = as_dara.post(path, {"gateway": "sandbox"}).data
    assert first["id"] != second["id"]


class TestRefunds:
    @pytest.fixture
    def payment(self, dara: Client, evse: Evse) -> Payment:
        return Payment.objects.get(booking=paid(dara, evse))

    def wish(self, **changes: Any) -> dict[str, Any]:
        return {"amount_minor": 100, "note": "The cable was broken."} | changes

    def test_an_operator_sends_money_back_once_a_key(self, payment: Payment, opal: Client) -> None:
        as_opal, path = caller(opal), f"/payments/{payment.pk}/refunds"
        answers = [as_opal.post(path, self.wish(), **{"idempotency-key": "a"}) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [201] * 3
        assert len({answer.data["id"] for answer in answers}) == 1
        assert answers[0].data["status"] == "requested"
        assert refusal(as_opal.post(path, self.wish(amount_minor=2), **{"idempotency-key": "a"})) == (
            422, "idempotency_mismatch",
        )  # fmt: skip
        payment.refresh_from_db()
        assert payment.refund_reserved_minor == 100

    def test_never_more_than_was_paid(self, payment: Payment, opal: Client) -> None:
        as_opal, path = caller(opal), f"/payments/{payment.pk}/refunds"
        assert as_opal.post(path, self.wish(amount_minor=payment.amount_minor - 1)).status_code == 201
        assert refusal(as_opal.post(path, self.wish(amount_minor=2))) == (422, "refund_too_large")

    @pytest.mark.parametrize(
        "body",
        [{"amount_minor": 0}, {"amount_minor": -1}, {"amount_minor": "all"}, {"amount_minor": 2**60}, {"note": ""}],
    )
    def test_it_refuses_what_is_no_amount_or_says_no_reason(
        self, payment: Payment, opal: Client, body: dict[str, Any]
    ) -> None:
        answer = caller(opal).post(f"/payments/{payment.pk}/refunds", self.wish(**body))
        assert (refusal(answer), fields_of(answer)) == ((422, "invalid"), list(body))

    def test_only_those_who_may_act_do(self, payment: Payment, dara: Client, eli: Client, vera: Client) -> None:
        path = f"/payments/{payment.pk}/refunds"
        assert refusal(caller(vera).post(path, self.wish())) == (403, "forbidden")
        for driver in (dara, eli):
            assert refusal(caller(driver).post(path, self.wish())) == (404, "not_found")
        assert refusal(Caller().post(path, self.wish())) == (401, "signed_out")
