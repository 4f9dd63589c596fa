"""Whatever goes wrong at Razorpay or on the way: money that came ends as a sure booking or goes back, exactly once."""

import datetime as dt

import pytest
from django.conf import settings as configured

from bookings.holding import expire_holds
from bookings.models import Booking, Client, Evse
from evbunker import clock
from payments.cancelling import cancel_booking
from payments.gateways import patience, razorpay_api
from payments.gateways.razorpay import CLOSED_NOTE, PAYMENT_NOTE, SURPLUS_NOTE, RazorpayGateway
from payments.integrity import check_integrity
from payments.models import GatewayCommand, Payment, Refund, WebhookEvent
from payments.settling import settle
from tests.booking_steps import held
from tests.payments.razorpay_steps import ends_well, money_kept, paid, post, to_pay
from tests.payments.standins.base import Fault
from tests.payments.standins.razorpay import RazorpayStandIn
from tests.payments.stripe_steps import reconcile, status_of, work_until

MAKE, REFUND = r"POST /v1/orders$", r"POST /v1/payments/\w+/refund$"
ASK = r"GET /v1/orders/\w+/payments$"
AFTER_THE_GRACE = dt.timedelta(
    seconds=2 * configured.BOOKING_HOLD_SECONDS + configured.BOOKING_TAKEOVER_GRACE_SECONDS + 2
)


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what hangs on purpose is waited for in vain."""
    monkeypatch.setattr(razorpay_api, "TIMEOUT_SECONDS", (5.0, 1.0))
    monkeypatch.setattr(patience, "HURRIED", (5.0, 1.0))


def give_up(payment: Payment) -> None:
    cancel_booking(booking=Booking.objects.get(pk=payment.booking_id), actor=payment.client)


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.usefixtures("_impatient")
def test_an_order_is_made_once(razorpay: RazorpayStandIn, dara: Client, evse: Evse, fault: Fault) -> None:
    razorpay.arm(fault, MAKE)
    payment = to_pay(dara, evse)
    work_until(lambda: status_of(payment) == "pending")
    [order] = razorpay.all("order")
    assert (payment.gateway_ref, order["receipt"]) == (order["id"], str(payment.pk))
    assert payment.pay_url.endswith(f"/payments/razorpay/{payment.pk}/")
    assert ends_well(paid(payment, razorpay), razorpay) == "confirmed"


@pytest.mark.usefixtures("_impatient")
def test_a_webhook_while_razorpay_is_silent_is_worked_off_later(
    razorpay: RazorpayStandIn, dara: Client, evse: Evse
) -> None:
    payment = to_pay(dara, evse)
    razorpay.pay(payment.gateway_ref)
    razorpay.arm(Fault.HANG, ASK, times=3)
    assert set(razorpay.deliver(post)) == {200}
    assert set(WebhookEvent.objects.values_list("state", flat=True)) == {"received"}
    assert status_of(payment) == "pending"
    reconcile()
    assert ends_well(payment, razorpay) == "confirmed"
    assert set(WebhookEvent.objects.values_list("state", flat=True)) == {"done"}


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.usefixtures("_impatient")
def test_a_refund_is_made_once(razorpay: RazorpayStandIn, dara: Client, evse: Evse, fault: Fault) -> None:
    payment = paid(to_pay(dara, evse, in_minutes=300), razorpay)
    razorpay.arm(fault, REFUND)
    give_up(payment)
    work_until(lambda: Refund.objects.get().status == "succeeded")
    assert len(razorpay.all("refund")) == 1
    assert ends_well(payment, razorpay) == "returned"


def test_nobody_told_us_and_the_poller_finds_it(razorpay: RazorpayStandIn, dara: Client, evse: Evse) -> None:
    payment = to_pay(dara, evse)
    razorpay.pay(payment.gateway_ref)
    razorpay.calls.clear()
    reconcile()
    assert ends_well(payment, razorpay) == "confirmed"


def test_every_webhook_thrice_and_backwards(razorpay: RazorpayStandIn, dara: Client, evse: Evse) -> None:
    payment = to_pay(dara, evse, in_minutes=300)
    razorpay.pay(payment.gateway_ref)
    settle(payment)
    give_up(payment)
    work_until(lambda: Refund.objects.get().status == "succeeded")
    razorpay.calls.reverse()
    assert [call.type for call in razorpay.calls] == [
        "refund.processed", "refund.created", "order.paid", "payment.captured", "payment.authorized",
    ]  # fmt: skip
    assert razorpay.deliver(post, times=3) == [200] * 15
    assert WebhookEvent.objects.count() == 5
    assert ends_well(payment, razorpay) == "returned"


def test_an_order_is_paid_before_its_try_is_authorised(razorpay: RazorpayStandIn, dara: Client, evse: Evse) -> None:
    """As events may come: the last first, the first much later."""
    payment = to_pay(dara, evse)
    razorpay.pay(payment.gateway_ref)
    early, captured, order_paid = razorpay.calls
    razorpay.calls[:] = [order_paid]
    razorpay.deliver(post)
    assert status_of(payment) == "captured"
    razorpay.calls[:] = [captured, early]
    razorpay.deliver(post)
    assert ends_well(payment, razorpay) == "confirmed"
    assert set(WebhookEvent.objects.values_list("state", flat=True)) == {"done"}


class TestTries:
    @pytest.fixture
    def payment(self, razorpay: RazorpayStandIn, dara: Client, evse: Evse) -> Payment:
        return to_pay(dara, evse, in_minutes=300)

    def test_one_that_failed_leaves_the_order_open(self, razorpay: RazorpayStandIn, payment: Payment) -> None:
        razorpay.fail(payment.gateway_ref)
        assert razorpay.deliver(post) == [200]
        assert (status_of(payment), WebhookEvent.objects.get().state) == ("pending", "done")
        assert ends_well(paid(payment, razorpay), razorpay) == "confirmed"

    def test_one_that_failed_is_captured_after_all(self, razorpay: RazorpayStandIn, payment: Payment) -> None:
        tried = razorpay.fail(payment.gateway_ref)
        razorpay.deliver(post)
        razorpay.capture(tried["id"])
        razorpay.deliver(post)
        assert ends_well(payment, razorpay) == "confirmed"

    def test_one_that_is_authorised_late_is_captured_by_us(self, razorpay: RazorpayStandIn, payment: Payment) -> None:
        tried = razorpay.fail(payment.gateway_ref)
        razorpay.authorize_late(tried["id"])
        razorpay.deliver(post)
        assert razorpay.times_asked(r"POST /v1/payments/\w+/capture") == 1
        assert ends_well(payment, razorpay) == "confirmed"

    def test_a_capture_whose_answer_got_lost_is_found(self, razorpay: RazorpayStandIn, payment: Payment) -> None:
        razorpay.authorize(payment.gateway_ref)
        razorpay.arm(Fault.VANISH, r"POST .*/capture")
        razorpay.deliver(post)
        reconcile()
        assert ends_well(payment, razorpay) == "confirmed"

    @pytest.mark.parametrize("differs", [{"amount": 700}, {"currency": "USD"}])
    def test_one_that_does_not_fit_is_not_captured(
        self, razorpay: RazorpayStandIn, payment: Payment, differs: dict[str, object]
    ) -> None:
        tried = razorpay.authorize(payment.gateway_ref, **differs)
        razorpay.deliver(post)
        assert (status_of(payment), tried["captured"]) == ("pending", False)
        razorpay.let_go(tried["id"])
        razorpay.deliver(post)
        assert (status_of(payment), Refund.objects.count()) == ("pending", 0)
        assert ends_well(paid(payment, razorpay), razorpay) == "confirmed"

    def test_one_that_went_back_by_itself_never_was_ours(self, razorpay: RazorpayStandIn, payment: Payment) -> None:
        tried = razorpay.authorize(payment.gateway_ref)
        razorpay.let_go(tried["id"])
        razorpay.deliver(post)
        assert status_of(payment) == "pending"
        assert not WebhookEvent.objects.filter(state="received").exists()
        assert list(RazorpayGateway().movements(clock.now().date())) == []


class TestPaidTwice:
    @pytest.fixture
    def payment(self, razorpay: RazorpayStandIn, dara: Client, evse: Evse) -> Payment:
        return to_pay(dara, evse, in_minutes=300)

    def surplus(self, company: RazorpayStandIn) -> list[dict[str, object]]:
        return [one for one in company.all("refund") if SURPLUS_NOTE in one["notes"]]

    def test_before_we_hear_of_any_the_second_goes_back(self, razorpay: RazorpayStandIn, payment: Payment) -> None:
        razorpay.pay(payment.gateway_ref)
        razorpay.pay(payment.gateway_ref)
        razorpay.deliver(post)
        assert len(self.surplus(razorpay)) == 1
        assert ends_well(payment, razorpay) == "confirmed"

    def test_after_the_booking_is_sure_the_second_goes_back(self, razorpay: RazorpayStandIn, payment: Payment) -> None:
        late = razorpay.fail(payment.gateway_ref)
        paid(payment, razorpay)
        razorpay.capture(late["id"])
        razorpay.deliver(post, times=2)
        assert len(self.surplus(razorpay)) == 1
        assert ends_well(payment, razorpay) == "confirmed"

    def test_after_some_was_refunded_the_other_goes_back(self, razorpay: RazorpayStandIn, payment: Payment) -> None:
        late = razorpay.fail(payment.gateway_ref)
        paid(payment, razorpay)
        give_up(payment)
        work_until(lambda: Refund.objects.get().status == "succeeded")
        razorpay.capture(late["id"])
        razorpay.deliver(post)
        assert [one["payment_id"] for one in self.surplus(razorpay)] == [late["id"]]
        assert Refund.objects.count() == 1
        assert ends_well(payment, razorpay) == "returned"

    def test_an_answer_that_got_lost_sends_nothing_twice(self, razorpay: RazorpayStandIn, payment: Payment) -> None:
        razorpay.pay(payment.gateway_ref)
        razorpay.pay(payment.gateway_ref)
        razorpay.arm(Fault.VANISH, REFUND)
        razorpay.deliver(post)
        reconcile()
        assert len(self.surplus(razorpay)) == 1
        assert ends_well(payment, razorpay) == "confirmed"

    def test_what_cannot_go_back_is_left_to_a_person(self, razorpay: RazorpayStandIn, payment: Payment) -> None:
        razorpay.refunds_refused = "Your account does not have enough balance."
        razorpay.pay(payment.gateway_ref)
        razorpay.pay(payment.gateway_ref)
        razorpay.deliver(post)
        reconcile()
        assert (status_of(payment), payment.review_reason) == ("review", "amount")
        assert payment.captured_minor == money_kept(razorpay) == 2 * payment.amount_minor


class TestLateMoney:
    def test_while_nobody_took_the_slots_it_confirms(self, razorpay: RazorpayStandIn, dara: Client, evse: Evse) -> None:
        payment = to_pay(dara, evse, in_minutes=120)
        with clock.shifted(AFTER_THE_GRACE):
            tried = razorpay.fail(payment.gateway_ref)
            expire_holds()
            razorpay.authorize_late(tried["id"])
            razorpay.deliver(post)
            assert ends_well(payment, razorpay) == "confirmed"

    def test_when_somebody_has_them_it_goes_back(
        self, razorpay: RazorpayStandIn, dara: Client, eli: Client, evse: Evse
    ) -> None:
        payment = to_pay(dara, evse, in_minutes=120)
        with clock.shifted(AFTER_THE_GRACE):
            expire_holds()
            minutes = int((payment.starts_at - clock.now()).total_seconds() // 60)
            held(eli, evse, in_minutes=minutes - 14)
            razorpay.authorize(payment.gateway_ref)
            razorpay.deliver(post)
            work_until(lambda: Refund.objects.get().status == "succeeded")
            assert ends_well(payment, razorpay) == "returned"

    def test_paid_at_the_moment_of_giving_up_it_goes_back(
        self, razorpay: RazorpayStandIn, dara: Client, evse: Evse
    ) -> None:
        payment = to_pay(dara, evse)
        razorpay.pay(payment.gateway_ref)
        razorpay.calls.clear()
        give_up(payment)
        work_until(lambda: Refund.objects.filter(status="succeeded").exists())
        assert ends_well(payment, razorpay) == "returned"

    def test_an_order_that_was_given_up_is_closed_in_our_books(
        self, razorpay: RazorpayStandIn, dara: Client, evse: Evse
    ) -> None:
        payment = to_pay(dara, evse)
        order = razorpay.objects[payment.gateway_ref]
        give_up(payment)
        work_until(lambda: CLOSED_NOTE in order["notes"])
        assert (status_of(payment), order["status"]) == ("cancelled", "created"), "Razorpay cannot close it"
        assert PAYMENT_NOTE in order["notes"]
        assert check_integrity() == []

    def test_paid_after_that_all_the_same_it_goes_back(
        self, razorpay: RazorpayStandIn, dara: Client, evse: Evse
    ) -> None:
        payment = to_pay(dara, evse)
        give_up(payment)
        work_until(lambda: CLOSED_NOTE in razorpay.objects[payment.gateway_ref]["notes"])
        razorpay.pay(payment.gateway_ref)
        razorpay.deliver(post)
        work_until(lambda: Refund.objects.filter(status="succeeded").exists())
        assert ends_well(payment, razorpay) == "returned"


@pytest.mark.parametrize(("lie", "reason"), [({"amount": 1}, "amount"), ({"currency": "USD"}, "currency")])
def test_what_we_did_not_ask_for_goes_to_review(
    razorpay: RazorpayStandIn, dara: Client, evse: Evse, lie: dict[str, object], reason: str
) -> None:
    payment = to_pay(dara, evse)
    razorpay.pay(payment.gateway_ref, **lie)
    razorpay.deliver(post)
    reconcile()
    booking = Booking.objects.get(pk=payment.booking_id)
    assert (status_of(payment), payment.review_reason, booking.is_paid) == ("review", reason, False)


class TestRefunds:
    @pytest.fixture
    def payment(self, razorpay: RazorpayStandIn, dara: Client, evse: Evse) -> Payment:
        return paid(to_pay(dara, evse, in_minutes=300), razorpay)

    @pytest.mark.parametrize(
        ("becomes", "status", "told"),
        [("processed", "succeeded", True), ("failed", "failed", True), ("failed", "failed", False)],
    )
    def test_a_pending_one_is_followed(
        self, razorpay: RazorpayStandIn, payment: Payment, becomes: str, status: str, told: bool
    ) -> None:
        razorpay.refunds_become = "pending"
        give_up(payment)
        work_until(lambda: Refund.objects.get().status == "submitted")
        razorpay.finish_refund(Refund.objects.get().gateway_ref, becomes)
        razorpay.deliver(post) if told else reconcile()
        payment.refresh_from_db()
        assert Refund.objects.get().status == status
        assert payment.refund_reserved_minor == (payment.amount_minor if status == "succeeded" else 0)
        assert check_integrity() == []

    def test_what_razorpay_refuses_is_free_again_for_a_person(
        self, razorpay: RazorpayStandIn, payment: Payment
    ) -> None:
        razorpay.refunds_refused = "Normal refund is not possible: the payment is more than 6 months old."
        give_up(payment)
        work_until(lambda: Refund.objects.get().status == "failed")
        payment.refresh_from_db()
        assert (payment.refund_reserved_minor, razorpay.all("refund")) == (0, [])
        assert check_integrity() == []

    @pytest.mark.parametrize(
        "words",
        ["Your account does not have enough balance to carry out the refund.", "The api key provided is invalid"],
    )
    def test_what_may_become_possible_is_tried_again(
        self, razorpay: RazorpayStandIn, payment: Payment, words: str
    ) -> None:
        razorpay.refunds_refused = words
        give_up(payment)
        work_until(lambda: GatewayCommand.objects.get(kind="refund").attempts >= 2)
        assert Refund.objects.get().status == "requested"
        razorpay.refunds_refused = ""
        work_until(lambda: Refund.objects.get().status == "succeeded")
        assert ends_well(payment, razorpay) == "returned"
