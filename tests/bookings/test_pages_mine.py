"""A driver's list of bookings."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client as Visitor

from bookings.holding import cancel_hold
from bookings.models import Booking, Client, Evse, Station
from evbunker import clock
from evbunker.models import new_id
from tests.booking_steps import held, paid
from tests.places import make_evse


@pytest.fixture
def visitor(client: Visitor, dara: Client) -> Visitor:
    client.force_login(dara)
    return client


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def test_it_needs_signing_in(client: Visitor) -> None:
    assert client.get("/bookings/").headers["Location"] == "/accounts/login/?next=/bookings/"


def test_nothing_yet(visitor: Visitor) -> None:
    html = text_of(visitor.get("/bookings/"))

    assert "Nothing booked" in html
    assert "Over" not in html


def test_what_is_to_come_and_what_is_over(
    visitor: Visitor, dara: Client, eli: Client, station: Station, evse: Evse
) -> None:
    paid(dara, evse, in_minutes=600)
    held(dara, make_evse(station, "sooner"), in_minutes=60)
    cancel_hold(booking=held(dara, make_evse(station, "given up"), in_minutes=300), actor=dara)
    held(eli, make_evse(station, "not mine"), in_minutes=60)

    coming, over = text_of(visitor.get("/bookings/")).split('id="past-title"')

    assert coming.index("Waiting for payment") < coming.index("Confirmed")
    assert "Cancelled" in over
    assert "not mine" not in coming + over


def test_what_has_ended_is_over_before_any_job_says_so(visitor: Visitor, dara: Client, evse: Evse) -> None:
    booking = paid(dara, evse)
    with clock.moved_to(booking.ends_at):
        assert "Nothing booked" in text_of(visitor.get("/bookings/"))


def past(client: Client, evse: Evse, *, hours_ago: int) -> Booking:
    """What a completed booking leaves in the table."""
    starts_at = clock.now() - dt.timedelta(hours=hours_ago)
    return Booking(
        id=new_id(), client=client, evse=evse, station_id=evse.station_id, status=Booking.Status.COMPLETED,
        starts_at=starts_at, ends_at=starts_at + dt.timedelta(hours=1), energy_budget_wh=1, quote_minor=100,
        currency="EUR", client_name="Dara", station_name=f"Station {hours_ago:03}", station_time_zone="Europe/Berlin",
        evse_label="1", evse_current="dc", evse_power_w=1,
    )  # fmt: skip


def test_the_past_comes_by_pages_latest_first(
    visitor: Visitor, dara: Client, evse: Evse, django_assert_max_num_queries: Any
) -> None:
    same = [past(dara, evse, hours_ago=2) for _n in range(5)]
    Booking.objects.bulk_create([*(past(dara, evse, hours_ago=n) for n in range(3, 43)), *same])
    address, seen = "/bookings/", []
    with django_assert_max_num_queries(7):
        first = text_of(visitor.get(address))
    while True:
        html = text_of(visitor.get(address, headers={"HX-Request": "true"})) if seen else first
        seen += [part.split("<")[0] for part in html.split('/">Station ')[1:]]
        if 'hx-get="' not in html:
            break
        address = "/bookings/" + html.split('hx-get="')[1].split('"')[0]

    assert seen == ["002"] * 5 + [f"{n:03}" for n in range(3, 43)]
    without_script = text_of(visitor.get(address))
    assert "<html" in without_script
    assert "Coming up" not in without_script


@pytest.mark.parametrize("cursor", ["x", "-", "zz-1", "ffffffffffff-" + "0" * 32, "0-" + "0" * 31])
def test_a_cursor_of_something_else_is_refused(visitor: Visitor, cursor: str) -> None:
    assert visitor.get("/bookings/", {"cursor": cursor}).status_code == 422
