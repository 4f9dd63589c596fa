"""Beginning to pay gives a hold more time, once; with hardly any left nobody begins."""

import datetime as dt
from typing import Any

import pytest
from django.conf import settings as configured
from django.test import Client as Visitor

from bookings.holding import cancel_hold, expire_hold
from bookings.models import Booking, Client, Evse
from bookings.refusals import HoldExpired, NotPayable
from evbunker import clock
from evbunker.models import Change
from evbunker.moments import format_time
from payments.integrity import check_integrity
from payments.models import Payment, SandboxPayment
from payments.settling import settle
from tests.booking_steps import decide, held, pending
from tests.bookings.test_hold_races import at_once

HOLD = dt.timedelta(seconds=configured.BOOKING_HOLD_SECONDS)
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def booking(dara: Client, evse: Evse) -> Booking:
    return held(dara, evse)


def deadline(booking: Booking) -> dt.datetime:
    booking.refresh_from_db()
    assert booking.expires_at is not None
    return booking.expires_at


def test_beginning_to_pay_begins_the_time_anew(booking: Booking) -> None:
    with clock.moved_to(deadline(booking) - 3 * MINUTE):
        pending(booking)
        assert deadline(booking) == clock.now() + HOLD
        assert booking.paying_since == clock.now()
    assert SandboxPayment.objects.get().pay_before == booking.expires_at
    assert Change.objects.get(action="booking.hold_extended").after == {"expires_at": booking.expires_at.isoformat()}
    assert check_integrity() == []


def test_it_does_so_once(booking: Booking) -> None:
    first = pending(booking)
    until = deadline(booking)
    decide(first, "fail")
    settle(first)
    with clock.shifted(5 * MINUTE):
        second = pending(booking)
    assert (second.pk != first.pk, deadline(booking)) == (True, until)


def test_it_takes_no_time_away(booking: Booking) -> None:
    Booking.objects.filter(pk=booking.pk).update(expires_at=clock.now() + 2 * HOLD)
    before = deadline(booking)
    pending(booking)
    assert deadline(booking) == before


def test_no_hold_outlasts_the_booked_time(dara: Client, evse: Evse) -> None:
    booking = held(dara, evse, in_minutes=1, minutes=15, energy_wh=5_000)
    with clock.moved_to(booking.ends_at - 4 * MINUTE):
        Booking.objects.filter(pk=booking.pk).update(expires_at=clock.now() + 2 * MINUTE)
        booking.refresh_from_db()
        pending(booking)
        assert deadline(booking) == booking.ends_at


def test_with_hardly_any_time_left_nobody_begins(booking: Booking) -> None:
    with clock.moved_to(deadline(booking) - dt.timedelta(seconds=59)), pytest.raises(HoldExpired, match="Too little"):
        pending(booking)
    assert not Payment.objects.exists()
    with clock.moved_to(deadline(booking) - dt.timedelta(seconds=60)):
        assert pending(booking).status == "pending"


def test_a_short_hold_can_be_paid_in_its_first_half(dara: Client, evse: Evse, settings: Any) -> None:
    settings.BOOKING_HOLD_SECONDS = 20
    booking = held(dara, evse)
    with clock.moved_to(deadline(booking) - dt.timedelta(seconds=9)), pytest.raises(HoldExpired):
        pending(booking)
    with clock.moved_to(deadline(booking) - dt.timedelta(seconds=10)):
        pending(booking)


def test_an_attempt_under_way_goes_on_until_the_last_second(booking: Booking) -> None:
    first = pending(booking)
    with clock.moved_to(deadline(booking) - dt.timedelta(seconds=1)):
        assert pending(booking) == first
    with clock.moved_to(deadline(booking)), pytest.raises(HoldExpired):
        pending(booking)


def test_a_hold_that_was_given_up_meanwhile_is_not_payable(booking: Booking, dara: Client) -> None:
    cancel_hold(booking=Booking.objects.get(pk=booking.pk), actor=dara)
    with pytest.raises(NotPayable):
        pending(booking)
    booking.refresh_from_db()
    assert (booking.status, booking.paying_since, Payment.objects.count()) == ("cancelled", None, 0)


@pytest.mark.race
def test_of_many_first_clicks_one_gives_time(booking: Booking) -> None:
    assert at_once([lambda: pending(booking) for _ in range(16)])["won"] >= 1
    assert Change.objects.filter(action="booking.hold_extended").count() == 1


@pytest.mark.race
def test_the_sweeper_and_the_first_click_at_once(booking: Booking) -> None:
    """The clock of the sweeper runs ahead: only then can both find the hold theirs."""
    early = [lambda: pending(booking) for _ in range(4)]

    def sweep() -> None:
        with clock.moved_to(booking.expires_at + MINUTE):
            expire_hold(booking)

    at_once([*early, *[sweep] * 4])
    booking.refresh_from_db()
    extended = booking.paying_since is not None
    assert Payment.objects.filter(booking=booking).exists() == extended


def test_the_driver_is_told_until_when(client: Visitor, booking: Booking, dara: Client) -> None:
    client.force_login(dara)
    page = f"/bookings/{booking.pk}/"
    with clock.moved_to(deadline(booking) - 3 * MINUTE):
        client.post(f"{page}pay/", {"gateway": "sandbox"})
        html = client.get(page).content.decode()
        until = format_time(deadline(booking), booking.zone)
        assert f"You have until {until} to pay." in html
        assert f'ends-at="{booking.expires_at.isoformat()}"' in html
        assert client.get(f"/api/v1{page[:-1]}").json()["expires_at"] == f"{booking.expires_at:%Y-%m-%dT%H:%M:%SZ}"
        gateway_s = client.get(f"/payments/sandbox/{Payment.objects.get().gateway_ref}/").content.decode()
    assert f"Pay before {booking.expires_at:%H:%M}" in gateway_s


def test_page_and_api_refuse_the_last_minute_with_a_sentence(client: Visitor, booking: Booking, dara: Client) -> None:
    client.force_login(dara)
    with clock.moved_to(deadline(booking) - dt.timedelta(seconds=30)):
        page = client.post(f"/bookings/{booking.pk}/pay/", {"gateway": "sandbox"})
        api = client.post(
            f"/api/v1/bookings/{booking.pk}/payments", {"gateway": "sandbox"}, content_type="application/json"
        )
    assert (page.status_code, api.status_code, api.json()["code"]) == (409, 409, "hold_expired")
    for answer in (page, api):
        assert "Too little time is left to pay for this booking." in answer.content.decode()
