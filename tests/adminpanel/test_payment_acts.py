"""One payment's page and what operators do there: who may, what it says before, that it is done once."""

import html
import re
import uuid
from functools import partial
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse

from adminpanel.payment_acts import ACTS
from adminpanel.stopped_acts import STOPPED
from bookings.models import Booking, Client, Evse
from evbunker import clock
from evbunker.live import Event, publish
from evbunker.models import Change
from payments.gateways.base import GatewayDown, RefundRefused
from payments.gateways.sandbox import SandboxGateway
from payments.integrity import check_integrity
from payments.models import GatewayCommand, Payment, Reconciliation, Refund
from payments.outbox import work_outbox
from payments.refunding import refund_by_hand
from tests.adminpanel.desks import desk_of
from tests.adminpanel.payment_rows import bare_booking, row
from tests.booking_steps import decide, held, paid, pending
from tests.bookings.test_hold_races import at_once
from tests.payments.test_reviewing import in_review
from tests.people import make_client


@pytest.fixture
def payment(dara: Client, evse: Evse) -> Payment:
    return Payment.objects.get(booking=paid(dara, evse))


@pytest.fixture
def desk(opal: Client) -> Browser:
    return desk_of(opal)


def page_of(payment: Payment) -> str:
    return reverse("operations-payment", args=[payment.pk])


def refund_form(**fields: Any) -> dict[str, str]:
    return {
        name: str(value) for name, value in ({"once": uuid.uuid4(), "note": "sorry", "step": "send"} | fields).items()
    }


def captured(booking: Booking, **fields: Any) -> Payment:
    """Money that came for `booking`, as far as these pages can tell."""
    made = row(booking, status="captured", captured_minor=booking.quote_minor, captured_at=clock.now(), **fields)
    made.captured_day = clock.now().date()
    made.gateway_ref = f"ref-{made.pk}"
    made.save(force_insert=True)
    return made


class TestWhoMay:
    @pytest.fixture
    def addresses(self, payment: Payment) -> list[str]:
        """Every act there is, on records of the same payment."""
        refund = Refund.objects.create(
            payment=payment, client_id=payment.client_id, status="failed", reason="operator", amount_minor=1,
            currency="EUR", once="x", idempotency_key="x", station_name="x", client_name="x",
        )  # fmt: skip
        command = GatewayCommand.objects.create(
            payment=payment, kind="late_email", idempotency_key="x", state="given_up", next_at=clock.now()
        )
        day = Reconciliation.objects.create(
            gateway="sandbox", day=clock.now().date(), state="differs", checked_at=clock.now()
        )
        ids = {"refund": refund.pk, "command": command.pk, "day": day.pk}
        stopped = [reverse(f"operations-{name}", args=[ids[name.partition("-")[0]]]) for name in STOPPED]
        acts = [reverse(f"operations-{name}", args=[payment.pk]) for name in (*ACTS, "refund")]
        return [*acts, *stopped]

    @pytest.mark.parametrize(
        ("role", "looks", "acts"),
        [("", 404, 404), ("viewer", 200, 403), ("operator", 200, 200), ("owner", 200, 200)],
    )
    def test_viewers_look_operators_act_drivers_find_nothing(
        self, payment: Payment, addresses: list[str], role: str, looks: int, acts: int
    ) -> None:
        desk = desk_of(make_client("somebody", role=role))
        before = Change.objects.count()
        for path in (page_of(payment), reverse("operations-review"), reverse("operations-payments")):
            assert desk.get(path).status_code == looks, path
            assert desk.post(path).status_code in (404, 405), path
        for path in addresses:
            assert desk.get(path).status_code == acts, path
            assert desk.put(path).status_code in (404, 405), path
            assert desk.delete(path).status_code in (404, 405), path
            if acts != 200:
                assert desk.post(path, refund_form(amount="1")).status_code == acts, path
        assert Change.objects.count() == before

    def test_strangers_sign_in_first(self, addresses: list[str]) -> None:
        for path in addresses:
            for answer in (Browser().get(path), Browser().post(path)):
                assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, "/accounts/login/"), path

    def test_who_sends_money_proves_again_who_they_are(self, opal: Client, payment: Payment) -> None:
        desk = Browser()
        desk.force_login(opal)
        path = reverse("operations-refund", args=[payment.pk])
        for answer in (desk.get(path), desk.post(path, refund_form(amount="1"))):
            assert answer["Location"].startswith("/accounts/reauthenticate/?next=")
        assert not Refund.objects.exists()

    def test_a_form_of_another_site_is_refused(self, opal: Client, payment: Payment) -> None:
        strict = Browser(enforce_csrf_checks=True)
        strict.cookies = desk_of(opal).cookies
        path = reverse("operations-refund", args=[payment.pk])
        assert strict.post(path, refund_form(amount="1")).status_code == 403
        assert not Refund.objects.exists()

    def test_nothing_is_done_by_looking(self, desk: Browser, payment: Payment, addresses: list[str]) -> None:
        before = list(Change.objects.values_list("pk", flat=True))
        for path in addresses:
            assert desk.get(path, refund_form(amount="1")).status_code == 200
        assert list(Change.objects.values_list("pk", flat=True)) == before

    def test_what_does_not_exist_is_not_found(self, desk: Browser, addresses: list[str]) -> None:
        for path in addresses:
            gone = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", str(uuid.uuid4()), path)
            assert desk.get(gone).status_code == desk.post(gone).status_code == 404, gone


