"""The page on which a driver gives a booking another time, without JavaScript; and what it says of money."""

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client as Visitor

from bookings.models import Booking, Client, Evse, Tariff
from payments.models import Payment, Refund
from payments.moving import extend_booking
from tests.booking_steps import decide, held, paid, pending
from tests.payments.test_views_booking import at, page, text_of

HOUR = dt.timedelta(hours=1)
ADDRESSES = ("change", "move", "extend")


@pytest.fixture
def booking(dara: Client, evse: Evse) -> Booking:
    """Paid, and five hours ahead: free to cancel for another three."""
    return paid(dara, evse, in_minutes=300)


@pytest.fixture
def visitor(client: Visitor, dara: Client) -> Visitor:
    """Dara's."""
    client.force_login(dara)
    return client


def fields(html: str, action: str) -> dict[str, str]:
    """What the form that posts to `action` sends."""
    form = re.search(rf'<form method="post" action="[^"]*/{action}/".*?</form>', html)
    assert form, html
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form[0]))


def ask(visitor: Visitor, booking: Booking, **chosen: object) -> str:
    answer = visitor.get(page(booking, "change"), chosen)
    assert answer.status_code == 200, text_of(answer)
    return text_of(answer)


@pytest.mark.parametrize("stranger", ["eli", "opal"])
def test_it_is_there_for_its_client_only(
    client: Visitor, booking: Booking, stranger: str, request: pytest.FixtureRequest
) -> None:
    client.force_login(request.getfixturevalue(stranger))
    asked = {"start": (booking.starts_at + HOUR).isoformat(), "minutes": "30"}
    assert client.get(page(booking, "change"), asked).status_code == 404
    assert [client.post(page(booking, action), asked).status_code for action in ADDRESSES[1:]] == [404] * 2
    assert Booking.objects.get().starts_at == booking.starts_at


def test_who_is_signed_out_comes_back_to_the_booking(client: Visitor, booking: Booking) -> None:
    answers = [client.get(page(booking, "change")), client.post(page(booking, "move"))]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert answers[1].headers["Location"] == f"/accounts/login/?next={page(booking)}"


def test_moving_shows_what_changes_and_does_it(visitor: Visitor, booking: Booking) -> None:
    assert page(booking, "change") in text_of(visitor.get(page(booking)))
    wanted = booking.starts_at + HOUR
    html = ask(visitor, booking, start=wanted.isoformat(), date=f"{wanted:%Y-%m-%d}")
    assert "It costs the same: nothing is charged and nothing comes back." in html
    assert "You can then give it up for the whole amount until" in html
    answer = visitor.post(page(booking, "move"), fields(html, "move"))
    assert (answer.status_code, answer.headers["Location"]) == (303, page(booking))
    assert Booking.objects.get().starts_at == wanted


def test_late_it_says_that_free_cancelling_does_not_come_back(visitor: Visitor, booking: Booking) -> None:
    with at(booking.starts_at - HOUR):
        html = ask(visitor, booking, start=(booking.starts_at + dt.timedelta(days=2)).isoformat())
    assert "is over, and does not come back by moving." in html


def test_it_offers_only_starts_that_are_free(visitor: Visitor, booking: Booking, eli: Client, evse: Evse) -> None:
    taken = held(eli, evse, in_minutes=420)
    html = ask(visitor, booking, date=f"{taken.starts_at.astimezone(booking.zone):%Y-%m-%d}")
    offered = {dt.datetime.fromisoformat(start) for start in re.findall(r'<option value="([^"]+)"', html)}
    assert taken.starts_at not in offered
    assert taken.starts_at - dt.timedelta(minutes=45) not in offered
    assert taken.starts_at - HOUR in offered or taken.starts_at.astimezone(booking.zone).hour == 0


def test_a_slot_that_was_taken_meanwhile_is_told_on_the_page(
    visitor: Visitor, booking: Booking, eli: Client, evse: Evse
) -> None:  # fmt: skip
    taken = held(eli, evse, in_minutes=420)
    answer = visitor.post(page(booking, "move"), {"start": taken.starts_at.isoformat()})
    assert answer.status_code == 409
    assert "Somebody else has just taken that time." in text_of(answer)


