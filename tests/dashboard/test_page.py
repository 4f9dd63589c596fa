"""The dashboard as a driver, a stranger and nobody see it."""

import datetime as dt

import pytest
from django.test import Client as Browser

from bookings.charging import start_session
from bookings.models import Client, Evse, Tariff, Vehicle
from evbunker import clock
from evbunker.live import Event, publish
from evbunker.live.events import NAMES
from payments.models import Payment
from tests.booking_steps import held, paid
from tests.eco_history import charge
from tests.places import make_evse, make_station
from tests.plans import no_scans

PANELS = ("active-session", "next-booking", "impact", "highlights", "recent-payments")
QUERIES = {"none": 9, "full": 15}
"""Most queries of the page with nothing in the cache: for a new driver, and with everything there is to show."""


@pytest.fixture
def as_dara(dara: Client, client: Browser) -> Browser:
    client.force_login(dara, backend="bookings.backends.ClientBackend")
    return client


def page(browser: Browser) -> str:
    answer = browser.get("/dashboard/")
    assert answer.status_code == 200
    return answer.content.decode().replace("\N{NO-BREAK SPACE}", " ")


def panel(browser: Browser, name: str) -> str:
    """The panel as a reload shows it once what was cached has had its time: the cache's clock is not ours to move."""
    for row in Client.objects.all():
        for event in NAMES:
            publish(Event(event, client=row.pk))
    answer = browser.get(f"/live/panels/{name}/")
    assert answer.status_code == 200
    return answer.content.decode().replace("\N{NO-BREAK SPACE}", " ")


def test_signed_out_it_leads_to_sign_in(client: Browser) -> None:
    answer = client.get("/dashboard/")
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/login/?next=/dashboard/")
    for name in PANELS:
        assert client.get(f"/live/panels/{name}/").status_code == 302


def test_it_is_only_to_be_read(as_dara: Browser) -> None:
    assert as_dara.post("/dashboard/").status_code == 405


def test_a_new_driver_is_led_to_a_station(as_dara: Browser) -> None:
    shown = page(as_dara)
    assert "Hello, Dara" in shown
    assert "Your impact begins with your first booking" in shown
    assert "Nothing is booked." in shown
    assert 'id="panel-highlights"' in shown  # there, so that a live update finds it, but not to be seen
    for name in ("highlights", "active-session", "recent-payments"):
        root = shown[shown.index(f'id="panel-{name}"') :]
        assert "hidden" in root[: root.index(">")]
    assert "0.0 kWh" not in shown


def test_every_panel_stands_once_on_the_page_and_on_the_line(as_dara: Browser) -> None:
    shown = page(as_dara)
    for name in PANELS:
        assert shown.count(f'id="panel-{name}"') == 1
    assert "/live/?panels=active-session,next-booking,impact,highlights,recent-payments" in shown


def test_the_figures_are_the_drivers_own(as_dara: Browser, dara: Client, eli: Client, evse: Evse) -> None:
    charge(dara, evse, energy_wh=20_000, paid_minor=900)
    charge(eli, evse, energy_wh=40_000)
    shown = panel(as_dara, "impact")
    for figure in ("20.7 kg", "20.0 kWh", "111 km", "11.8 L", "€11.81", "1 h", "33.3 %", "2 of 2", "0.3"):
        assert figure in shown
    assert "estimated" in shown
    assert "40.0 kWh" not in shown


def test_metered_figures_are_not_called_estimates(as_dara: Browser, dara: Client, evse: Evse) -> None:
    charge(dara, evse, source="metered")
    assert "estimate" not in panel(as_dara, "impact")


def test_a_saving_below_zero_is_shown_and_explained(as_dara: Browser, dara: Client, tariff: Tariff) -> None:
    Vehicle.objects.create(client=dara, name="Van", usable_battery_wh=60_000, ac_max_w=11_000, wh_per_km=300)
    charge(dara, make_evse(make_station("Yard", tariff=tariff, country="UZ")))
    shown = panel(as_dara, "impact")
    assert "\N{MINUS SIGN}5.9 kg" in shown
    assert "Below zero" in shown
    assert "In trees" not in shown


