"""Razorpay from its driver's side and from its own: the page, the way back, what its webhooks may say."""

import datetime as dt
import json
import re
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client as Visitor

from bookings.models import Client, Evse
from evbunker import clock
from payments.checks import check_gateways
from payments.gateways import KNOWN
from payments.gateways.base import AmountNotTaken, AmountTooSmall, GatewayDown, Moved
from payments.gateways.razorpay import RazorpayGateway
from payments.models import Payment, Refund, WebhookEvent
from tests.payments.razorpay_steps import ends_well, paid, post, send, to_pay
from tests.payments.standins.base import Fault, Reply
from tests.payments.standins.razorpay import ACCOUNT, RazorpayStandIn, signed
from tests.payments.stripe_steps import VISITOR, status_of
from tests.places import make_evse


@pytest.fixture
def payment(razorpay: RazorpayStandIn, dara: Client, evse: Evse) -> Payment:
    return to_pay(dara, evse, in_minutes=300)


@pytest.fixture
def visitor() -> Visitor:
    """A browser that comes from another site: it brings neither our session nor our CSRF token."""
    VISITOR.cookies.clear()
    return VISITOR


def fields_of(html: str) -> dict[str, str]:
    """What a form on our page sends."""
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', html))


class TestPage:
    def test_it_leads_to_razorpay_with_what_its_documents_ask_for(
        self, razorpay: RazorpayStandIn, payment: Payment, dara: Client, client: Visitor
    ) -> None:
        client.force_login(dara)
        answer = client.get(f"/payments/razorpay/{payment.pk}/")
        html = answer.content.decode()
        assert answer.status_code == 200
        assert "€13.00" in html
        assert "Harbour" in html
        assert f'action="{razorpay.url}/v1/checkout/embedded"' in html
        sent = fields_of(html.replace("&#x27;", "'"))
        assert sent["order_id"] == payment.gateway_ref
        assert (sent["key_id"], sent["amount"], sent["currency"]) == (razorpay.key, "1300", "EUR")
        assert sent["callback_url"].endswith(f"/payments/razorpay/{payment.pk}/return/")
        assert sent["prefill[email]"] == dara.email
        assert razorpay.key_secret not in html

    def test_only_its_form_may_lead_there(
        self, razorpay: RazorpayStandIn, payment: Payment, dara: Client, client: Visitor
    ) -> None:
        client.force_login(dara)
        policy = client.get(f"/payments/razorpay/{payment.pk}/")["Content-Security-Policy"]
        assert re.search(rf"form-action 'self'[^;]* {re.escape(razorpay.url)}", policy)
        assert razorpay.url not in client.get(f"/bookings/{payment.booking_id}/")["Content-Security-Policy"]

    def test_others_do_not_find_it(self, payment: Payment, eli: Client, opal: Client, client: Visitor) -> None:
        address = f"/payments/razorpay/{payment.pk}/"
        assert client.get(address)["Location"].startswith("/accounts/login/")
        for other in (eli, opal):
            client.force_login(other)
            assert client.get(address).status_code == 404

    def test_once_nothing_can_be_paid_the_booking_says_why(
        self, razorpay: RazorpayStandIn, payment: Payment, dara: Client, client: Visitor
    ) -> None:
        client.force_login(dara)
        page, booking = f"/payments/razorpay/{payment.pk}/", f"/bookings/{payment.booking_id}/"
        with clock.shifted(dt.timedelta(hours=1)):
            assert client.get(page)["Location"] == booking
        paid(payment, razorpay)
        answer = client.get(page)
        assert (answer.status_code, answer["Location"]) == (303, booking)