@pytest.mark.parametrize(
    ("chosen", "status"),
    [
        ({"start": "soon"}, 422),
        ({"start": "2030-01-01T10:00:00"}, 422),
        ({"minutes": "x"}, 422),
        ({"minutes": "7"}, 422),
        ({"minutes": "9" * 30}, 422),
        ({"minutes": "30", "energy_kwh": "1e9"}, 422),
        ({"minutes": "30", "energy_kwh": "nan"}, 422),
        ({"date": "never"}, 200),
    ],
)
def test_nonsense_is_refused_in_a_sentence(
    visitor: Visitor, booking: Booking, chosen: dict[str, str], status: int
) -> None:
    assert visitor.get(page(booking, "change"), chosen).status_code == status
    if status != 200:
        action = "move" if "start" in chosen else "extend"
        assert visitor.post(page(booking, action), chosen).status_code == status
    assert Booking.objects.get().minutes == 60


def test_staying_longer_is_paid_on_a_page_of_its_own_and_then_part_of_the_booking(
    visitor: Visitor, booking: Booking
) -> None:  # fmt: skip
    html = ask(visitor, booking, minutes="30", energy_kwh="10")
    assert "+ €1.50" in html
    assert "€6.00 is charged, on top of what you paid." in html
    form = fields(html, "extend")
    answers = [visitor.post(page(booking, "extend"), form) for _ in range(2)]
    extension = Booking.objects.get(extends=booking)
    assert [answer.headers["Location"] for answer in answers] == [page(extension)] * 2
    html = text_of(visitor.get(page(extension)))
    assert "More time for your booking" in html
    assert "Pay €6.00 with made-up money" in html
    assert "Pay €6.00 for more time" in text_of(visitor.get(page(booking)))
    assert str(extension.pk) not in text_of(visitor.get("/bookings/"))
    decide(pending(extension))
    assert visitor.get(page(extension)).headers["Location"] == page(booking)
    html = text_of(visitor.get(page(booking)))
    assert "€19.00" in html
    assert "wait to be paid" not in html


def test_what_costs_nothing_needs_no_paying(visitor: Visitor, dara: Client, evse: Evse, tariff: Tariff) -> None:
    Tariff.objects.filter(pk=tariff.pk).update(per_hour_minor=0)
    booking = paid(dara, evse, in_minutes=300)
    html = ask(visitor, booking, minutes="30")
    assert "It costs nothing more." in html
    assert visitor.post(page(booking, "extend"), fields(html, "extend")).headers["Location"] == page(booking)
    assert Booking.objects.get(pk=booking.pk).minutes == 90


def test_making_it_shorter_gives_back_what_was_shown(visitor: Visitor, booking: Booking) -> None:
    html = ask(visitor, booking, minutes="-30")
    assert "€1.50 comes back to you the way you paid it." in html
    form = fields(html, "extend")
    with at(booking.starts_at - HOUR):
        answer = visitor.post(page(booking, "extend"), form)
        assert answer.status_code == 409
        assert "Meanwhile what comes back to you has become €0.75." in text_of(answer)
    assert [visitor.post(page(booking, "extend"), form).status_code for _ in range(2)] == [303, 303]
    assert Refund.objects.get().amount_minor == 150


def test_while_charging_it_can_be_longer_only(visitor: Visitor, booking: Booking, dara: Client) -> None:
    with at(booking.starts_at):
        assert visitor.post(page(booking, "start")).status_code == 303
        assert "Stay longer" in text_of(visitor.get(page(booking)))
        html = ask(visitor, booking)
        assert "30 min longer" in html.replace("\xa0", " ")
        assert "shorter" not in html
        assert "Another time" not in html


def test_what_is_over_or_waits_to_be_added_has_no_such_page(visitor: Visitor, booking: Booking, dara: Client) -> None:
    extension = extend_booking(booking=booking, minutes=30, actor=dara)
    assert visitor.get(page(extension, "change")).headers["Location"] == page(booking)
    visitor.post(page(booking, "cancel"))
    assert visitor.get(page(booking, "change")).headers["Location"] == page(booking)
    assert "This booking was cancelled." in text_of(visitor.get(page(extension)))


def test_a_hold_moves_with_its_deadline(visitor: Visitor, dara: Client, evse: Evse) -> None:
    booking = held(dara, evse)
    html = ask(visitor, booking, start=(booking.starts_at + HOUR).isoformat())
    assert "The time you have to pay stays as it is." in html
    assert "Longer or shorter" not in html
    visitor.post(page(booking, "move"), fields(html, "move"))
    now = Booking.objects.get()
    assert (now.starts_at, now.expires_at) == (booking.starts_at + HOUR, booking.expires_at)


def test_it_costs_few_queries(visitor: Visitor, booking: Booking, django_assert_max_num_queries: Any) -> None:
    visitor.get(page(booking, "change"))
    with django_assert_max_num_queries(22):
        visitor.get(page(booking, "change"))
    assert Payment.objects.count() == 1
