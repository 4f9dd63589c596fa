"""The board of a day, and the time that operators block and give back there."""

import datetime as dt
import re
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest
from django.test import Client as Browser
from hypothesis import given, settings
from hypothesis import strategies as st

from adminpanel.board import BLOCKED, BOOKED, CLOSED, FREE, board_of
from bookings.blocking import block, unblock
from bookings.models import Booking, Client, Evse, SlotClaim, Station
from bookings.opening import is_open
from bookings.slots import SLOT_SECONDS, Period, day_period, slot_of, start_of
from bookings.stations import refresh_station
from evbunker import clock
from evbunker.models import Change
from payments.integrity import check_integrity
from payments.models import Refund
from tests.adminpanel.desks import desk_of
from tests.adminpanel.payment_rows import bare_booking
from tests.booking_steps import held, paid, slot_in
from tests.people import make_client
from tests.places import make_evse, make_station


@pytest.fixture(autouse=True)
def _a_quarter_has_just_begun() -> Iterator[None]:
    """So that two looks at the next slot see the same one, however long a loaded machine takes in between."""
    into = clock.now().timestamp() % SLOT_SECONDS
    with clock.shifted(dt.timedelta(seconds=SLOT_SECONDS + 5 - into)):
        yield


NIGHTS = {"regular_hours": [{"weekday": day, "period_begin": "22:00", "period_end": "03:30"} for day in range(1, 8)]}
DAYS = [
    ("Europe/Berlin", dt.date(2026, 3, 29), 92),
    ("Europe/Berlin", dt.date(2026, 10, 25), 100),
    ("Australia/Lord_Howe", dt.date(2026, 10, 4), 94),
    ("Asia/Kathmandu", dt.date(2026, 6, 1), 96),
]
LOCAL = "%Y-%m-%dT%H:%M"


@given(
    which=st.sampled_from(DAYS),
    blocked=st.sets(st.integers(-3, 103), max_size=12),
    begin=st.integers(-10, 99),
    length=st.integers(1, 8),
    status=st.sampled_from(["confirmed", "held", "completed", "no_show", "cancelled"]),
    hours=st.sampled_from([{}, NIGHTS]),
)
@settings(max_examples=12, deadline=None)
def test_the_board_is_what_the_claims_of_the_day_are(
    which: tuple[str, dt.date, int], blocked: set[int], begin: int, length: int, status: str, hours: dict[str, object]
) -> None:
    zone_name, day, count = which
    zone = ZoneInfo(zone_name)
    first = slot_of(day_period(day, zone).starts_at)
    station = make_station(tariff=None, time_zone=zone_name, opening_hours=hours)
    evse, client = make_evse(station), make_client("dara")
    theirs = range(first + begin, first + begin + length)
    booking = bare_booking(
        client, evse, status=status, starts_at=start_of(theirs.start), ends_at=start_of(theirs.stop)
    )  # fmt: skip
    claims = {first + slot: None for slot in blocked}
    claims |= dict.fromkeys(theirs, booking) if status in Booking.LIVE else {}
    SlotClaim.objects.bulk_create(
        SlotClaim(evse=evse, slot=slot, booking=owner, kind="booking" if owner else "block")
        for slot, owner in claims.items()
    )  # fmt: skip
    try:
        board = board_of(station, day)
        assert (len(board.slots), sum(column.length for column in board.columns)) == (count, count)
        shown = {
            slot: (piece.kind, piece.booking)
            for piece in board.rows[0].pieces
            for slot in range(piece.first, piece.first + piece.length)
        }
        assert list(shown) == list(board.slots)
        for slot, (kind, whose) in shown.items():
            assert (kind, whose) == _expected(slot, claims, booking, theirs, station), slot
    finally:
        for row in (*SlotClaim.objects.all(), booking, evse, station, client):
            row.delete()


def _expected(
    slot: int, claims: dict[int, Booking | None], booking: Booking, theirs: range, station: Station
) -> tuple[str, Booking | None]:
    if slot in claims:
        return (BOOKED, claims[slot]) if claims[slot] else (BLOCKED, None)
    if slot in theirs and booking.status in ("completed", "no_show"):
        return (BOOKED, booking)
    opened = is_open(station.opening_hours, station.zone, start_of(slot), start_of(slot + 1))
    return (FREE if opened else CLOSED, None)


def page_of(station: Station, name: str = "board") -> str:
    return f"/operations/stations/{station.pk}/{name}/"


def asked(evse: Evse | None, station: Station, since: dt.datetime, until: dt.datetime, **more: str) -> dict[str, str]:
    local = {name: at.astimezone(station.zone).strftime(LOCAL) for name, at in (("since", since), ("until", until))}
    return {"evse": str(evse.pk) if evse else "", "note": "We replace the cable.", **local, **more}


def second_evse(station: Station) -> Evse:
    evse = make_evse(station, "2")
    refresh_station(station)
    return evse


def seen_on(page: str) -> str:
    found = re.search(r'name="seen" value="([^"]+)"', page)
    assert found, page
    return found[1]


