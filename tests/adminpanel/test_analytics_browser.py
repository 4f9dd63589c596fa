"""Analytics in a real browser: charts beside their tables, other days, and what changes while somebody looks."""

from dataclasses import replace

import pytest
from playwright.sync_api import expect

from bookings.models import Client, Evse
from evbunker.live import hub, panels
from tests.booking_steps import paid
from tests.browsing import OpenPage

PATIENCE_MS = 60_000
SAME = "canvas => window.seen === canvas"


def test_charts_follow_what_happens_and_keep_their_canvas(
    open_page: OpenPage, evse: Evse, vera: Client, dara: Client, eli: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "BEAT_SECONDS", 0.5)
    monkeypatch.setitem(panels.REGISTRY, "analytics", replace(panels.REGISTRY["analytics"], ttl=1))
    paid(dara, evse)
    page = open_page(vera, reduced_motion="reduce")
    page.goto("/operations/analytics/?step=month")
    expect(page.locator("#live-state")).to_have_text("Live", timeout=PATIENCE_MS)
    canvas = page.locator("#drawn-bookings-1 canvas")
    expect(canvas).to_have_count(1)
    expect(canvas).to_have_attribute("role", "img")
    last = page.locator("#table-bookings tbody tr").last.locator("td")
    expect(last).to_have_text("1")
    page.locator("#figures-bookings summary").click()
    canvas.evaluate("canvas => { window.seen = canvas; }")

    paid(eli, evse, in_minutes=240)
    expect(last).to_have_text("2", timeout=PATIENCE_MS)
    assert canvas.evaluate(SAME)
    assert canvas.evaluate("canvas => Chart.getChart(canvas).data.datasets[0].data.at(-1)") == 2
    expect(page.locator("#figures-bookings")).to_have_attribute("open", "")

    page.get_by_role("link", name="7 days", exact=True).click()
    expect(page.locator("#table-bookings tbody tr")).to_have_count(7, timeout=PATIENCE_MS)
    expect(canvas).to_have_count(1)
    assert canvas.evaluate("canvas => Chart.getChart(canvas).data.labels.length") == 7