def test_what_nobody_knows_is_said_and_not_shown(as_dara: Browser, dara: Client, tariff: Tariff) -> None:
    charge(dara, make_evse(make_station("Nowhere", tariff=tariff, country="")))
    shown = panel(as_dara, "impact")
    assert shown.count("Not shown:") == 4  # the saving, the money, the share, the rank
    assert "0 g" not in shown


def test_a_hold_comes_first_and_waits_for_its_payment(as_dara: Browser, dara: Client, evse: Evse) -> None:
    booking = held(dara, evse)
    shown = panel(as_dara, "next-booking")
    assert f"/bookings/{booking.pk}/" in shown
    assert "Go and pay" in shown
    assert "<form" not in shown
    with clock.shifted(dt.timedelta(hours=1)):  # the time to pay is over
        assert "Nothing is booked." in panel(as_dara, "next-booking")


def test_the_next_booking_is_the_first_that_is_not_over(as_dara: Browser, dara: Client, evse: Evse) -> None:
    paid(dara, evse, in_minutes=600)
    first = paid(dara, evse, in_minutes=120)
    shown = panel(as_dara, "next-booking")
    assert f"/bookings/{first.pk}/" in shown
    assert "Confirmed" in shown
    with clock.shifted(first.starts_at - clock.now()):
        assert "Go and start charging" in panel(as_dara, "next-booking")


def test_a_running_session_says_how_far_it_is_and_that_it_estimates(as_dara: Browser, dara: Client, evse: Evse) -> None:
    booking = paid(dara, evse, energy_wh=20_000)
    with clock.moved_to(booking.starts_at):
        start_session(booking=booking, actor=dara)
    with clock.moved_to(booking.starts_at + dt.timedelta(minutes=6)):
        shown = panel(as_dara, "active-session")
        assert "6.0 kWh of 20.0 kWh" in shown
        assert "estimated" in shown
        assert "Nothing is booked." in panel(as_dara, "next-booking")


def test_payments_are_the_drivers_own_newest_first(as_dara: Browser, dara: Client, eli: Client, evse: Evse) -> None:
    for n in range(6):
        with clock.shifted(dt.timedelta(minutes=n)):
            paid(dara, evse, in_minutes=120 * (n + 1))
    other = paid(eli, evse, in_minutes=1_200)
    shown = panel(as_dara, "recent-payments")
    newest = [payment.pk for payment in Payment.objects.filter(client=dara).order_by("-created_at")]
    places = [shown.find(f"payment-{pk}") for pk in newest]
    assert places[:5] == sorted(places[:5])
    assert -1 not in places[:5]
    assert places[5] == -1
    assert str(other.pk) not in shown


def test_a_payment_changes_the_panels_at_once(as_dara: Browser, dara: Client, evse: Evse) -> None:
    before = {name: as_dara.get(f"/live/panels/{name}/").content.decode() for name in PANELS}
    paid(dara, evse)
    after = {name: as_dara.get(f"/live/panels/{name}/").content.decode() for name in PANELS}
    changed = {name for name in PANELS if before[name] != after[name]}
    assert changed == {"next-booking", "impact", "highlights", "recent-payments"}
    assert "20.0\N{NO-BREAK SPACE}kWh" in after["impact"]


@pytest.mark.parametrize("state", ["none", "full"])
def test_the_page_asks_a_bounded_number_of_questions(
    as_dara: Browser, dara: Client, evse: Evse, django_assert_max_num_queries: object, state: str
) -> None:
    if state == "full":
        everything(dara, evse)
    as_dara.get("/bookings/")  # the visit's own bookkeeping
    with django_assert_max_num_queries(QUERIES[state]):
        page(as_dara)
    with django_assert_max_num_queries(2):  # the sign-in session and its client: all else is cached
        page(as_dara)


def everything(client: Client, evse: Evse) -> None:
    for n in range(4):
        charge(client, evse, day=dt.date(2026, 11, 1 + n))
    paid(client, evse, in_minutes=300)
    booking = paid(client, evse, in_minutes=30)
    with clock.shifted(booking.starts_at - clock.now()):
        start_session(booking=booking, actor=client)


def test_no_query_of_the_page_scans_what_grows(as_dara: Browser, dara: Client, evse: Evse) -> None:
    everything(dara, evse)
    with no_scans():
        page(as_dara)
