"""The overview in a real browser: what one of the staff does, the other sees."""

import datetime as dt

from playwright.sync_api import expect

from adminpanel.models import Beat
from bookings.models import Client, Evse
from bookings.tokens import create_token
from evbunker import clock
from tests.booking_steps import slot_in
from tests.browsing import OpenPage
from tests.eco_history import charge
from tests.places import make_evse

SOON_MS = 2000
PHONE = {"width": 390, "height": 844}


def test_one_acts_and_the_other_sees_it_without_a_reload(
    open_page: OpenPage, evse: Evse, vera: Client, opal: Client, dara: Client
) -> None:
    """On the overview, in the feed and in the header of both; then a driver acts."""
    other = make_evse(evse.station, "2")
    Beat.objects.create(name="scheduler", beaten_at=clock.now() + dt.timedelta(hours=1))  # none runs here
    watching, acting = open_page(vera), open_page(opal)
    feed = watching.context.new_page()
    for page, path in ((watching, "overview"), (feed, "activity")):
        page.goto(f"/operations/{path}/")
        expect(page.locator("#live-state")).to_have_text("Live")
    available = watching.locator(".stat", has_text="EVSEs available").locator(".stat-figure")
    expect(available).to_have_text("2 / 2")

    acting.goto(f"/admin/bookings/evse/{evse.pk}/change/")
    acting.get_by_label("Status").select_option("faulted")
    acting.get_by_role("button", name="Save", exact=True).click()
    expect(available).to_have_text("1 / 2", timeout=SOON_MS)
    expect(watching.locator(".states-list li", has_text="Faulted")).to_contain_text("1")
    expect(watching.get_by_role("link", name="EVSE 1 at Harbour is faulted")).to_be_visible()
    lines = feed.locator("#activity-list > li")
    expect(lines.first).to_contain_text("opal@example.org")
    for page in (watching, feed):
        expect(page.locator("#panel-alerts-count")).to_have_text("1")

    headers = {"Authorization": f"Bearer {create_token(client=dara, name='script')[1]}"}
    wanted = {"evse_id": str(other.pk), "starts_at": slot_in(60).isoformat(), "minutes": 60, "energy_wh": 10_000}
    made = acting.request.post("/api/v1/bookings", headers=headers, data=wanted)
    assert made.status == 201, made.text()
    booked = lines.filter(has_text="Dara booked Harbour, 2")
    expect(booked).to_contain_text("Waiting for payment", timeout=SOON_MS)
    assert acting.request.post(f"/api/v1/bookings/{made.json()['id']}/cancel", headers=headers).ok
    expect(booked).to_contain_text("Cancelled", timeout=SOON_MS)
    places = lines.evaluate_all("rows => rows.map((row) => row.dataset.place)")
    assert len(places) == len(set(places)) > 4
    assert places == sorted(places, reverse=True)


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