class TestRefunding:
    def test_first_it_says_what_will_happen_then_it_does_that(
        self, desk: Browser, payment: Payment, opal: Client
    ) -> None:
        path = reverse("operations-refund", args=[payment.pk])
        asked = refund_form(amount="2.50", step="")
        sure = desk.post(path, asked).content.decode()
        assert "<strong>€2.50</strong> goes back to Dara through Sandbox" in sure
        assert f"€{(payment.captured_minor - 250) / 100:.2f} of the payment is kept." in sure
        assert not Refund.objects.exists()
        answer = desk.post(path, asked | {"step": "send"})
        assert (answer.status_code, answer["Location"]) == (303, page_of(payment))
        refund = Refund.objects.get()
        assert (refund.amount_minor, refund.note, refund.reason) == (250, "sorry", "operator")
        change = Change.objects.get(action="refund.requested")
        assert (change.actor_id, change.reason) == (opal.pk, "sorry")
        work_outbox()
        shown = desk.get(page_of(payment)).content.decode()
        assert "€2.50 was sent back" in shown
        assert opal.email in shown
        assert check_integrity() == []

    def test_twenty_equal_clicks_send_it_once(self, opal: Client, payment: Payment) -> None:
        path, asked = reverse("operations-refund", args=[payment.pk]), refund_form(amount="1")
        desks = [desk_of(opal) for _click in range(20)]

        def click(one: Browser) -> None:
            assert one.post(path, asked).status_code == 303

        assert at_once([partial(click, one) for one in desks]) == {"won": 20}
        assert Refund.objects.count() == 1
        assert check_integrity() == []

    def test_a_form_that_was_sent_cannot_send_another_amount(self, desk: Browser, payment: Payment) -> None:
        path, asked = reverse("operations-refund", args=[payment.pk]), refund_form(amount="1")
        desk.post(path, asked)
        answer = desk.post(path, asked | {"amount": "2"})
        assert answer.status_code == 409
        assert "This form has sent €1.00 already." in answer.content.decode()
        assert Refund.objects.count() == 1

    def test_one_form_does_not_reach_into_another_payment(
        self, desk: Browser, payment: Payment, eli: Client, evse: Evse
    ) -> None:
        asked = refund_form(amount="1")
        other = Payment.objects.get(booking=paid(eli, evse, in_minutes=300))
        for one in (payment, other):
            assert desk.post(reverse("operations-refund", args=[one.pk]), asked).status_code == 303
        assert Refund.objects.count() == 2

    @pytest.mark.parametrize(
        ("fields", "said"),
        [
            ({"amount": "0"}, "more than nothing"),
            ({"amount": "-1"}, "Write an amount in EUR"),
            ({"amount": "1,5"}, "Write an amount in EUR"),
            ({"amount": "1.005"}, "Write an amount in EUR"),
            ({"amount": "999999"}, "more than is left"),
            ({"amount": "9" * 24}, "Write an amount in EUR"),
            ({"amount": ""}, "This field is required."),
            ({"amount": "1", "note": "  "}, "This field is required."),
            ({"amount": "1", "note": "ok"}, "at least 3 characters"),
            ({"amount": "1", "note": "x" * 301}, "at most 300 characters"),
            ({"amount": "1", "note": "a\0b"}, "Null characters"),
            ({"amount": "1", "once": "mine"}, "This form is not whole."),
        ],
    )
    def test_what_cannot_be_sent_is_said(
        self, desk: Browser, payment: Payment, fields: dict[str, str], said: str
    ) -> None:
        answer = desk.post(reverse("operations-refund", args=[payment.pk]), refund_form(**fields))
        assert answer.status_code == 422
        assert said in answer.content.decode()
        assert not Refund.objects.exists()

    @pytest.mark.parametrize(
        ("currency", "paid_minor", "amount", "minor", "left"),
        [("JPY", 1980, "980", 980, "¥1,000"), ("KWD", 12_500, "1.250", 1250, "KWD\N{NO-BREAK SPACE}11.250")],
    )
    def test_every_currency_has_its_own_minor_units(
        self,
        desk: Browser,
        dara: Client,
        evse: Evse,
        currency: str,
        paid_minor: int,
        amount: str,
        minor: int,
        left: str,
    ) -> None:
        booking = bare_booking(dara, evse, currency=currency, quote_minor=paid_minor)
        path = reverse("operations-refund", args=[captured(booking).pk])
        assert f'value="{paid_minor if currency == "JPY" else "12.500"}"' in desk.get(path).content.decode()
        assert desk.post(path, refund_form(amount="0.5001")).status_code == 422
        assert (
            f"{left} of the payment is kept." in desk.post(path, refund_form(amount=amount, step="")).content.decode()
        )
        assert desk.post(path, refund_form(amount=amount)).status_code == 303
        assert Refund.objects.get().amount_minor == minor

    def test_where_nothing_came_nothing_is_offered(self, desk: Browser, dara: Client, evse: Evse) -> None:
        attempt = row(bare_booking(dara, evse))
        attempt.save(force_insert=True)
        path = reverse("operations-refund", args=[attempt.pk])
        assert "No money has come" in desk.get(path).content.decode()
        assert desk.post(path, refund_form(amount="1")).status_code == 422
        assert "act-refund" not in desk.get(page_of(attempt)).content.decode()


