"""Operators watch, stop and end charging sessions, and answer why a driver was charged what was charged."""

import datetime as dt
import re
from collections.abc import Iterator
from threading import Barrier, Thread
from typing import Any

import pytest
from django.core import mail
from django.db import connections
from django.test import Client as Browser

from bookings.charging import start_session, stop_session
from bookings.models import Booking, ChargingSession, Client, Evse, MeterValue
from bookings.refusals import NotCharging
from evbunker import clock
from evbunker.models import Change
from payments.models import Payment
from payments.outbox import work_outbox
from payments.stopping import stop_by_operator
from tests.adminpanel.desks import desk_of
from tests.booking_steps import held, paid

LIST = "/operations/sessions/"
AN_HOUR = dt.timedelta(hours=1)


@pytest.fixture
def desk(opal: Client) -> Browser:
    return desk_of(opal)


@pytest.fixture
def charging(dara: Client, evse: Evse) -> Iterator[ChargingSession]:
    """Begun with its booked hour, ten minutes ago; the clock stands still, for every minute costs."""
    booking = paid(dara, evse)
    with clock.moved_to(booking.starts_at):
        session = start_session(booking=booking, actor=dara)
    with clock.moved_to(booking.starts_at + dt.timedelta(minutes=10)):
        yield session


def read(browser: Browser, path: str, **asked: Any) -> str:
    answer = browser.get(path, asked)
    assert answer.status_code == 200, path
    return " ".join(answer.content.decode().split())


def shown(browser: Browser, **asked: Any) -> list[str]:
    return re.findall(r'<tr id="row-session-([^"]+)"', read(browser, LIST, **asked))


def test_without_a_meter_the_energy_is_an_estimate_and_with_one_its_newest_reading(
    desk: Browser, charging: ChargingSession
) -> None:
    page = read(desk, LIST)
    assert '10.0 kWh</span> <span class="tag">estimated' in page
    assert "not connected" in page
    for minute in range(3):
        at = clock.now() - dt.timedelta(minutes=2 - minute)
        MeterValue.objects.create(session=charging, at=at, energy_wh=3000 * minute, power_w=41_000)
    charging.save()
    page = read(desk, f"{LIST}{charging.pk}/")
    assert "6.0 kWh" in page
    assert "metered" in page
    assert "41 kW" in page
    assert page.count("<polyline") == 2
    assert page.count("3.0 kWh") == 1
    assert f"/operations/bookings/{charging.booking_id}/" in page


def test_every_filter_finds_its_own(desk: Browser, charging: ChargingSession, eli: Client, evse: Evse) -> None:
    other = paid(eli, evse, in_minutes=240).session
    mine, theirs = str(charging.pk), str(other.pk)
    assert shown(desk) == [theirs, mine]
    assert shown(desk, state="active") == shown(desk, client=charging.client_id) == [mine]
    assert shown(desk, state="scheduled") == shown(desk, q="eli@example.org") == [theirs]
    assert shown(desk, energy="metered") == shown(desk, q="nobody@example.org") == shown(desk, q="x") == []
    assert shown(desk, energy="estimated") == [mine]
    assert shown(desk, station=evse.station_id, state="active") == [mine]
    assert shown(desk, station=evse.pk) == shown(desk, until="2020-01-01") == []
    payment = Payment.objects.get(booking=charging.booking)
    for known in (charging.pk, charging.booking_id, payment.pk):
        assert shown(desk, q=str(known)) == [mine]
    assert "This day is before the first one." in read(desk, LIST, since="2026-02-02", until="2026-02-01")


def test_an_operator_stops_a_session_and_the_driver_reads_why(
    desk: Browser, charging: ChargingSession, dara: Client
) -> None:
    page = read(desk, f"{LIST}{charging.pk}/")
    assert "Stop charging" in page
    act = f"{LIST}{charging.pk}/stop/"
    assert "The station is not connected" in read(desk, act)
    assert desk.post(act, {"note": ""}).status_code == 422
    answer = desk.post(act, {"note": "The cable smokes."}, follow=True)
    assert "Stopped: 10.0 kWh (estimated) for €8.50." in answer.content.decode().replace("\xa0", " ")
    assert desk.post(act, {"note": "Once more."}).status_code == 409
    driver = Browser()
    driver.force_login(dara)
    assert "The cable smokes." in driver.get(f"/bookings/{charging.booking_id}/").content.decode()
    work_outbox()
    assert any("The cable smokes." in letter.body for letter in mail.outbox)
    assert "An operator ended the charging" in read(desk, f"{LIST}{charging.pk}/")


