"""Two operators in real browsers: one blocks time and sets a status, the other sees both without reloading."""

import datetime as dt
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from bookings.models import Client, Evse, Outage, SlotClaim, Station
from bookings.slots import slot_of
from bookings.stations import refresh_station
from tests.booking_steps import paid
from tests.browsing import OpenPage
from tests.people import PASSWORD
from tests.places import make_evse

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1360, "height": 900}
LONG = "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch Interchange, north car park, upper deck"


@pytest.fixture(autouse=True)
def _patient() -> Iterator[None]:
    """A loaded machine must not fail a test."""
    expect.set_options(timeout=60_000)
    yield
    expect.set_options(timeout=5_000)


def live(page: Page, path: str) -> Page:
    page.set_default_timeout(60_000)
    page.goto(path)
    expect(page.locator("#live-state")).to_contain_text("Live")
    return page


def fits(page: Page) -> None:
    """Nobody must scroll sideways, on a phone or at a desk."""
    for size in (PHONE, DESK):
        page.set_viewport_size(size)
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


def test_one_blocks_time_and_the_other_sees_it(
    open_page: OpenPage, station: Station, evse: Evse, dara: Client, vera: Client, opal: Client
) -> None:
    for number in range(2, 10):
        make_evse(station, f"Bay {number} {LONG}")
    Station.objects.update(name=LONG)
    refresh_station(station)
    booking = paid(dara, evse, in_minutes=90)
    day = booking.starts_at.astimezone(station.zone).date().isoformat()
    root = f"/operations/stations/{station.pk}/"
    board = live(open_page(vera), f"{root}board/?date={day}")
    rows = live(open_page(vera), "/operations/stations/map/")
    expect(board.locator(f"a.piece[id^=board-{booking.pk}]").first).to_contain_text("Dara")
    expect(rows.locator(".pin-face")).to_have_text(["9"])
    fits(board)

    acting = open_page(opal)
    acting.set_default_timeout(60_000)
    acting.goto(f"{root}block/")
    acting.fill("#id_password", PASSWORD)
    acting.keyboard.press("Enter")
    acting.wait_for_url(f"**{root}block/")
    acting.select_option("#id_evse", str(evse.pk))
    local = booking.starts_at.astimezone(station.zone)
    acting.fill("#id_since", f"{local:%Y-%m-%dT%H:%M}")
    acting.fill("#id_until", f"{local + dt.timedelta(minutes=30):%Y-%m-%dT%H:%M}")
    acting.fill("#id_note", "We replace the cable")
    acting.get_by_role("button", name="Go on").click()
    expect(acting.get_by_text("1 booking is in the way")).to_be_visible()
    expect(acting.get_by_role("row", name="Dara")).to_contain_text("Confirmed")
    fits(acting)
    acting.get_by_role("button", name="Block it and close 1 booking").click()
    acting.wait_for_url(f"**{root}board/**")

    expect(board.locator('.board [data-kind="blocked"]')).to_have_count(1)
    expect(board.locator("#blocks")).to_contain_text("We replace the cable")
    expect(board.locator(f"[id^=board-{booking.pk}]")).to_have_count(0)
    assert list(SlotClaim.objects.order_by("slot").values_list("slot", flat=True)) == [
        slot_of(booking.starts_at), slot_of(booking.starts_at) + 1,
    ]  # fmt: skip

    acting.goto(f"{root}status/?evse={evse.pk}")
    acting.select_option("#id_status", "faulted")
    acting.fill("#id_note", "Dark display")
    acting.get_by_role("button", name="Go on").click()
    acting.get_by_role("button", name="Set the status").click()
    acting.wait_for_url(f"**{root}")
    expect(rows.locator(f"#row-station-{station.pk}")).to_contain_text("9 EVSEs: 8 available, 1 faulted")
    expect(rows.locator(".pin-trouble .pin-face")).to_have_text(["8"])
    expect(board.locator(".board tbody tr").first).to_contain_text("Faulted")
    rows.locator(".pin").focus()
    rows.keyboard.press("Enter")
    expect(rows.locator(".leaflet-popup-content a")).to_be_visible()
    fits(rows)
    fits(acting)
    assert Outage.objects.get().ended_at is None
