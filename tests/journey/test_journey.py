"""The whole product once through in a real browser: sign up, find, book, pay, and see every dashboard change."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from bookings.models import Booking, Client, Evse, Station, Tariff
from bookings.stations import refresh_station, set_evse_status
from evbunker import clock
from payments.integrity import check_integrity
from tests.browsing import OpenPage
from tests.places import make_evse, make_station
from tests.serving import Site

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
DESKTOP = {"viewport": {"width": 1360, "height": 900}}
AT_ONCE_MS = 2_000
HEALED_MS = 20_000
PASSWORD = "nothing one would guess"


@pytest.fixture
def site(tmp_path: Path, transactional_db: None) -> Iterator[Site]:
    """A server whose sandbox calls the webhook, as in the demonstration."""
    server = Site(tmp_path / "server.log", SANDBOX_AUTO_WEBHOOK=True)
    server.start()
    yield server
    server.stop()
    assert server.may_fail or "Traceback" not in server.log.read_text(), server.log.read_text()


@pytest.fixture
def harbour(tariff: Tariff) -> Station:
    """A station with two EVSEs, found like any other."""
    station = make_station("Harbour", tariff=tariff)
    make_evse(station, "A1"), make_evse(station, "A2")
    refresh_station(station)
    return station


def sign_up(page: Page, email: str) -> None:
    page.goto("/accounts/signup/")
    page.locator("#id_email").fill(email)
    page.locator("#id_password1").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign up").click()
    expect(page).to_have_url("/dashboard/")


def find_and_hold(page: Page, tomorrow: dt.date, *, start: int) -> None:
    """From the first page to a held booking tomorrow: `start` is which of the offered starts."""
    page.goto("/?q=harb")
    page.get_by_role("link", name="Harbour").first.click()
    page.goto(f"{page.url.split('?')[0]}?date={tomorrow}")
    page.locator("#id_start").select_option(index=start)
    page.get_by_role("button", name="Hold it and go to pay").click()
    expect(page.get_by_role("button", name="Give it up")).to_be_visible()


def pay(page: Page, outcome: str = "Pay") -> None:
    page.get_by_role("button", name="Pay").first.click()
    expect(page.get_by_text("Sandbox")).to_be_visible()
    page.get_by_role("button", name=outcome, exact=True).click()


def tomorrow_at(station: Station) -> dt.date:
    return clock.now().astimezone(station.zone).date() + dt.timedelta(days=1)


@pytest.mark.parametrize("window", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_paying_changes_every_dashboard_at_once(
    open_page: OpenPage, site: Site, harbour: Station, opal: Client, window: dict[str, object]
) -> None:
    driver = open_page(**window)
    sign_up(driver, "nora@example.org")
    dashboard = open_page(**window, storage_state=driver.context.storage_state())
    dashboard.goto("/dashboard/")
    operators = open_page(opal, **window)
    operators.goto("/operations/overview/")
    for page in (dashboard, operators):
        expect(page.locator("#live-state")).to_have_attribute("data-state", "live")
    expect(dashboard.locator("#panel-impact")).to_contain_text("begins with your first booking")

    find_and_hold(driver, tomorrow_at(harbour), start=1)
    pay(driver)

    expect(dashboard.locator("#panel-impact")).to_contain_text("54.0 kWh", timeout=AT_ONCE_MS)
    expect(dashboard.locator("#panel-next-booking")).to_contain_text("Harbour", timeout=AT_ONCE_MS)
    expect(operators.locator("#panel-overview-cards")).to_contain_text("€28.30", timeout=AT_ONCE_MS)
    expect(operators.locator("#panel-activity")).to_contain_text("Harbour", timeout=AT_ONCE_MS)
    expect(driver.locator("#panel-booking")).to_contain_text("confirmed", ignore_case=True, timeout=AT_ONCE_MS)
    assert check_integrity() == []


def test_everything_heals_after_the_server_was_away(
    open_page: OpenPage, site: Site, harbour: Station, dara: Client, opal: Client
) -> None:
    dashboard, operators, driver = open_page(dara), open_page(opal), open_page(dara)
    dashboard.goto("/dashboard/")
    operators.goto("/operations/overview/")
    watching = (dashboard, operators)
    for page in watching:
        page.expected_errors = ("WebSocket connection", "ERR_CONNECTION_REFUSED", "[object Event]")
        expect(page.locator("#live-state")).to_have_attribute("data-state", "live")

    site.stop()
    for page in watching:
        expect(page.locator("#live-state")).to_have_attribute("data-state", "offline")
    site.start()
    for page in watching:
        expect(page.locator("#live-state")).to_have_attribute("data-state", "live", timeout=HEALED_MS)

    find_and_hold(driver, tomorrow_at(harbour), start=1)
    pay(driver)
    expect(dashboard.locator("#panel-impact")).to_contain_text("54.0 kWh", timeout=AT_ONCE_MS)
    expect(operators.locator("#panel-overview-cards")).to_contain_text("€28.30", timeout=AT_ONCE_MS)


def test_every_form_works_without_javascript(open_page: OpenPage, harbour: Station) -> None:
    page = open_page(java_script_enabled=False, **DESKTOP)
    sign_up(page, "nora@example.org")
    page.goto("/?q=harbour")
    page.get_by_role("link", name="Harbour").first.click()
    page.goto(f"{page.url.split('?')[0]}?date={tomorrow_at(harbour)}")
    page.locator("#id_start").select_option(index=3)
    page.get_by_role("button", name="Show the price").click()
    page.get_by_role("button", name="Hold it and go to pay").click()
    pay(page, "Let it fail")
    expect(page.get_by_role("main")).to_contain_text("failed", ignore_case=True)
    pay(page)
    expect(page.locator("#panel-booking")).to_contain_text("confirmed", ignore_case=True)
    assert Booking.objects.get().status == Booking.Status.CONFIRMED


def test_somebody_was_quicker(open_page: OpenPage, harbour: Station, dara: Client, eli: Client) -> None:
    """Without script the second page cannot know yet; the database does."""
    set_evse_status(evse=Evse.objects.get(label="A2"), status=Evse.Status.OUT_OF_SERVICE, actor="test")
    first, second = (open_page(client, java_script_enabled=False) for client in (dara, eli))
    for page in (first, second):
        page.goto(f"/stations/{harbour.pk}/?date={tomorrow_at(harbour)}")
        page.locator("#id_start").select_option(index=1)
        page.get_by_role("button", name="Show the price").click()
    second.expected_errors = ("409",)
    for page in (first, second):
        page.get_by_role("button", name="Hold it and go to pay").click()
    expect(first.get_by_role("button", name="Give it up")).to_be_visible()
    expect(second.get_by_role("main")).to_contain_text("Somebody else has just taken that time")
    assert check_integrity() == []
