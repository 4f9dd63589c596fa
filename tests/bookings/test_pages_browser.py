"""What pages do beyond their HTML: the map, the day's table, and news that arrive while somebody looks."""

import datetime as dt
import json
import urllib.request

import pytest
from playwright.sync_api import Page, expect

from bookings.models import Client, Evse, Station
from bookings.slots import SLOT_MINUTES
from bookings.stations import refresh_station
from evbunker import clock
from payments import sandbox
from payments.models import Payment
from tests.booking_steps import decide, held, pending
from tests.browsing import OpenPage
from tests.places import make_evse, make_station
from tests.serving import Site

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
SOON_MS = 4_000


@pytest.fixture
def harbour(station: Station, evse: Evse) -> Station:
    make_evse(station, "2")
    refresh_station(station)
    return station


def noon_tomorrow(station: Station) -> dt.datetime:
    day = clock.now().astimezone(station.zone).date() + dt.timedelta(days=1)
    return dt.datetime.combine(day, dt.time(12), tzinfo=station.zone)


def fits(page: Page) -> bool:
    """Nothing sticks out sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def tell(payment: Payment, address: str) -> None:
    """What the sandbox does when somebody has paid: call the webhook."""
    body = sandbox.event_of(decide(payment))
    sent_at = int(clock.now().timestamp())
    headers = {"Sandbox-Signature": f"t={sent_at},v1={sandbox.signature(sent_at, body)}"}
    request = urllib.request.Request(f"{address}/payments/webhooks/sandbox/", body, headers)
    with urllib.request.urlopen(request) as answer:
        assert json.load(answer) == {"state": "done"}


@pytest.mark.parametrize("window", [{}, PHONE], ids=["desktop", "phone"])
def test_the_map_shows_a_pin_a_station_and_joins_those_that_touch(
    open_page: OpenPage, harbour: Station, window: dict[str, object]
) -> None:
    for name, longitude in (("Next door", 13.4051), ("Far away", 2.35)):
        make_evse(other := make_station(name, tariff=harbour.tariff, longitude=longitude, city=name))
        refresh_station(other)
    page = open_page(**window)
    page.goto("/")

    expect(page.locator(".pin")).to_have_count(2)
    expect(page.locator(".pin-several")).to_have_text("2")
    expect(page.locator(".city-name")).not_to_have_count(0)
    page.locator(".pin:not(.pin-several)").click()
    expect(page.locator(".leaflet-popup")).to_contain_text("1 of 1 free")
    assert fits(page)


def test_near_me_asks_the_browser(open_page: OpenPage, harbour: Station) -> None:
    place = {"latitude": 52.51, "longitude": 13.4}
    page = open_page(geolocation=place, permissions=["geolocation"], timezone_id="Asia/Tokyo")
    page.goto("/")
    expect(page.locator("[data-zone]")).to_have_text("Asia/Tokyo")

    page.get_by_role("button", name="Near me").click()

    expect(page.locator(".station-row")).to_contain_text("1.2 km")


@pytest.mark.parametrize("window", [{}, PHONE], ids=["desktop", "phone"])
def test_pressing_an_hour_shows_its_price_and_what_others_take_goes_at_once(
    open_page: OpenPage, site: Site, harbour: Station, dara: Client, eli: Client, window: dict[str, object]
) -> None:
    noon = noon_tomorrow(harbour)
    page, other = open_page(dara, **window), open_page(eli)
    for one in (page, other):
        one.goto(f"/stations/{harbour.pk}/?date={noon.date()}")
        one.get_by_role("link", name="1: free from 12:00").click()
        expect(one.locator("#quote")).to_contain_text("12:00\N{EN DASH}13:00")
        expect(one.locator(".hour.is-picked")).to_have_count(1)
    assert fits(page)

    other.get_by_role("button", name="Hold it and go to pay").click()

    expect(page.locator("#quote")).to_contain_text("Somebody else has just taken that time.", timeout=SOON_MS)
    expect(page.get_by_role("link", name="1: free from 12:00")).to_have_count(0)
    page.get_by_role("link", name="2: free from 12:00").click()
    expect(page.get_by_role("button", name="Hold it and go to pay")).to_be_visible()


def test_a_booking_turns_to_confirmed_by_itself(open_page: OpenPage, site: Site, dara: Client, evse: Evse) -> None:
    booking = held(dara, evse)
    payment = pending(booking)
    page = open_page(dara)
    page.goto(f"/bookings/{booking.pk}/")
    expect(page.get_by_text("Waiting for your payment.")).to_be_visible()
    expect(page.locator("#live-state")).to_have_attribute("data-state", "live")

    tell(payment, site.url)

    expect(page.get_by_role("heading", name="Confirmed: EVSE 1 is yours.")).to_be_visible(timeout=SOON_MS)
    expect(page.get_by_role("link", name="Add to calendar")).to_be_visible(timeout=SOON_MS)
    expect(page.get_by_role("heading", name="What you paid")).to_be_visible()
    expect(page.locator("count-down")).to_have_count(0)
    expect(page.locator("#booking-status")).to_have_text("Confirmed: EVSE 1 is yours.")


def test_when_the_time_to_pay_is_over_the_page_says_so_once(open_page: OpenPage, dara: Client, evse: Evse) -> None:
    with clock.shifted(dt.timedelta(seconds=-595)):
        booking = held(dara, evse, in_minutes=60 + SLOT_MINUTES)
    page = open_page(dara)
    page.goto(f"/bookings/{booking.pk}/")
    expect(page.locator(".countdown-left")).to_contain_text("0:0")

    expect(page.get_by_text("The time to pay for this booking is over.")).to_be_visible(timeout=10_000)
