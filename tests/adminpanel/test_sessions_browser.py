"""Sessions and reports in a real browser: one operator acts, the other sees it without loading anything."""

from playwright.sync_api import expect

from adminpanel.report_jobs import make_reports
from bookings.charging import start_session
from bookings.models import ChargingSession, Client, Evse
from evbunker import clock
from tests.adminpanel.test_payments_browser import PHONE, _patient, live  # noqa: F401 - a fixture of every test
from tests.booking_steps import paid
from tests.browsing import OpenPage


def test_one_stops_a_session_and_has_a_report_made_and_the_other_sees_both(
    open_page: OpenPage, evse: Evse, dara: Client, vera: Client, opal: Client
) -> None:
    booking = paid(dara, evse)
    with clock.shifted(booking.starts_at - clock.now()):
        start_session(booking=booking, actor=dara)
        session = ChargingSession.objects.get(booking=booking)
        watching = live(open_page(vera, viewport=PHONE), "/operations/sessions/")
        expect(watching.locator(f"#charging-{session.pk}")).to_be_visible()
        acting = open_page(opal)
        acting.goto("/operations/sessions/")
        acting.click(f"#charging-{session.pk}")
        acting.click("#act-stop")
        acting.fill("#id_note", "The cable smokes.")
        acting.get_by_role("button", name="Stop charging now").click()
        expect(acting.get_by_text("Stopped:")).to_be_visible()
        expect(watching.get_by_text("Nobody is charging")).to_be_visible()
        expect(watching.locator(f"#row-session-{session.pk}")).to_contain_text("Completed")
        assert watching.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        acting.goto("/operations/reports/")
        acting.get_by_role("button", name="CSV").click()
        expect(acting.get_by_text("It waits for its turn.")).to_be_visible()
        watching = live(watching, acting.url)
        make_reports()
        expect(acting.locator("#job-file")).to_be_visible()
        expect(watching.locator("#job-file")).to_be_visible()
