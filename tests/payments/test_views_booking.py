"""One booking's page and what its driver does there, without JavaScript; and the list of payments."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.conf import settings as configured
from django.core import mail
from django.test import Client as Visitor

from bookings.charging import complete_sessions
from bookings.models import Booking, ChargingSession, Client, Evse
from evbunker import clock
from evbunker.live import Event, publish
from evbunker.money import format_money
from payments.gateways.base import GatewayDown
from payments.gateways.sandbox import SandboxGateway
from payments.models import Payment
from tests.booking_steps import decide, held, paid, pending

HOLD = dt.timedelta(seconds=configured.BOOKING_HOLD_SECONDS)
ACTIONS = ("pay", "cancel", "start", "stop")


@pytest.fixture
def booking(dara: Client, evse: Evse) -> Booking:
    """Dara's hold, an hour from now."""
    return held(dara, evse)


@pytest.fixture
def visitor(client: Visitor, dara: Client) -> Visitor:
    """Dara's."""
    client.force_login(dara)
    return client


def page(booking: Booking, action: str = "") -> str:
    return f"/bookings/{booking.pk}/{action and action + '/'}"


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


@contextmanager
def at(moment: dt.datetime) -> Iterator[None]:
    """The clock of every thread at `moment`; the cache's own clock is not ours to move, so what it keeps goes stale."""
    with clock.shifted(moment - clock.now()):
        let_panels_go_stale()
        yield
    let_panels_go_stale()


def let_panels_go_stale() -> None:
    for client in Client.objects.all():
        publish(Event("booking_update", client=client.pk))


# -- Who may see and do what ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stranger", ["eli", "opal"])
def test_it_is_there_for_its_client_only(
    client: Visitor, booking: Booking, stranger: str, request: pytest.FixtureRequest
) -> None:
    client.force_login(request.getfixturevalue(stranger))

    assert client.get(page(booking)).status_code == 404
    assert client.get(page(booking) + "calendar.ics").status_code == 404
    assert [client.post(page(booking, action), {"gateway": "sandbox"}).status_code for action in ACTIONS] == [404] * 4
    assert client.get(f"/live/panels/booking:{booking.pk}/").status_code == 404
    booking.refresh_from_db()
    assert booking.status == "held"
    assert not Payment.objects.exists()


def test_who_is_signed_out_comes_back_to_the_page(client: Visitor, booking: Booking) -> None:
    for address in (page(booking), page(booking, "pay"), page(booking, "cancel")):
        answer = client.get(address) if address == page(booking) else client.post(address)
        assert answer.status_code == 302
        assert answer.headers["Location"] == f"/accounts/login/?next={page(booking)}"


def test_what_changes_something_takes_post_with_a_token_only(booking: Booking, dara: Client) -> None:
    strict = Visitor(enforce_csrf_checks=True)
    strict.force_login(dara)

    assert [strict.get(page(booking, action)).status_code for action in ACTIONS] == [405] * 4
    assert [strict.post(page(booking, action)).status_code for action in ACTIONS] == [403] * 4


# -- Paying -----------------------------------------------------------------------------------------------------------


def test_a_hold_shows_its_deadline_and_price(visitor: Visitor, booking: Booking) -> None:
    html = text_of(visitor.get(page(booking)))

    assert "EVSE 1 is held for you." in html
    assert f'ends-at="{booking.expires_at.isoformat()}"' in html
    assert "20.0 kWh at €0.45 a kWh" in html
    assert "Pay €13.00 with made-up money" in html
    assert "Until you pay, cancelling costs nothing." in html


def test_paying_the_whole_way(visitor: Visitor, booking: Booking) -> None:
    to_pay = visitor.post(page(booking, "pay"), {"gateway": "sandbox"})
    assert to_pay.status_code == 303
    assert to_pay.headers["Location"] == Payment.objects.get().pay_url

    back = visitor.post(to_pay.headers["Location"].removeprefix(configured.SITE_URL), {"outcome": "pay"})
    html = text_of(visitor.get(back.headers["Location"].removeprefix(configured.SITE_URL)))

    assert "Confirmed: EVSE 1 is yours." in html
    assert "What you paid" in html
    assert "calendar.ics" in html
    assert Payment.objects.get().status == "captured"
    message = mail.outbox[0] if mail.outbox else None
    assert message is None or message.to == ["dara@example.org"]


def test_a_driver_who_comes_back_without_paying_can_go_on(visitor: Visitor, booking: Booking) -> None:
    visitor.post(page(booking, "pay"), {"gateway": "sandbox"})

    html = text_of(visitor.get(page(booking)))

    assert "Waiting for your payment." in html
    assert f'href="{Payment.objects.get().pay_url}"' in html


def test_a_failed_payment_can_be_tried_again(visitor: Visitor, booking: Booking) -> None:
    decide(pending(booking), "fail")

    assert "That payment did not go through." in text_of(visitor.get(page(booking)))
    assert visitor.post(page(booking, "pay"), {"gateway": "sandbox"}).status_code == 303
    assert Payment.objects.count() == 2


