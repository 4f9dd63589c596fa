"""What costs nothing is confirmed at once, once, without a gateway, a receipt or a refund."""

import datetime as dt
from typing import Any

import pytest
from django.core import mail
from django.test import Client as Visitor

from bookings.charging import start_session, stop_session
from bookings.models import Booking, ChargingSession, Client, Evse, Tariff
from bookings.refusals import HoldExpired, Paid
from evbunker import clock
from payments import outbox
from payments.cancelling import cancel_booking
from payments.closing import close_booking
from payments.integrity import check_integrity
from payments.models import GatewayCommand, Payment, PaymentEvent, Receipt, Refund, SandboxPayment
from payments.starting import start_payment
from tests.booking_steps import held
from tests.bookings.test_hold_races import at_once

NOTHING = {"session_fee_minor": 0, "per_hour_minor": 0, "per_kwh_minor": 0, "idle_per_minute_minor": 0}


@pytest.fixture
def booking(dara: Client, evse: Evse, tariff: Tariff) -> Booking:
    Tariff.objects.filter(pk=tariff.pk).update(**NOTHING)
    made = held(dara, evse)
    assert made.quote_minor == 0
    return made


def test_the_page_confirms_it_with_one_click(client: Visitor, booking: Booking, dara: Client, settings: Any) -> None:
    settings.PAYMENT_GATEWAYS = []
    client.force_login(dara)
    page = f"/bookings/{booking.pk}/"
    html = client.get(page).content.decode()
    assert "Confirm: it costs nothing" in html
    assert "It costs nothing: confirm it" in html
    assert "has not set up any way to pay" not in html
    assert "You get everything back" not in html
    answer = client.post(f"{page}pay/")
    assert (answer.status_code, answer.headers["Location"]) == (303, page)
    html = client.get(page).content.decode()
    assert "Confirmed: EVSE 1 is yours." in html
    assert "Give up this booking" in html
    assert "Give it up for nothing" not in html
    payment = Payment.objects.get()
    assert (payment.status, payment.gateway, payment.amount_minor) == ("captured", "free", 0)
    assert not SandboxPayment.objects.exists()
    assert not Receipt.objects.exists()
    assert client.get("/payments/").status_code == 200
    outbox.work_outbox()
    letter = mail.outbox[0]
    assert "It costs nothing." in letter.body
    assert "no money has moved" not in letter.body
    assert not GatewayCommand.objects.filter(state="waiting", kind="create").exists()
    assert check_integrity() == []


def test_the_api_does_so_once(client: Visitor, booking: Booking, dara: Client) -> None:
    client.force_login(dara)
    call = f"/api/v1/bookings/{booking.pk}/payments"
    said = {"data": {"gateway": "sandbox"}, "content_type": "application/json"}
    first = client.post(call, **said, headers={"Idempotency-Key": "one"})
    again = client.post(call, **said, headers={"Idempotency-Key": "one"})
    other = client.post(call, **said)
    assert (first.status_code, first.json()["status"], first.json()["pay_url"]) == (201, "captured", "")
    assert (again.json(), other.status_code, other.json()["code"]) == (first.json(), 409, "paid")
    assert client.get(f"/api/v1/bookings/{booking.pk}").json()["status"] == "confirmed"
    assert PaymentEvent.objects.filter(kind="captured").count() == 1


@pytest.mark.race
def test_twenty_clicks_confirm_it_once(booking: Booking) -> None:
    def click() -> None:
        start_payment(booking=Booking.objects.get(pk=booking.pk), gateway="")

    outcome = at_once([click] * 20)
    assert set(outcome) <= {"won", "paid", "busy"}
    assert Payment.objects.count() == ChargingSession.objects.count() == 1


def test_one_that_is_over_is_refused(booking: Booking) -> None:
    with clock.moved_to(booking.expires_at), pytest.raises(HoldExpired):
        start_payment(booking=booking, gateway="")
    start_payment(booking=booking, gateway="")
    booking.refresh_from_db()
    with pytest.raises(Paid):
        start_payment(booking=booking, gateway="")
    assert Payment.objects.count() == 1


@pytest.mark.parametrize("end", ["used", "given up", "closed"])
def test_nothing_comes_back_of_nothing(booking: Booking, dara: Client, opal: Client, client: Visitor, end: str) -> None:
    start_payment(booking=booking, gateway="")
    if end == "given up":
        cancel_booking(booking=booking, actor=dara, shown_minor=0)
    elif end == "closed":
        close_booking(booking=booking, actor=opal, note="Roadworks.")
    else:
        with clock.moved_to(booking.starts_at):
            start_session(booking=booking, actor=dara)
        with clock.moved_to(booking.starts_at + dt.timedelta(minutes=10)):
            stop_session(booking=booking, actor=dara)
    with clock.moved_to(booking.ends_at):
        outbox.work_outbox()
    client.force_login(dara)
    html = client.get(f"/bookings/{booking.pk}/").content.decode()
    assert ("Nothing was charged." in html) == (end != "used")
    assert not Refund.objects.exists()
    assert not GatewayCommand.objects.exclude(last_error="").exists()
    assert check_integrity() == []