def test_the_page_shows_who_is_there_and_works_for_any_day(
    dara: Client, vera: Client, station: Station, evse: Evse
) -> None:
    holding, sure = held(dara, evse, in_minutes=30), paid(make_client("eli"), evse, in_minutes=120)
    block(evse=evse, period=Period(slot_in(240), slot_in(300)), actor=vera, note="New cable")
    desk = desk_of(vera)
    day = holding.starts_at.astimezone(station.zone).date()
    page = desk.get(page_of(station), {"date": day.isoformat()}).content.decode()
    assert "Dara" in page
    assert "unpaid, held until" in page
    assert f'id="board-{holding.pk}-' in page
    assert f'id="list-{holding.pk}-' in page
    assert "New cable" in page
    assert "Give back" not in page, "a viewer only looks"
    sure_day = sure.starts_at.astimezone(station.zone).date().isoformat()
    assert "Eli" in desk.get(page_of(station), {"date": sure_day}).content.decode()
    for odd in ("", "x", "0001-01-01", "9999-12-31", "2026-02-30"):
        assert desk.get(page_of(station), {"date": odd}).status_code == 200, odd
    assert "No EVSEs yet" in desk.get(page_of(make_station("Elsewhere", tariff=None))).content.decode()


def test_a_block_says_whose_bookings_it_closes_and_then_does_just_that(
    dara: Client, eli: Client, opal: Client, station: Station, evse: Evse
) -> None:
    other = second_evse(station)
    across, kept = paid(dara, evse, in_minutes=90), paid(eli, other, in_minutes=400)
    since, desk = slot_in(120), desk_of(opal)
    form = asked(None, station, since, since + dt.timedelta(hours=2))
    page = desk.post(page_of(station, "block"), form).content.decode()
    assert "Dara" in page
    assert "Eli" not in page
    assert f"€{across.quote_minor / 100:.2f} goes back in all." in page
    assert not SlotClaim.objects.filter(kind="block").exists()

    later = held(eli, other, in_minutes=150, minutes=15, energy_wh=2_000)
    again = desk.post(page_of(station, "block"), form | {"step": "do", "seen": seen_on(page)})
    assert again.status_code == 409
    assert "Meanwhile other bookings are in the way" in again.content.decode()
    assert not SlotClaim.objects.filter(kind="block").exists()

    done = desk.post(page_of(station, "block"), form | {"step": "do", "seen": seen_on(again.content.decode())})
    assert done.status_code == 303
    states = {one.pk: (one.status, one.ended_reason) for one in Booking.objects.all()}
    assert states[across.pk] == states[later.pk] == ("cancelled", "operator")
    assert states[kept.pk][0] == "confirmed"
    assert Refund.objects.get().amount_minor == across.quote_minor
    assert SlotClaim.objects.filter(kind="block").count() == 16
    assert "We replace the cable." in desk.get(done["Location"]).content.decode()
    assert check_integrity() == []


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        ((-5, -3), "This is over"),
        ((2, 1), "It must end after it begins."),
        ((2, 24 * 40), "at most 31 days"),
        ((24 * 400, 24 * 401), "within a year"),
    ],
)
def test_what_cannot_be_blocked_is_said(
    opal: Client, station: Station, evse: Evse, hours: tuple[int, int], said: str
) -> None:
    since, until = (slot_in(60 * hour) for hour in hours)
    answer = desk_of(opal).post(page_of(station, "block"), asked(evse, station, since, until))
    assert answer.status_code == 422
    assert said in answer.content.decode()


def test_giving_back_frees_just_those_slots(dara: Client, opal: Client, station: Station, evse: Evse) -> None:
    begin = slot_of(slot_in(120))
    booking = held(dara, evse, in_minutes=120, minutes=30, energy_wh=2_000)
    block(evse=evse, period=Period(start_of(begin), start_of(begin + 12)), actor=opal, note="New cable")
    other = second_evse(station)
    block(evse=other, period=Period(start_of(begin), start_of(begin + 12)), actor=opal, note="New cable")
    form = asked(evse, station, start_of(begin + 1), start_of(begin + 6))
    assert desk_of(opal).post(page_of(station, "unblock"), form).status_code == 303
    left = {row.slot - begin: row.kind for row in SlotClaim.objects.filter(evse=evse)}
    assert left == {0: "booking", 1: "booking"} | dict.fromkeys(range(6, 12), "block")
    assert SlotClaim.objects.filter(evse=other).count() == 12
    noted = Change.objects.get(action="evse.unblocked")
    assert (noted.record_id, noted.actor_id, noted.after["ends_at"]) == (
        evse.pk,
        opal.pk,
        start_of(begin + 6).isoformat(),
    )
    assert desk_of(opal).post(page_of(station, "unblock"), form).status_code == 409
    assert held(make_client("eli"), evse, in_minutes=150, minutes=60, energy_wh=2_000).status == "held"
    assert booking.status == "held"
    assert check_integrity() == []


def test_what_was_blocked_in_the_past_stays(opal: Client, evse: Evse) -> None:
    now = slot_of(clock.now())
    with clock.shifted(-dt.timedelta(hours=2)):
        block(evse=evse, period=Period(start_of(now - 4), start_of(now + 4)), actor=opal, note="New cable")
    whole = Period(start_of(now - 4), start_of(now + 4))
    assert unblock(evse=evse, period=whole, actor=opal, note="done") in (3, 4)
    assert set(SlotClaim.objects.values_list("slot", flat=True)) >= set(range(now - 4, now))
    assert unblock(evse=evse, period=whole, actor=opal, note="done") == 0


@pytest.mark.parametrize("name", ["block", "unblock", "status"])
def test_who_may_not_act_is_refused(dara: Client, vera: Client, station: Station, evse: Evse, name: str) -> None:
    since = slot_in(120)
    form = asked(evse, station, since, since + dt.timedelta(hours=1), step="do")
    for browser, status in ((desk_of(vera), 403), (desk_of(dara), 404), (Browser(), 302)):
        assert browser.post(page_of(station, name), form).status_code == status
        assert browser.get(page_of(station, name)).status_code == status
    assert not SlotClaim.objects.exists()
