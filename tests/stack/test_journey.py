"""The browser's journey through the proxy, with the driver's socket in one process and the operator's in another."""

import datetime as dt
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from deploy.stack import Stack
from tests.browsing import OpenPage
from tests.journey.test_journey import AT_ONCE_MS, DESKTOP, find_and_hold, pay, sign_up
from tests.stack.paying import Driver

pytestmark = [pytest.mark.engines]
MOST_TRIES = 6


def sockets_opened(stack: Stack, process: str) -> int:
    """How many sockets a live process has accepted, by its own access log."""
    return (stack.folder / f"{process}.access.log").read_text().count("WSCONNECT ")


def open_on(stack: Stack, process: str, page: Page, path: str) -> None:
    """Load `path` until its socket is one of `process`: the proxy balances them, so the second try gets the other."""
    for _try in range(MOST_TRIES):
        before = sockets_opened(stack, process)
        page.goto(path)
        expect(page.locator("#live-state")).to_have_attribute("data-state", "live")
        if sockets_opened(stack, process) > before:
            return
    raise AssertionError(f"{process} got no socket in {MOST_TRIES} tries.")


def test_paying_changes_every_dashboard_whichever_process_holds_its_socket(
    open_page: OpenPage, stack: Stack, scene: SimpleNamespace, dara_pays: Driver
) -> None:
    driver = open_page(**DESKTOP)
    sign_up(driver, "nora@example.org")
    driver.goto("/")
    dashboard = open_page(**DESKTOP, storage_state=driver.context.storage_state())
    operators = open_page(**DESKTOP)
    operators.context.add_cookies([scene.people["opal"]["cookie"]])
    open_on(stack, "live-1", dashboard, "/dashboard/")
    open_on(stack, "live-2", operators, "/operations/overview/")

    find_and_hold(driver, dt.datetime.now(ZoneInfo("Europe/Berlin")).date() + dt.timedelta(days=1), start=1)
    pay(driver)
    dara_pays.others_minor += 2_830

    expect(dashboard.locator("#panel-impact")).to_contain_text("54.0 kWh", timeout=AT_ONCE_MS)
    expect(dashboard.locator("#panel-next-booking")).to_contain_text("Harbour", timeout=AT_ONCE_MS)
    expect(operators.locator("#panel-overview-cards")).to_contain_text(dara_pays.revenue_text, timeout=AT_ONCE_MS)
    expect(operators.locator("#panel-activity")).to_contain_text("Harbour", timeout=AT_ONCE_MS)
    expect(driver.locator("#panel-booking")).to_contain_text("confirmed", ignore_case=True, timeout=AT_ONCE_MS)
    stack.manage("check_integrity")
