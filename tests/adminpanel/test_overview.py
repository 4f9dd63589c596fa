"""The overview's panels follow what services do, and its page asks few questions."""

import datetime as dt

import pytest
from django.test import Client as Visitor

from adminpanel.feeding import newest_of_each
from adminpanel.panels import OF_EACH, overview_network, overview_sessions
from adminpanel.stats import evses_by_state, overview
from bookings.charging import start_session, stop_session
from bookings.models import Client, Evse, Station
from bookings.stations import save_evse
from evbunker import clock
from tests.adminpanel.history import make_history, make_network
from tests.booking_steps import held, paid, slot_in
from tests.people import make_client
from tests.places import make_evse, make_station
from tests.plans import no_scans

API = "/api/v1/operations/overview"
FIELDS = {
    "clients", "clients_today", "stations", "evses", "evses_available", "sessions_active", "bookings_today",
    "revenue_today", "energy_today_wh", "co2_saved_today_g", "as_of",
}  # fmt: skip


def api(visitor: Visitor) -> dict[str, object]:
    return visitor.get(API).json()


def sentences() -> list[str]:
    return [item.sentence for item in newest_of_each(OF_EACH, 30)]


def test_a_paid_booking_shows_at_once(client: Visitor, vera: Client, dara: Client, evse: Evse) -> None:
    client.force_login(vera)
    before = api(client)
    assert set(before) == FIELDS
    booking = paid(dara, evse)
    after = api(client)
    assert after["bookings_today"] == before["bookings_today"] + 1 == 1
    assert after["revenue_today"] == {"EUR": booking.quote_minor}
    assert after["energy_today_wh"] == 20_000
    assert after["co2_saved_today_g"] == booking.eco_stat.co2_saved_g
    assert (after["stations"], after["evses"], after["clients"]) == (1, 1, 2)


def test_a_session_shows_from_its_start_to_its_end(client: Visitor, vera: Client, dara: Client, evse: Evse) -> None:
    client.force_login(vera)
    booking = paid(dara, evse, in_minutes=0)
    with clock.shifted(slot_in(0) - clock.now() + dt.timedelta(minutes=1)):
        assert "Nobody is charging" in client.get("/live/panels/overview-sessions/").content.decode()
        start_session(booking=booking, actor=dara)
        assert (overview().sessions_active, overview().evses["occupied"]) == (1, 1)
        assert "Dara, since" in client.get("/live/panels/overview-sessions/").content.decode()
        assert "Dara began to charge at Harbour, 1" in client.get("/live/panels/activity/").content.decode()
        stop_session(booking=booking, actor=dara)
        assert (overview().sessions_active, overview().evses["available"]) == (0, 1)
        assert "Dara charged at Harbour, 1" in client.get("/live/panels/activity/").content.decode()


def test_an_evse_is_reserved_while_it_is_promised(dara: Client, evse: Evse) -> None:
    booking = paid(dara, evse, in_minutes=0)
    assert evses_by_state(clock.now())["available"] == 1
    with clock.moved_to(booking.starts_at):
        states = {"available": 0, "reserved": 1, "occupied": 0, "faulted": 0, "out_of_service": 0}
        assert evses_by_state(clock.now()) == states
    with clock.moved_to(booking.ends_at):
        assert evses_by_state(clock.now())["available"] == 1


def test_a_faulted_evse_shows_at_once(client: Visitor, opal: Client, evse: Evse) -> None:
    client.force_login(opal)
    assert api(client)["evses_available"] == 1
    evse.status = Evse.Status.FAULTED
    save_evse(evse=evse, actor=opal)
    assert (api(client)["evses"], api(client)["evses_available"]) == (1, 0)


def test_the_feed_is_in_order_and_names_everybody(dara: Client, evse: Evse) -> None:
    booking = paid(dara, evse, in_minutes=0)
    with clock.shifted(booking.starts_at - clock.now()):
        start_session(booking=booking, actor=dara)
    items = newest_of_each(OF_EACH, 30)
    assert [item.at for item in items] == sorted((item.at for item in items), reverse=True)
    assert {item.kind for item in items} == {"client", "station", "booking", "payment", "session"}
    assert {"Dara signed up", "Harbour was added", "Dara booked Harbour, 1"} <= set(sentences())
    assert any(sentence.startswith("Dara paid €") for sentence in sentences())


def test_an_import_does_not_hide_the_rest(dara: Client) -> None:
    for number in range(3 * OF_EACH):
        make_station(f"Imported {number}", tariff=None)
    assert "Dara signed up" in sentences()


def test_long_and_odd_names_are_shown_as_they_are(client: Visitor, vera: Client, evse: Evse) -> None:
    odd = make_client("odd")
    odd.name = "<script>alert('%s')</script> 100 % & Söhne " + "x" * 60
    odd.save()
    held(odd, evse)
    client.force_login(vera)
    page = client.get("/operations/overview/").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(&#x27;%s&#x27;)&lt;/script&gt; 100 % &amp; Söhne" in page


def test_only_so_many_sessions_are_listed(dara: Client) -> None:
    evses = make_network()
    make_history(dara, evses, seed=11, rows=300)
    shown = overview_sessions()
    assert len(shown["sessions"]) == 20
    assert shown["more"] is True
    ends = [session.scheduled_end for session in shown["sessions"]]
    assert ends == sorted(ends)


def test_the_state_bar_is_as_long_as_its_parts(station: Station) -> None:
    for number, status in enumerate(Evse.Status.values * 2):
        make_evse(station, str(number), status=status)
    parts = overview_network()["evse_shares"]
    assert sum(part.length for part in parts) == 1000
    assert [part.offset for part in parts] == [0, 250, 250, 500, 750]


def test_the_page_asks_few_questions(
    client: Visitor, vera: Client, dara: Client, evse: Evse, django_assert_max_num_queries: object
) -> None:
    paid(dara, evse)
    client.force_login(vera)
    with no_scans():
        client.get("/operations/overview/")
    client.get("/operations/overview/")  # having been seen was news
    with django_assert_max_num_queries(4):
        client.get("/operations/overview/")


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/New_York"])
def test_times_are_the_operators_own_and_named(client: Visitor, dara: Client, zone: str) -> None:
    client.force_login(make_client("opal", role="operator", time_zone=zone))
    assert f"Times in {zone}" in client.get("/operations/overview/").content.decode()
