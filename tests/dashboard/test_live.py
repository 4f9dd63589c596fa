"""The dashboard in a real browser: it changes by itself, fits a phone, and complains of nothing."""

import datetime as dt

from playwright.sync_api import Page, expect

from bookings.models import Client, Evse
from evbunker import clock
from tests.booking_steps import paid
from tests.browsing import OpenPage
from tests.dashboard.test_page import everything

PHONE = {"width": 360, "height": 780}
AT_ONCE_MS = 2_000


def test_charging_shows_without_a_reload(open_page: OpenPage, dara: Client, evse: Evse) -> None:
    with clock.shifted(-dt.timedelta(minutes=20)):
        booking = paid(dara, evse, in_minutes=1)
    page, other = open_page(dara), open_page(dara)
    page.goto("/dashboard/")
    expect(page.locator("#live-state")).to_have_attribute("data-state", "live")
    expect(page.locator("#panel-active-session")).to_be_hidden()
    page.evaluate("window.loadedOnce = true")

    other.goto(f"/bookings/{booking.pk}/")
    other.get_by_role("button", name="Start charging").click()
    expect(page.locator("#panel-active-session")).to_contain_text("of 20.0", timeout=AT_ONCE_MS)
    expect(page.locator("#panel-next-booking")).to_contain_text("Nothing is booked.", timeout=AT_ONCE_MS)

    other.get_by_role("button", name="Stop charging").click()
    expect(page.locator("#panel-active-session")).to_be_hidden(timeout=AT_ONCE_MS)
    impact = page.locator("#panel-impact")  # what time and power say, at most a minute's worth, not the budget
    expect(impact).not_to_contain_text("20.0", timeout=AT_ONCE_MS)
    assert page.evaluate("window.loadedOnce")


def test_it_fits_a_phone(open_page: OpenPage, dara: Client, evse: Evse) -> None:
    everything(dara, evse)
    for scheme in ("light", "dark"):
        page = open_page(dara, viewport=PHONE, color_scheme=scheme)
        for path in ("/dashboard/", "/about/impact/"):
            page.goto(path)
            assert not scrolls_sideways(page), (path, scheme)


def scrolls_sideways(page: Page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