def test_stuck_sessions_stand_first_say_why_and_are_ended_together(
    desk: Browser, charging: ChargingSession, eli: Client, vera: Client, evse: Evse
) -> None:
    unused = paid(eli, evse, in_minutes=240).session
    assert "No session is stuck." in read(desk, f"{LIST}stuck/")
    with clock.moved_to(clock.now() + 10 * AN_HOUR):
        page = read(desk, LIST)
        assert page.index("Stuck: their time is over") < page.index("Charging now")
        assert "still charges although its booked time is over" in page
        assert "the driver did not" not in page
        assert desk.post(f"{LIST}stuck/", {"note": "The job stood still."}).status_code == 422
        assert "closed as not used" in read(desk, f"{LIST}stuck/")
        chosen = {"session": [str(charging.pk), str(unused.pk)], "note": "The job stood still."}
        answer = desk.post(f"{LIST}stuck/", chosen, follow=True)
        assert "2 sessions were ended." in answer.content.decode()
        answer = desk.post(f"{LIST}stuck/", chosen, follow=True)
        assert "The others had ended meanwhile." in answer.content.decode()
    charging.refresh_from_db()
    unused.refresh_from_db()
    assert (charging.status, unused.status) == ("completed", "aborted")
    notes = Change.objects.filter(record_id__in=[charging.pk, unused.pk], reason="The job stood still.")
    assert {note.actor for note in notes} == {"opal@example.org"}
    assert desk_of(vera).post(f"{LIST}stuck/", chosen).status_code == 403


def test_a_bookings_page_answers_why_it_was_charged(
    desk: Browser, charging: ChargingSession, dara: Client, vera: Client
) -> None:
    stop_session(booking=charging.booking, actor=dara)
    with clock.moved_to(clock.now() + AN_HOUR):
        work_outbox()
        page = read(desk, f"/operations/bookings/{charging.booking_id}/").replace("\xa0", " ")
    for said in (
        "The price is €13.00: the booked time, and energy of at most 20.0 kWh",
        "€13.00 came through Sandbox",
        "10.0 kWh were charged (estimated from power and time, for there is no meter). That costs €8.50, so €4.50",
        "€4.50 is on its way back: not used up.",
        "So the driver pays €8.50 in all.",
        "You get everything back until",
        "20.0 kWh at €0.45 a kWh",
        "10.0 kWh at €0.45 a kWh",
        "A session</dt><dd>€1.00",
        "The driver held the time",
        "Charging began",
        "Send money back",
    ):
        assert said in page.replace("was sent back: not", "is on its way back: not"), said
    assert "Send money back" not in read(desk_of(vera), f"/operations/bookings/{charging.booking_id}/")


def test_the_list_of_bookings_finds_by_whatever_is_known(
    desk: Browser, charging: ChargingSession, eli: Client, evse: Evse
) -> None:
    hold = held(eli, evse, in_minutes=240)

    def found(**asked: Any) -> list[str]:
        return re.findall(r'<tr id="row-booking-([^"]+)"', read(desk, "/operations/bookings/", **asked))

    mine, theirs = str(charging.booking_id), str(hold.pk)
    assert found() == [theirs, mine]
    assert found(state="held") == found(client=eli.pk) == found(q="eli@example.org") == [theirs]
    assert found(state="in_use") == found(q=str(charging.pk)) == found(q=mine) == [mine]
    assert found(station=evse.station_id, state="in_use", since="2020-01-01") == [mine]
    assert found(state="no_show") == found(until="2020-01-01") == []
    assert desk.get("/operations/bookings/", {"cursor": "x"}).status_code == 422


def test_it_says_when_there_is_nothing(desk: Browser) -> None:
    page = read(desk, LIST)
    assert "Nobody is charging" in page
    assert "No sessions yet" in page
    assert "No bookings yet" in read(desk, "/operations/bookings/")


@pytest.mark.race
def test_a_driver_and_an_operator_who_stop_at_once_stop_it_once(dara: Client, opal: Client, evse: Evse) -> None:
    booking = paid(dara, evse)
    with clock.shifted(booking.starts_at - clock.now()):
        start_session(booking=booking, actor=dara)
        ready, said = Barrier(3), []

        def by_driver() -> None:
            said.append(stop_session(booking=Booking.objects.get(pk=booking.pk), actor=dara).status)

        def by_operator() -> None:
            try:
                stop_by_operator(booking=Booking.objects.get(pk=booking.pk), actor=opal, note="It smokes.")
                said.append("by operator")
            except NotCharging:
                said.append("too late")

        def run(stop: Any) -> None:
            ready.wait(60)
            try:
                stop()
            finally:
                connections.close_all()

        threads = [Thread(target=run, args=[stop]) for stop in (by_driver, by_operator, by_operator)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
    session = ChargingSession.objects.get(booking=booking)
    acts = [note.action for note in Change.objects.filter(record_id=session.pk)]
    assert sorted(acts).count("session.completed") + acts.count("session.stopped") == 1
    assert len(said) == 3
    assert said.count("by operator") == acts.count("session.stopped")
