"""Clients in a real browser: several are chosen and suspended, and a second operator sees it."""

from playwright.sync_api import expect

from bookings.models import Client
from tests.browsing import OpenPage
from tests.people import PASSWORD

PATIENT_MS = 30_000
"""A loaded machine must not fail a test."""


def test_chosen_clients_are_suspended_and_the_others_see_it(
    open_page: OpenPage, dara: Client, eli: Client, opal: Client, vera: Client
) -> None:
    expect.set_options(timeout=PATIENT_MS)
    watching, acting = open_page(vera), open_page(opal, viewport={"width": 390, "height": 844})
    watching.goto("/operations/clients/")
    expect(watching.locator("#live-state")).to_have_text("Live")
    expect(watching.get_by_role("checkbox")).to_have_count(0)
    acting.goto("/operations/clients/")
    for name in ("Dara", "Eli"):
        acting.get_by_role("checkbox", name=f"Choose {name}").check()
    acting.get_by_role("button", name="Suspend").click()
    acting.wait_for_url("**/accounts/reauthenticate/**")
    acting.locator("#id_password").fill(PASSWORD)
    acting.keyboard.press("Enter")
    expect(acting.get_by_text("2 clients will be suspended:")).to_be_visible()
    acting.get_by_label("Why").fill("Chargebacks of May")
    acting.get_by_role("button", name="Suspend").click()
    expect(acting.get_by_role("status").filter(has_text="2 clients are suspended.")).to_be_visible()
    for client in (dara, eli):
        expect(watching.locator(f"#row-client-{client.pk}")).to_contain_text("Suspended")
    assert acting.evaluate("document.documentElement.scrollWidth") <= 390
    expect.set_options(timeout=5_000)