class TestComingBack:
    def come(self, visitor: Visitor, payment: Payment, said: dict[str, str]) -> Any:
        return visitor.post(f"/payments/razorpay/{payment.pk}/return/", said)

    def test_what_razorpay_signed_is_asked_for_and_confirms(
        self, razorpay: RazorpayStandIn, payment: Payment, visitor: Visitor
    ) -> None:
        answer = self.come(visitor, payment, razorpay.answer_of(razorpay.pay(payment.gateway_ref)))
        assert (answer.status_code, answer["Location"]) == (303, f"/bookings/{payment.booking_id}/")
        assert answer.cookies == {}
        assert ends_well(payment, razorpay) == "confirmed"

    def test_nobody_is_believed_who_did_not_pay(
        self, razorpay: RazorpayStandIn, payment: Payment, visitor: Visitor
    ) -> None:
        """Even a right signature only makes us ask."""
        said = razorpay.answer_of({"order_id": payment.gateway_ref, "id": "pay_invented"})
        assert self.come(visitor, payment, said).status_code == 303
        assert status_of(payment) == "pending"

    def test_what_it_did_not_sign_is_refused(
        self, razorpay: RazorpayStandIn, payment: Payment, visitor: Visitor
    ) -> None:
        signed_by_them = razorpay.answer_of(razorpay.pay(payment.gateway_ref))
        asked = len(razorpay.asked)
        for change in (
            {"razorpay_signature": ""},
            {"razorpay_signature": "0" * 64},
            {"razorpay_signature": "\xe9"},
            {"razorpay_payment_id": "pay_other"},
            {"razorpay_payment_id": ""},
            {"error[code]": "BAD_REQUEST_ERROR", "razorpay_signature": "0" * 64},
        ):
            answer = self.come(visitor, payment, signed_by_them | change)
            assert answer.status_code == 400, change
            assert "does not come from Razorpay" in answer.content.decode()
        assert (status_of(payment), len(razorpay.asked)) == ("pending", asked)

    def test_another_order_s_signature_does_not_pay_this_one(
        self, razorpay: RazorpayStandIn, payment: Payment, eli: Client, evse: Evse, visitor: Visitor
    ) -> None:
        """The order is the one that we noted, not the one that a browser names."""
        cheap = to_pay(eli, make_evse(evse.station, "2"))
        said = razorpay.answer_of(razorpay.pay(cheap.gateway_ref))
        for order in (cheap.gateway_ref, payment.gateway_ref):
            assert self.come(visitor, payment, said | {"razorpay_order_id": order}).status_code == 400

    def test_the_secret_of_webhooks_signs_nothing_here(
        self, razorpay: RazorpayStandIn, payment: Payment, visitor: Visitor
    ) -> None:
        made = razorpay.pay(payment.gateway_ref)
        razorpay.key_secret = razorpay.secrets[0]
        assert self.come(visitor, payment, razorpay.answer_of(made)).status_code == 400

    def test_who_failed_comes_back_to_the_booking(
        self, razorpay: RazorpayStandIn, payment: Payment, visitor: Visitor
    ) -> None:
        razorpay.fail(payment.gateway_ref)
        said = {"error[code]": "BAD_REQUEST_ERROR", "error[description]": "Payment failed"}
        assert self.come(visitor, payment, said).status_code == 303
        assert status_of(payment) == "pending"

    def test_while_razorpay_is_silent_the_booking_waits(
        self, razorpay: RazorpayStandIn, payment: Payment, visitor: Visitor
    ) -> None:
        said = razorpay.answer_of(razorpay.pay(payment.gateway_ref))
        razorpay.arm(Fault.DOWN, "GET")
        assert self.come(visitor, payment, said).status_code == 303
        assert status_of(payment) == "pending"

    def test_too_often_is_refused(self, payment: Payment, visitor: Visitor, settings: Any) -> None:
        settings.RATE_LIMITS = {"pay_return": (1, 60)}
        answers = [self.come(visitor, payment, {}) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [400, 429]
        assert int(answers[1]["Retry-After"]) > 0

    def test_payments_of_others_are_not_found(self, payment: Payment, visitor: Visitor) -> None:
        Payment.objects.filter(pk=payment.pk).update(gateway="sandbox")
        assert self.come(visitor, payment, {}).status_code == 404
        assert visitor.get(f"/payments/razorpay/{payment.pk}/return/").status_code == 405


NO_EVENTS = [
    b"", b"not json", b"\xff", b"[]", b"null", b"{}", b'{"event": 7, "payload": {}}',
    b'{"event": "payment.captured", "payload": {}}',
    b'{"event": "payment.captured", "payload": {"payment": {"entity": {"order_id": 7}}}}',
    b'{"event": "refund.processed", "payload": {"payment": {"entity": {"order_id": "order_x"}}}}',
    b'{"event": "' + b"x" * 200 + b'", "payload": {}}', b"[" * 100_000,
]  # fmt: skip


class TestWebhooks:
    def body(self, razorpay: RazorpayStandIn, payment: Payment) -> bytes:
        """The event of a payment that was captured."""
        razorpay.pay(payment.gateway_ref)
        return next(call.body for call in razorpay.calls if call.type == "payment.captured")

    def test_a_wrong_secret_is_refused_and_nothing_is_kept(self, razorpay: RazorpayStandIn, payment: Payment) -> None:
        body = self.body(razorpay, payment)
        for headers in (signed(body, "wrong", event_id="e"), signed(body + b" ", "hook-secret", event_id="e"), {}):
            answer = send(body, headers)
            assert (answer.status_code, answer.json()["code"]) == (400, "bad_signature")
        assert (WebhookEvent.objects.count(), status_of(payment)) == (0, "pending")

    def test_both_secrets_fit_while_one_is_replaced(
        self, razorpay: RazorpayStandIn, payment: Payment, settings: LazySettings
    ) -> None:
        settings.RAZORPAY_WEBHOOK_SECRET = "new-secret,hook-secret"
        body = self.body(razorpay, payment)
        assert send(body, signed(body, "hook-secret", event_id="event_1")).json() == {"state": "done"}
        assert send(body, signed(body, "new-secret", event_id="event_2")).json() == {"state": "done"}
        settings.RAZORPAY_WEBHOOK_SECRET = "new-secret"
        assert send(body, signed(body, "hook-secret", event_id="event_3")).status_code == 400

    def test_without_a_secret_nothing_is_believed(
        self, razorpay: RazorpayStandIn, payment: Payment, settings: LazySettings
    ) -> None:
        settings.RAZORPAY_WEBHOOK_SECRET = ""
        body = self.body(razorpay, payment)
        assert send(body, signed(body, "", event_id="event_1")).status_code == 503

    def test_one_that_is_replayed_is_known_by_its_id(self, razorpay: RazorpayStandIn, payment: Payment) -> None:
        body = self.body(razorpay, payment)
        assert [send(body, signed(body, "hook-secret", event_id="event_1")).status_code for _ in range(3)] == [200] * 3
        asked = len(razorpay.asked)
        send(body, signed(body, "hook-secret", event_id="event_1"))
        assert (WebhookEvent.objects.count(), len(razorpay.asked)) == (1, asked)
        assert ends_well(payment, razorpay) == "confirmed"

    def test_one_that_is_replayed_under_another_id_changes_nothing(
        self, razorpay: RazorpayStandIn, payment: Payment
    ) -> None:
        """The id is not signed. But whoever replays can only make us ask again."""
        body = self.body(razorpay, payment)
        for event_id in ("event_1", "event_2", ""):
            assert send(body, signed(body, "hook-secret", event_id=event_id)).status_code == 200
        assert ends_well(payment, razorpay) == "confirmed"

    def test_one_of_another_account_changes_nothing(self, razorpay: RazorpayStandIn, payment: Payment) -> None:
        razorpay.account = "acc_other"
        body = self.body(razorpay, payment)
        answer = send(body, signed(body, "hook-secret", event_id="event_1"))
        assert (answer.status_code, status_of(payment)) == (200, "pending")
        assert answer.json()["state"] != "done"

    def test_any_account_is_taken_where_none_is_named(
        self, razorpay: RazorpayStandIn, payment: Payment, settings: LazySettings
    ) -> None:
        settings.RAZORPAY_ACCOUNT = ""
        razorpay.account = "acc_other"
        body = self.body(razorpay, payment)
        assert send(body, signed(body, "hook-secret", event_id="event_1")).json() == {"state": "done"}

    def test_events_without_a_time_work(self, razorpay: RazorpayStandIn, payment: Payment) -> None:
        razorpay.says_when = False
        assert ends_well(paid(payment, razorpay), razorpay) == "confirmed"
        assert set(WebhookEvent.objects.values_list("state", flat=True)) == {"done"}

    def test_what_is_no_event_is_refused(self, razorpay: RazorpayStandIn) -> None:
        for body in NO_EVENTS:
            answer = send(body, signed(body, "hook-secret", event_id="event_1"))
            assert (answer.status_code, answer.json()["code"]) == (400, "bad_event"), body[:80]
        assert not WebhookEvent.objects.exists()

    def test_five_megabytes_are_refused(self, razorpay: RazorpayStandIn) -> None:
        body = b" " * 5_000_000
        assert send(body, signed(body, "hook-secret", event_id="event_1")).status_code == 413

    def test_unknown_types_and_payments_without_an_order_are_kept(self, razorpay: RazorpayStandIn) -> None:
        link = {"id": "pay_link", "order_id": None, "amount": 1, "currency": "EUR"}
        razorpay.tell("settlement.processed", settlement={"id": "setl_1"})
        razorpay.tell("payment.captured", payment=link)
        assert razorpay.deliver(post) == [200, 200]
        assert list(WebhookEvent.objects.order_by("type").values_list("type", "state")) == [
            ("payment.captured", "unmatched"), ("settlement.processed", "unknown"),
        ]  # fmt: skip

    def test_a_dispute_is_noted(self, razorpay: RazorpayStandIn, payment: Payment) -> None:
        paid(payment, razorpay)
        razorpay.dispute(razorpay.all("payment")[0]["id"])
        razorpay.deliver(post)
        payment.refresh_from_db()
        assert payment.disputed_at is not None
        assert ends_well(payment, razorpay) == "confirmed"

    def test_a_refund_from_the_dashboard_is_taken_into_the_books(
        self, razorpay: RazorpayStandIn, payment: Payment
    ) -> None:
        paid(payment, razorpay)
        razorpay.refund_by_hand(razorpay.all("payment")[0]["id"], 100)
        razorpay.deliver(post)
        payment.refresh_from_db()
        assert (Refund.objects.get().status, payment.refunded_minor) == ("external", 100)


class TestGateway:
    def test_less_than_a_whole_unit_cannot_be_paid(self, razorpay: RazorpayStandIn) -> None:
        for amount_minor, currency, least in [
            (99, "INR", "₹1.00"), (0, "JPY", "¥1"), (999, "KWD", "KWD\N{NO-BREAK SPACE}1.000"), (99, "USD", "$1.00"),
        ]:  # fmt: skip
            with pytest.raises(AmountTooSmall, match=re.escape(least)):
                RazorpayGateway().check_amount(amount_minor, currency)

    def test_the_third_decimal_must_be_nothing(self, razorpay: RazorpayStandIn) -> None:
        RazorpayGateway().check_amount(99_990, "KWD")
        RazorpayGateway().check_amount(100, "INR")
        with pytest.raises(AmountNotTaken):
            RazorpayGateway().check_amount(99_991, "KWD")

    def test_its_key_says_whether_money_moves(self, razorpay: RazorpayStandIn, settings: LazySettings) -> None:
        for key, live in (("rzp_test_1", False), ("rzp_live_1", True)):
            settings.RAZORPAY_KEY_ID = key
            assert KNOWN["razorpay"]().live is live

    def test_no_server_starts_without_its_keys(self, razorpay: RazorpayStandIn, settings: Any) -> None:
        assert not [found for found in check_gateways(None) if found.id == "payments.E006"]
        for missing in ("RAZORPAY_KEY_ID", "RAZORPAY_KEY_SECRET", "RAZORPAY_WEBHOOK_SECRET"):
            value = getattr(settings, missing)
            setattr(settings, missing, "")
            [found] = [found for found in check_gateways(None) if found.id == "payments.E006"]
            assert missing in found.msg
            setattr(settings, missing, value)

    def test_a_wrong_key_is_no_word_about_any_payment(self, payment: Payment, settings: LazySettings) -> None:
        settings.RAZORPAY_KEY_SECRET = "wrong"
        with pytest.raises(GatewayDown, match="401"):
            RazorpayGateway().look_up(payment.gateway_ref)
        with pytest.raises(GatewayDown):
            RazorpayGateway().refunds_of(payment.gateway_ref)

    def test_its_books_are_read_page_by_page(
        self, razorpay: RazorpayStandIn, payment: Payment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("payments.gateways.razorpay_api.PAGE_SIZE", 2)
        day = clock.now().date()
        razorpay.fail(payment.gateway_ref)
        paid(payment, razorpay)
        [captured] = [one for one in razorpay.all("payment") if one["captured"]]
        for amount in (10, 20, 30):
            razorpay.refund_by_hand(captured["id"], amount)
        with clock.shifted(dt.timedelta(days=1)):
            razorpay.refund_by_hand(captured["id"], 40)
            [tomorrow] = RazorpayGateway().movements(day + dt.timedelta(days=1))
        today = list(RazorpayGateway().movements(day))
        assert [(one.moved, one.amount_minor) for one in today] == [
            (Moved.IN, 1300), (Moved.OUT, 30), (Moved.OUT, 20), (Moved.OUT, 10),
        ]  # fmt: skip
        assert {one.payment_ref or one.ref for one in [*today, tomorrow]} == {payment.gateway_ref}
        assert (tomorrow.moved, tomorrow.amount_minor) == (Moved.OUT, 40)

    def test_a_senseless_answer_says_nothing(
        self, razorpay: RazorpayStandIn, payment: Payment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for answer in (b"", b"<html>", b"[]", b"null", b'{"id": 7}', b'{"items": 3}', b'{"id": "o", "amount": 1.5}'):
            monkeypatch.setattr(razorpay, "handle", lambda _asked, answer=answer: Reply(200, answer))
            with pytest.raises(GatewayDown):
                RazorpayGateway().look_up(payment.gateway_ref)

    def test_an_order_is_found_by_its_receipt_alone(self, razorpay: RazorpayStandIn, payment: Payment) -> None:
        assert RazorpayGateway().find(str(payment.pk)).ref == payment.gateway_ref  # type: ignore[union-attr]
        assert RazorpayGateway().find(str(payment.pk)[:-1]) is None
        assert ACCOUNT not in json.dumps(razorpay.all("order"))
