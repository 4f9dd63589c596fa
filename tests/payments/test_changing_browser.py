"""Giving a booking another time in a real browser: on a phone, without JavaScript, and with a page that is told."""

import datetime as dt

import pytest
from playwright.sync_api import Page, expect

from bookings.models import Booking, Client, Evse
from payments.moving import extend_booking
from tests.booking_steps import paid, pending
from tests.bookings.test_pages_browser import PHONE, fits, tell
from tests.browsing import OpenPage
from tests.serving import Site

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def booking(dara: Client, evse: Evse) -> Booking:
    """Paid, and on a day after today."""
    return paid(dara, evse, in_minutes=26 * 60)


def choose(page: Page, booking: Booking, starts_at: dt.datetime) -> None:
    page.get_by_label("Start on").select_option(starts_at.astimezone(booking.zone).isoformat())
    page.get_by_role("button", name="Show what changes").click()


@pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "no-scripts"])
def test_a_booking_is_moved_extended_and_paid_on_a_phone(
    open_page: OpenPage, booking: Booking, dara: Client, javascript: bool
) -> None:
    page = open_page(dara, **PHONE, java_script_enabled=javascript)
    page.goto(f"/bookings/{booking.pk}/")
    page.get_by_role("link", name="Change the time").click()
    day = (booking.starts_at + dt.timedelta(days=1)).astimezone(booking.zone).date()
    page.get_by_role("link", name=f"{day.day} {day:%B}").click()
    choose(page, booking, booking.starts_at + dt.timedelta(days=1))
    expect(page.get_by_text("nothing is charged and nothing comes back")).to_be_visible()
    assert not javascript or fits(page)
    page.get_by_role("button", name="Move it").click()
    expect(page.locator("h1")).to_have_text("Harbour")
    assert Booking.objects.get().starts_at == booking.starts_at + dt.timedelta(days=1)

    page.get_by_role("link", name="Change the time").click()
    page.get_by_label("30 min longer").check()
    page.get_by_role("button", name="Show what it costs").click()
    page.get_by_role("button", name="Hold it and pay €1.50").click()
    page.get_by_role("button", name="Pay €1.50 with made-up money").click()
    page.get_by_role("button", name="Pay", exact=False).first.click()
    expect(page.get_by_text("Confirmed: EVSE 1 is yours.")).to_be_visible()
    assert Booking.objects.get(pk=booking.pk).minutes == 90
    assert not javascript or fits(page)


def test_the_booking_s_page_says_that_time_waits_and_takes_it_in_when_it_is_paid(
    open_page: OpenPage, booking: Booking, dara: Client, site: Site
) -> None:
    extension = extend_booking(booking=booking, minutes=30, actor=dara)
    page = open_page(dara)
    page.goto(f"/bookings/{booking.pk}/")
    expect(page.get_by_text("30 min more wait to be paid.")).to_be_visible()
    tell(pending(extension), site.url)
    expect(page.locator("#panel-booking")).to_contain_text("€14.50")
