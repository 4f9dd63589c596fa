"""The overview in a real browser: what one of the staff does, the other sees."""

from playwright.sync_api import expect

from bookings.models import Client, Evse
from tests.browsing import OpenPage
from tests.eco_history import charge

SOON_MS = 2000
PHONE = {"width": 390, "height": 844}


def test_one_acts_and_the_other_sees_it_without_a_reload(
    open_page: OpenPage, evse: Evse, vera: Client, opal: Client
) -> None:
    watching, acting = open_page(vera), open_page(opal)
    watching.goto("/operations/overview/")
    expect(watching.locator("#live-state")).to_have_text("Live")
    available = watching.locator(".stat", has_text="EVSEs available").locator(".stat-figure")
    expect(available).to_have_text("1 / 1")

    acting.goto("/operations/overview/")
    acting.get_by_role("link", name="EVSEs available").click()
    acting.get_by_role("link", name="1", exact=True).click()
    acting.get_by_label("Status").select_option("faulted")
    acting.get_by_role("button", name="Save", exact=True).click()

    expect(available).to_have_text("0 / 1", timeout=SOON_MS)
    expect(watching.locator(".states-list li", has_text="Faulted")).to_contain_text("1")


def test_focus_survives_what_changes(open_page: OpenPage, evse: Evse, vera: Client, opal: Client) -> None:
    watching, acting = open_page(vera), open_page(opal)
    watching.goto("/operations/overview/")
    expect(watching.locator("#live-state")).to_have_text("Live")
    watching.locator("#now-evses").focus()
    acting.goto(f"/admin/bookings/evse/{evse.pk}/change/")
    acting.get_by_label("Status").select_option("out_of_service")
    acting.get_by_role("button", name="Save", exact=True).click()
    expect(watching.locator(".states-list li", has_text="Out of service")).to_contain_text("1", timeout=SOON_MS)
    expect(watching.locator("#now-evses")).to_be_focused()


def test_a_phone_shows_it_all_without_scrolling_sideways(
    open_page: OpenPage, evse: Evse, vera: Client, dara: Client
) -> None:
    charge(dara, evse)
    charge(dara, evse, energy_wh=8_123_456, source="metered")
    page = open_page(vera, viewport=PHONE)
    page.goto("/operations/overview/")
    week = page.get_by_role("region", name="Last seven days")
    expect(week.get_by_role("row", name="Today")).to_contain_text("partly estimated")
    expect(page.get_by_role("heading", name="What happened last")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_it_reads_without_javascript(open_page: OpenPage, evse: Evse, vera: Client) -> None:
    page = open_page(vera, java_script_enabled=False)
    page.goto("/operations/overview/")
    expect(page.get_by_text("Harbour was added")).to_be_visible()
    expect(page.get_by_text("as of when the page was loaded")).to_be_visible()
