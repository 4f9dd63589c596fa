"""Payments in a real browser: an operator without a mouse, a second one who sees it, a long list."""

import datetime as dt
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from bookings.models import Booking, Client, Evse
from bookings.tokens import create_token
from evbunker import clock
from payments.models import Payment, Refund
from payments.outbox import work_outbox
from tests.adminpanel.payment_rows import bare_booking, many
from tests.booking_steps import held, paid
from tests.browsing import OpenPage
from tests.people import PASSWORD

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1360, "height": 900}
LONG = "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch Interchange, north car park, upper deck"


@pytest.fixture(autouse=True)
def _patient() -> Iterator[None]:
    """A loaded machine must not fail a test."""
    expect.set_options(timeout=30_000)
    yield
    expect.set_options(timeout=5_000)


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until it is there, as somebody without a mouse would."""
    for _press in range(80):
        if page.evaluate("selector => document.activeElement?.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"The keyboard does not reach {selector}.")


def type_into(page: Page, selector: str, text: str) -> None:
    tab_to(page, selector)
    page.keyboard.press("Control+A")
    page.keyboard.type(text)


def live(page: Page, path: str) -> Page:
    page.goto(path)
    expect(page.locator("#live-state")).to_have_text("Live")
    return page


def test_one_refunds_with_the_keyboard_and_the_others_see_it(
    open_page: OpenPage, evse: Evse, dara: Client, vera: Client, opal: Client
) -> None:
    payment = Payment.objects.get(booking=paid(dara, evse))
    path = f"/operations/payments/{payment.pk}/"
    story, rows = live(open_page(vera), path), live(open_page(vera), "/operations/payments/")
    acting = open_page(opal)
    acting.goto("/operations/payments/")

    tab_to(acting, f"#payment-{payment.pk}")
    acting.keyboard.press("Enter")
    acting.wait_for_url(f"**{path}")
    tab_to(acting, "#act-refund")
    acting.keyboard.press("Enter")
    acting.wait_for_url("**/accounts/reauthenticate/**")
    type_into(acting, "#id_password", PASSWORD)
    acting.keyboard.press("Enter")
    acting.wait_for_url(f"**{path}refund/")
    type_into(acting, "#id_amount", "2.50")
    type_into(acting, "#id_note", "The cable was broken")
    tab_to(acting, "button[type=submit]")
    acting.keyboard.press("Enter")
    expect(acting.get_by_text("€2.50 goes back to Dara through Sandbox")).to_be_visible()
    tab_to(acting, "button[type=submit]")
    acting.keyboard.press("Enter")
    expect(acting.get_by_role("status")).to_contain_text(["€2.50 is on its way to Dara."])

    expect(story.get_by_text("€2.50 is to go back: given by the operator")).to_be_visible()
    expect(story.get_by_text("The cable was broken")).to_be_visible()
    expect(rows.locator(f"#row-payment-{payment.pk}")).to_contain_text("€2.50 back")
    work_outbox()
    assert Refund.objects.get().status == Refund.Status.SUCCEEDED


def begin_to_pay(page: Page, booking: Booking) -> str:
    """By the API, so that the server's own process tells of it; the payment's id."""
    token = create_token(client=booking.client, name="script")[1]
    answer = page.request.post(
        f"/api/v1/bookings/{booking.pk}/payments",
        headers={"Authorization": f"Bearer {token}"}, data={"gateway": "sandbox"},
    )  # fmt: skip
    assert answer.status == 201
    return str(answer.json()["id"])


def test_a_new_payment_comes_on_top_and_what_was_loaded_stays(
    open_page: OpenPage, evse: Evse, dara: Client, vera: Client
) -> None:
    many(bare_booking(dara, evse), 120, created_at=clock.now() - dt.timedelta(hours=1))
    page = live(open_page(vera), "/operations/payments/")
    rows = page.locator("tr[id^=row-payment-]")
    expect(rows).to_have_count(50)
    page.get_by_role("link", name="Show more").click()
    expect(rows).to_have_count(100)
    payment_id = begin_to_pay(page, held(dara, evse))
    expect(page.locator(f"#row-payment-{payment_id}")).to_contain_text("Waiting")
    expect(rows).to_have_count(101)
    page.get_by_role("link", name="Show more").click()
    expect(rows).to_have_count(121)
    expect(page.get_by_role("link", name="Show more")).to_have_count(0)


def test_a_thousand_rows_and_long_names_fit_a_phone_and_a_desk(
    open_page: OpenPage, evse: Evse, dara: Client, vera: Client
) -> None:
    booking = bare_booking(dara, evse, station_name=LONG, client_name="x" * 80, quote_minor=123_456_789_012)
    many(booking, 1000)
    page = open_page(vera, viewport=PHONE)
    page.goto("/operations/payments/")
    rows = page.locator("tr[id^=row-payment-]")
    for loaded in range(100, 1001, 50):
        page.get_by_role("link", name="Show more").click()
        expect(rows).to_have_count(loaded)
    fits(page)
    page.goto(f"/operations/payments/{Payment.objects.values_list('pk', flat=True)[0]}/")
    fits(page)


def fits(page: Page) -> None:
    """Nobody must scroll sideways, on a phone or at a desk."""
    for size in (PHONE, DESK):
        page.set_viewport_size(size)
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


def test_it_works_without_javascript(open_page: OpenPage, evse: Evse, dara: Client, vera: Client) -> None:
    many(bare_booking(dara, evse), 60)
    page = open_page(vera, java_script_enabled=False)
    page.goto("/operations/payments/")
    page.get_by_role("link", name="Show more").click()
    expect(page.locator("tr[id^=row-payment-]")).to_have_count(10)
    page.get_by_role("link", name="Back to the newest").click()
    expect(page.locator("tr[id^=row-payment-]")).to_have_count(50)