class TestOtherActs:
    def test_a_refused_refund_is_tried_again(
        self, desk: Browser, payment: Payment, opal: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        refund = refund_by_hand(payment=payment, amount_minor=100, note="sorry", actor=opal, once="a")

        def refuse(*_args: object) -> None:
            raise RefundRefused("no such card")

        with monkeypatch.context() as patched:
            patched.setattr(SandboxGateway, "refund", refuse)
            work_outbox()
        path = reverse("operations-refund-again", args=[refund.pk])
        assert path in desk.get(page_of(payment)).content.decode()
        assert "Refunds that were refused" in desk.get(reverse("operations-review")).content.decode()
        assert "€1.00 goes to Dara by a new refund" in desk.get(path).content.decode()
        for _click in range(3):
            assert desk.post(path).status_code == 303
        work_outbox()
        payment.refresh_from_db()
        assert (payment.refunded_minor, Refund.objects.count()) == (100, 2)
        assert "Nothing needs a person" in desk.get(reverse("operations-review")).content.decode()

    def test_what_is_in_review_is_accepted_or_sent_back(self, desk: Browser, dara: Client, evse: Evse) -> None:
        payment = in_review(dara, evse)
        queue = desk.get(reverse("operations-review")).content.decode()
        assert "Another amount came than was asked for" in queue
        accept, back = (reverse(f"operations-{name}", args=[payment.pk]) for name in ("accept", "return"))
        assert "€5.00 goes back to Dara" in desk.get(accept).content.decode()
        assert desk.post(accept).status_code == 422, "it asks why"
        assert desk.post(accept, {"note": "close enough"}).status_code == 303
        assert "Accepted for" in desk.get(page_of(payment)).content.decode()
        again = desk.post(back, {"note": "noo"})
        assert again.status_code == 409
        assert "Somebody has decided on this payment already." in again.content.decode()

    def test_other_money_is_called_by_its_own_currency(self, desk: Browser, dara: Client, evse: Evse) -> None:
        payment = in_review(dara, evse, surplus_minor=0, currency="JPY")
        came = f"¥{payment.captured_minor:,}"
        assert (
            f"All of it, {came}, goes back"
            in desk.get(reverse("operations-return", args=[payment.pk])).content.decode()
        )
        assert f"Came: {came}." in desk.get(page_of(payment)).content.decode()
        assert "can only be sent back" in desk.get(reverse("operations-accept", args=[payment.pk])).content.decode()
        assert desk.post(reverse("operations-accept", args=[payment.pk]), {"note": "yes"}).status_code == 409

    def test_a_booking_is_closed_for_all_that_was_paid(self, desk: Browser, payment: Payment) -> None:
        path = reverse("operations-close", args=[payment.pk])
        page = desk.get(path).content.decode()
        amount = f"€{payment.captured_minor / 100:.2f}"
        assert f"{amount} goes back, which is all that is left of what was paid," in page
        seen = html.unescape(re.search(r'name="seen" value="([^"]+)"', page)[1])
        refund_by_hand(payment=payment, amount_minor=100, note="some", actor=make_client("else"), once="a")
        answer = desk.post(path, {"note": "works on site", "seen": seen})
        assert (answer.status_code, Booking.objects.get().status) == (409, "confirmed")
        assert "Meanwhile this has become something else." in answer.content.decode()
        for _click in range(2):
            answer = desk.post(path, {"note": "works on site"})
        assert answer.status_code == 409, "once"
        payment.refresh_from_db()
        assert (Booking.objects.get().status, payment.kept_minor) == ("cancelled", 0)
        assert check_integrity() == []

    def test_reconciling_asks_the_gateway_and_says_what_it_said(
        self, desk: Browser, dara: Client, evse: Evse, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        payment = pending(held(dara, evse))
        decide(payment)
        path = reverse("operations-reconcile", args=[payment.pk])
        with monkeypatch.context() as patched:
            patched.setattr(SandboxGateway, "look_up", lambda *_args: (_ for _ in ()).throw(GatewayDown("away")))
            assert desk.post(path).status_code == 503
        assert desk.post(path, follow=True).status_code == 200
        payment.refresh_from_db()
        assert payment.status == Payment.Status.CAPTURED
        assert Change.objects.filter(action="payment.reconciled", record_id=payment.pk).exists()

    def test_documents_go_out_again(self, desk: Browser, payment: Payment) -> None:
        work_outbox()
        assert desk.post(reverse("operations-resend", args=[payment.pk])).status_code == 303
        assert GatewayCommand.objects.filter(kind="receipt_email", state="waiting").exists()

    def test_what_was_given_up_is_tried_again_or_set_aside(self, desk: Browser, payment: Payment) -> None:
        command = GatewayCommand.objects.create(
            payment=payment, kind="late_email", idempotency_key="x", state="given_up", next_at=clock.now(),
            last_error="<b>550</b> no such address",
        )  # fmt: skip
        shown = desk.get(page_of(payment)).content.decode()
        assert "&lt;b&gt;550&lt;/b&gt; no such address" in shown
        assert "<b>550" not in shown + desk.get(reverse("operations-review")).content.decode()
        aside, again = (reverse(f"operations-command-{name}", args=[command.pk]) for name in ("aside", "again"))
        assert desk.post(aside, {"note": "no such address"}).status_code == 303
        assert desk.post(again).status_code == 409
        command.refresh_from_db()
        assert command.state == "set_aside"


def test_names_and_notes_are_shown_as_text(desk: Browser, payment: Payment, opal: Client) -> None:
    evil = "<script>alert(1)</script>"
    Payment.objects.filter(pk=payment.pk).update(client_name=evil, station_name=evil)
    refund_by_hand(payment=payment, amount_minor=100, note=evil, actor=opal, once="a")
    paths = [page_of(payment), *(reverse(f"operations-{name}", args=[payment.pk]) for name in (*ACTS, "refund"))]
    for path in paths:
        assert evil not in desk.get(path).content.decode(), path


def test_the_raw_record_links_to_the_page(olga: Client, payment: Payment) -> None:
    desk = desk_of(olga)
    for record in (payment, *payment.events.all()[:1]):
        address = reverse(f"admin:payments_{record._meta.model_name}_change", args=[record.pk])
        assert page_of(payment) in desk.get(address).content.decode()


def test_the_menu_and_the_overview_say_how_much_waits(desk: Browser, payment: Payment) -> None:
    overview = reverse("operations-overview")
    assert 'class="count count-none"' in desk.get(overview).content.decode()
    for number in range(120):
        GatewayCommand.objects.create(
            payment=payment, kind="late_email", idempotency_key=f"x{number}", state="given_up", next_at=clock.now()
        )
    publish(Event("payment_update", payment=payment.pk))
    page = desk.get(overview).content.decode()
    assert 'class="count">100+' in page
    assert "Given up after many tries" in page
    assert f'href="{reverse("operations-review")}"' in page