def test_a_silent_gateway_does_not_break_the_page(
    visitor: Visitor, booking: Booking, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide(pending(booking))

    def silent(self: object, ref: str) -> None:
        raise GatewayDown("no answer")

    monkeypatch.setattr(SandboxGateway, "look_up", silent)

    html = text_of(visitor.get(page(booking)))
    assert "We could not reach the payment service just now." in html
    assert "Waiting for your payment." in html


def test_a_payment_that_the_gateway_does_not_know_yet_is_prepared(
    visitor: Visitor, booking: Booking, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(self: object, request: object) -> None:
        raise GatewayDown("no answer")

    monkeypatch.setattr(SandboxGateway, "create", silent)

    answer = visitor.post(page(booking, "pay"), {"gateway": "sandbox"})

    assert (answer.status_code, answer.headers["Location"]) == (303, page(booking))
    assert "We are preparing your payment." in text_of(visitor.get(page(booking)))


def test_the_hold_is_over_when_its_time_is(visitor: Visitor, booking: Booking) -> None:
    with at(booking.expires_at):
        html = text_of(visitor.get(page(booking)))
        refused = visitor.post(page(booking, "pay"), {"gateway": "sandbox"})

    assert "The time to pay for this booking is over." in html
    assert "count-down" not in html
    assert "Book again" in html
    assert refused.status_code == 409
    assert "The time to pay for this booking is over. Please book again." in text_of(refused)


def test_money_that_came_too_late_is_said_to_go_back(
    visitor: Visitor, booking: Booking, eli: Client, evse: Evse
) -> None:
    decide(pending(booking), "pay_late")
    with clock.shifted(HOLD + dt.timedelta(minutes=1)):
        minutes = int((booking.starts_at - clock.now()).total_seconds()) // 60
        held(eli, evse, in_minutes=minutes)
        html = text_of(visitor.get(page(booking)))

    assert "Your payment came when the time was no longer free." in html
    assert f"{format_money(booking.quote_minor, 'EUR')} is on its way back to you." in html


def test_an_unknown_gateway_is_refused_on_the_page(visitor: Visitor, booking: Booking) -> None:
    answer = visitor.post(page(booking, "pay"), {"gateway": "stripe"})

    assert answer.status_code == 422
    assert "This way to pay is not offered here." in text_of(answer)


def test_too_many_tries_to_pay_are_refused(visitor: Visitor, booking: Booking, settings: Any) -> None:
    settings.RATE_LIMITS = {"pay": (0, 60)}

    answer = visitor.post(page(booking, "pay"), {"gateway": "sandbox"})

    assert (answer.status_code, int(answer.headers["Retry-After"]) > 0) == (429, True)


def test_an_unconfirmed_address_cannot_pay_where_mail_is_sent(
    visitor: Visitor, booking: Booking, settings: Any
) -> None:
    settings.EMAIL_VERIFIED_TO_PAY = True

    html = text_of(visitor.get(page(booking)))
    answer = visitor.post(page(booking, "pay"), {"gateway": "sandbox"})

    assert "Confirm your e-mail address before you pay" in html
    assert "with made-up money" not in html
    assert answer.status_code == 403
    assert not Payment.objects.exists()


def test_without_a_gateway_the_page_says_so(visitor: Visitor, booking: Booking, settings: Any) -> None:
    settings.SANDBOX_ALLOWED = False

    assert "The operator has not set up any way to pay yet" in text_of(visitor.get(page(booking)))


# -- Giving up, charging ----------------------------------------------------------------------------------------------


def test_an_unpaid_booking_is_given_up_and_so_is_its_payment(visitor: Visitor, booking: Booking) -> None:
    pending(booking)

    answer = visitor.post(page(booking, "cancel"))

    assert (answer.status_code, answer.headers["Location"]) == (303, page(booking))
    html = text_of(visitor.get(page(booking)))
    assert "This booking was cancelled. Nothing was charged." in html.replace('</h2> <p class="muted">', " ")
    assert Payment.objects.get().status == "cancelled"
    assert visitor.post(page(booking, "cancel")).status_code == 303


def test_a_paid_booking_is_given_up_for_the_amount_that_was_shown(visitor: Visitor, dara: Client, evse: Evse) -> None:
    booking = paid(dara, evse, in_minutes=300)
    quote = booking.quote_minor

    html = text_of(visitor.get(page(booking)))
    shown = {"comes_back_minor": str(quote)}
    late = booking.starts_at - clock.now() - dt.timedelta(minutes=30)
    with clock.shifted(late):
        refused = visitor.post(page(booking, "cancel"), shown)
    answer = visitor.post(page(booking, "cancel"), shown)

    assert f'name="comes_back_minor" value="{quote}"' in html
    assert f"Give it up for {format_money(quote, 'EUR')}" in html
    assert refused.status_code == 409
    assert f"Meanwhile what comes back to you has become {format_money(-(-quote // 2), 'EUR')}" in text_of(refused)
    assert answer.status_code == 303
    html = text_of(visitor.get(page(booking)))
    assert f"{format_money(quote, 'EUR')} is on its way back to you." in html
    assert "Give up this booking" not in html


def test_a_booking_that_has_begun_is_not_given_up(visitor: Visitor, dara: Client, evse: Evse) -> None:
    booking = paid(dara, evse)
    with clock.shifted(booking.starts_at - clock.now()):
        html = text_of(visitor.get(page(booking)))
        answer = visitor.post(page(booking, "cancel"))
    assert "Give up this booking" not in html
    assert answer.status_code == 409


def test_charging_starts_when_its_time_has_come_and_stops(visitor: Visitor, dara: Client, evse: Evse) -> None:
    booking = paid(dara, evse)
    assert "Start charging" not in text_of(visitor.get(page(booking)))
    early = visitor.post(page(booking, "start"))
    assert (early.status_code, "Your booked time has not begun yet." in text_of(early)) == (409, True)

    with at(booking.starts_at):
        assert "Your time has come. Plug in at EVSE 1 and start." in text_of(visitor.get(page(booking)))
        assert visitor.post(page(booking, "start")).status_code == 303
        assert visitor.post(page(booking, "start")).status_code == 303
    with at(booking.starts_at + dt.timedelta(minutes=10, seconds=30)):
        html = text_of(visitor.get(page(booking)))
        assert "Charging since" in html
        assert "11.0 kWh" in html  # a minute that began counts
        assert visitor.post(page(booking, "stop")).status_code == 303
        html = text_of(visitor.get(page(booking)))

    assert "You charged 11.0 kWh." in html
    assert "estimated" in html
    assert "See what it saved" in html
    assert ChargingSession.objects.get().status == "completed"


def test_what_is_not_charging_cannot_be_stopped(visitor: Visitor, dara: Client, evse: Evse) -> None:
    answer = visitor.post(page(paid(dara, evse), "stop"))

    assert (answer.status_code, "There is no charging session to stop." in text_of(answer)) == (409, True)


def test_a_booking_that_nobody_used_says_so_before_the_job_does(visitor: Visitor, dara: Client, evse: Evse) -> None:
    booking = paid(dara, evse)
    with at(booking.ends_at):
        before = text_of(visitor.get(page(booking)))
        complete_sessions()
        after = text_of(visitor.get(page(booking)))

    assert "Nobody started charging in this time." in before
    assert "Nobody started charging in this time." in after


def test_the_calendar_file(visitor: Visitor, booking: Booking) -> None:
    answer = visitor.get(page(booking) + "calendar.ics")

    assert answer.headers["Content-Type"].startswith("text/calendar")
    assert b"BEGIN:VEVENT" in answer.content


# -- Figures ----------------------------------------------------------------------------------------------------------


def test_it_costs_few_queries(visitor: Visitor, dara: Client, evse: Evse, django_assert_max_num_queries: Any) -> None:
    booking = paid(dara, evse)
    with django_assert_max_num_queries(15):
        visitor.get(page(booking))


# -- The confirmation -------------------------------------------------------------------------------------------------


def test_the_confirmation_says_all_one_needs_on_the_way(dara: Client, evse: Evse) -> None:
    from payments.outbox import work_outbox

    booking = paid(dara, evse)
    work_outbox()

    message = mail.outbox[0]
    assert message.to == ["dara@example.org"]
    body = " ".join(str(message.body).split())
    start = booking.starts_at.astimezone(booking.zone)
    for fact in (
        "Hello Dara", "Harbour, Berlin", f"{start:%H:%M}", "Europe/Berlin", "up to 20.0 kWh", "Total: €13.00",
        "no money has moved", f"{configured.SITE_URL}/bookings/{booking.pk}/",
    ):  # fmt: skip
        assert fact in body
    assert "&" not in body
    assert [attachment[0].rsplit(".")[-1] for attachment in message.attachments] == ["ics", "pdf"]


# -- Payments ---------------------------------------------------------------------------------------------------------


def test_my_payments_and_nobody_elses(visitor: Visitor, dara: Client, eli: Client, evse: Evse) -> None:
    paid(dara, evse)
    paid(eli, evse, in_minutes=300, energy_wh=1_000)

    html = text_of(visitor.get("/payments/"))

    assert "€13.00" in html
    assert "€4.45" not in html


def test_no_payments_yet(visitor: Visitor) -> None:
    assert "No payments yet" in text_of(visitor.get("/payments/"))


def test_payments_need_signing_in(client: Visitor) -> None:
    assert client.get("/payments/").status_code == 302


def test_payments_come_by_pages(visitor: Visitor, booking: Booking, django_assert_max_num_queries: Any) -> None:
    for _n in range(51):
        decide(pending(booking), "fail")
        visitor.get(page(booking))
    with django_assert_max_num_queries(6):
        first = text_of(visitor.get("/payments/"))
    assert first.count('<li class="card') == 50
    more = first.split('hx-get="')[1].split('"')[0]

    rest = visitor.get(f"/payments/{more}", headers={"HX-Request": "true"})

    assert "<html" not in text_of(rest)
    assert text_of(rest).count('<li class="card') == 1
    assert 'rel="next"' not in text_of(rest)
    assert text_of(visitor.get(f"/payments/{more}")).count('<li class="card') == 1
    assert visitor.get("/payments/?cursor=nonsense").status_code == 422
