"""An operator closes a booking: everything comes back, once, with the operator's words."""

import datetime as dt
from typing import Any

import pytest
from django.core import mail
from django.test import Client as Visitor

from bookings.charging import complete_sessions, start_session
from bookings.models import Booking, ChargingSession, Client, EcoStat, Evse, SlotClaim
from bookings.refusals import NotCancellable
from evbunker import clock
from evbunker.models import Change
from payments import outbox
from payments.cancelling import cancel_booking
from payments.closing import ClosingChanged, ReasonMissing, close_booking, goes_back_minor
from payments.integrity import check_integrity
from payments.models import GatewayCommand, Payment, Refund, SandboxPayment
from payments.refunding import request_refund
from payments.settling import settle
from tests.booking_steps import decide, held, paid, pending
from tests.bookings.test_hold_races import at_once

NOTE = "The cable was cut. We are sorry."


@pytest.fixture
def booking(dara: Client, evse: Evse) -> Booking:
    """Paid, and an hour ahead: of a cancellation by the driver half would come back."""
    return paid(dara, evse)


def close(booking: Booking, opal: Client, **more: Any) -> bool:
    return close_booking(booking=Booking.objects.get(pk=booking.pk), actor=opal, note=NOTE, **more)


def money(booking: Booking) -> tuple[str, int, int]:
    booking.refresh_from_db()
    payment = Payment.objects.get(booking=booking, captured_minor__gt=0)
    return booking.status, payment.refund_reserved_minor, payment.refunded_minor


def page_of(client: Visitor, booking: Booking, dara: Client) -> str:
    client.force_login(dara)
    return " ".join(client.get(f"/bookings/{booking.pk}/").content.decode().split())


class TestWhatItDoes:
    def test_whatever_the_policy_says_everything_comes_back(
        self, booking: Booking, opal: Client, dara: Client, client: Visitor
    ) -> None:
        quote = booking.quote_minor
        with clock.moved_to(booking.starts_at - dt.timedelta(minutes=30)):
            assert goes_back_minor(booking) == quote
            assert close(booking, opal, shown_minor=quote)
            assert money(booking) == ("cancelled", quote, 0)
            assert not SlotClaim.objects.filter(booking=booking).exists()
            assert not EcoStat.objects.exists()
            mail.outbox.clear()
            outbox.work_outbox()
            outbox.work_outbox()
        assert money(booking) == ("cancelled", quote, quote)
        assert (Refund.objects.get().reason, Refund.objects.get().note) == ("closed", NOTE)
        noted = Change.objects.get(action="booking.closed")
        assert (noted.actor, noted.reason, noted.before) == (opal.email, NOTE, {"status": "confirmed"})
        [letter] = [one for one in mail.outbox if one.subject.startswith("Closed by the operator: Harbour")]
        assert (letter.to, NOTE in letter.body, "€13.00" in letter.body) == ([dara.email], True, True)
        html = page_of(client, booking, dara)
        assert "The operator closed this booking." in html
        assert f"The operator writes: “{NOTE}”" in html
        assert "€13.00 was sent back to you" in html
        assert check_integrity() == []

    def test_once(self, booking: Booking, opal: Client) -> None:
        assert [close(booking, opal), close(booking, opal)] == [True, False]
        assert (Refund.objects.count(), Change.objects.filter(action="booking.closed").count()) == (1, 1)
        assert GatewayCommand.objects.filter(kind="closed_email").count() == 1

    def test_what_was_given_before_is_not_given_twice(self, booking: Booking, opal: Client) -> None:
        payment = Payment.objects.get(booking=booking)
        request_refund(payment=payment, amount_minor=300, reason=Refund.Reason.OPERATOR, once="kind", actor=opal)
        assert goes_back_minor(booking) == booking.quote_minor - 300
        close(booking, opal)
        assert money(booking)[1] == booking.quote_minor
        assert check_integrity() == []

    def test_a_hold_is_free_again_and_its_attempt_over(
        self, dara: Client, eli: Client, evse: Evse, opal: Client, client: Visitor
    ) -> None:
        booking = held(dara, evse)
        payment = pending(booking)
        assert close(booking, opal)
        outbox.work_outbox()
        booking.refresh_from_db()
        payment.refresh_from_db()
        assert (booking.status, payment.status) == ("cancelled", "cancelled")
        assert SandboxPayment.objects.get().outcome == "cancelled"
        assert held(eli, evse).starts_at == booking.starts_at
        html = page_of(client, booking, dara)
        assert "The operator closed this booking." in html
        assert f"Nothing was charged. The operator writes: “{NOTE}”" in html
        assert NOTE in mail.outbox[0].body
        assert check_integrity() == []

    def test_money_that_came_for_a_closed_hold_goes_back(self, dara: Client, evse: Evse, opal: Client) -> None:
        booking = held(dara, evse)
        payment = pending(booking)
        decide(payment)
        close(booking, opal)
        settle(payment)
        assert money(booking)[:2] == ("cancelled", payment.amount_minor)
        assert check_integrity() == []

    def test_one_that_began_and_was_not_used(self, booking: Booking, opal: Client) -> None:
        with clock.moved_to(booking.starts_at + dt.timedelta(minutes=5)):
            assert close(booking, opal)
        with clock.moved_to(booking.ends_at):
            complete_sessions()
            outbox.work_outbox()
        assert money(booking)[:2] == ("cancelled", booking.quote_minor)
        assert check_integrity() == []

    def test_what_is_charging_stops_and_costs_nothing(
        self, booking: Booking, dara: Client, opal: Client, evse: Evse, client: Visitor
    ) -> None:
        with clock.moved_to(booking.starts_at):
            start_session(booking=booking, actor=dara)
        with clock.moved_to(booking.starts_at + dt.timedelta(minutes=10)):
            assert close(booking, opal)
            assert not close(booking, opal)
        with clock.moved_to(booking.ends_at):
            for _run in range(2):
                outbox.work_outbox()
        assert money(booking) == ("completed", booking.quote_minor, booking.quote_minor)
        assert ChargingSession.objects.get().status == "completed"
        assert Evse.objects.get(pk=evse.pk).status == "available"
        html = page_of(client, booking, dara)
        assert "The operator closed this booking." in html
        assert "You charged 10.0 kWh." in html
        assert check_integrity() == []


class TestRefusals:
    def test_what_has_ended_is_not_closed(self, booking: Booking, dara: Client, opal: Client) -> None:
        cancel_booking(booking=booking, actor=dara)
        with pytest.raises(NotCancellable):
            close(booking, opal)
        assert Refund.objects.count() == 1

    @pytest.mark.parametrize("note", ["", "  x ", "x" * 301])
    def test_it_needs_a_reason(self, booking: Booking, opal: Client, note: str) -> None:
        with pytest.raises(ReasonMissing):
            close_booking(booking=booking, actor=opal, note=note)
        assert money(booking) == ("confirmed", 0, 0)

    def test_an_operator_who_saw_another_amount_is_asked_again(self, booking: Booking, opal: Client) -> None:
        with pytest.raises(ClosingChanged, match="€13"):
            close(booking, opal, shown_minor=1)
        assert money(booking) == ("confirmed", 0, 0)


class TestAtOnce:
    @pytest.mark.race
    def test_operators_and_driver_send_it_back_once(self, booking: Booking, dara: Client, opal: Client) -> None:
        def give_up() -> None:
            cancel_booking(booking=Booking.objects.get(pk=booking.pk), actor=dara)

        at_once([lambda: close(booking, opal)] * 6 + [give_up] * 6)
        assert Refund.objects.count() == 1
        assert money(booking)[0] == "cancelled"

    @pytest.mark.race
    def test_a_capture_and_a_closing_leave_no_money_behind(self, dara: Client, evse: Evse, opal: Client) -> None:
        booking = held(dara, evse)
        payment = pending(booking)
        decide(payment)
        at_once([
            *[lambda: settle(Payment.objects.get(pk=payment.pk))] * 4,
            *[lambda: close(booking, opal)] * 4,
        ])  # fmt: skip
        settle(Payment.objects.get(pk=payment.pk))
        assert money(booking)[:2] == ("cancelled", payment.amount_minor)
        assert Refund.objects.count() == 1

    def test_dying_in_the_middle_leaves_the_booking_as_it_was(
        self, booking: Booking, opal: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def dies(**_arguments: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr("payments.closing.request_refund", dies)
            with pytest.raises(KeyboardInterrupt):
                close(booking, opal)
        assert money(booking) == ("confirmed", 0, 0)
        assert check_integrity() == []


class TestTheApi:
    def post(self, client: Visitor, booking: Booking, who: Client, **body: str) -> Any:
        client.force_login(who)
        return client.post(f"/api/v1/bookings/{booking.pk}/close", body, content_type="application/json")

    def test_operators_close_as_often_as_they_click(self, client: Visitor, booking: Booking, opal: Client) -> None:
        answers = [self.post(client, booking, opal, note=NOTE) for _click in range(2)]
        assert [(answer.status_code, answer.json()["status"]) for answer in answers] == [(200, "cancelled")] * 2
        assert Refund.objects.count() == 1

    @pytest.mark.parametrize(("who", "status"), [("vera", 403), ("dara", 404), ("eli", 404)])
    def test_nobody_else_does(
        self, client: Visitor, booking: Booking, who: str, status: int, request: pytest.FixtureRequest
    ) -> None:
        assert self.post(client, booking, request.getfixturevalue(who), note=NOTE).status_code == status
        assert money(booking) == ("confirmed", 0, 0)

    def test_it_says_what_is_wrong(self, client: Visitor, booking: Booking, opal: Client) -> None:
        assert self.post(client, booking, opal, note="").status_code == 422
        cancel_booking(booking=booking, actor=booking.client)
        refused = self.post(client, booking, opal, note=NOTE)
        assert (refused.status_code, refused.json()["code"]) == (409, "not_cancellable")


class TestTheAdmin:
    def page(self, booking: Booking) -> str:
        return f"/admin/bookings/booking/{booking.pk}/close/"

    def text(self, answer: Any) -> str:
        return " ".join(answer.content.decode().split())

    def test_it_says_what_goes_back_and_asks_why(self, client: Visitor, booking: Booking, opal: Client) -> None:
        client.force_login(opal)
        record = self.text(client.get(f"/admin/bookings/booking/{booking.pk}/change/"))
        assert self.page(booking) in record
        html = self.text(client.get(self.page(booking)))
        assert "The driver gets <strong>€13.00</strong> back" in html
        assert f'name="shown_minor" value="{booking.quote_minor}"' in html
        answer = client.post(self.page(booking), {"note": NOTE, "shown_minor": booking.quote_minor}, follow=True)
        assert "The booking is closed." in self.text(answer)
        assert money(booking)[:2] == ("cancelled", booking.quote_minor)
        again = client.post(self.page(booking), {"note": NOTE, "shown_minor": booking.quote_minor}, follow=True)
        assert again.status_code == 200
        assert Refund.objects.count() == 1

    def test_another_amount_is_shown_first(self, client: Visitor, booking: Booking, opal: Client) -> None:
        client.force_login(opal)
        html = self.text(client.post(self.page(booking), {"note": NOTE, "shown_minor": 5}))
        assert "Meanwhile what goes back has become €13.00." in html
        assert f'name="shown_minor" value="{booking.quote_minor}"' in html
        assert NOTE in html
        assert "Say why" in self.text(client.post(self.page(booking), {"note": "", "shown_minor": 1300}))
        assert money(booking) == ("confirmed", 0, 0)

    def test_what_is_over_has_no_form(self, client: Visitor, booking: Booking, opal: Client, dara: Client) -> None:
        cancel_booking(booking=booking, actor=dara)
        client.force_login(opal)
        assert client.get("/admin/bookings/booking/nonsense/close/").status_code == 404
        html = self.text(client.get(self.page(booking)))
        assert "This booking is over" in html
        assert 'name="note"' not in html

    def test_viewers_do_not_get_there(self, client: Visitor, booking: Booking, vera: Client, dara: Client) -> None:
        client.force_login(vera)
        assert self.page(booking) not in self.text(client.get(f"/admin/bookings/booking/{booking.pk}/change/"))
        assert client.get(self.page(booking)).status_code == 403
        assert client.post(self.page(booking), {"note": NOTE, "shown_minor": 1300}).status_code == 403
        client.force_login(dara)
        assert client.post(self.page(booking), {"note": NOTE, "shown_minor": 1300}).status_code == 404
        assert money(booking) == ("confirmed", 0, 0)
