"""Outages follow the statuses of EVSEs; uptime is counted from them as 23 CFR 680.116 says."""

import dataclasses
import datetime as dt
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bookings.blocking import block
from bookings.importers.rows import EvseRow, StationRow
from bookings.importers.storing import create_stations, update_station
from bookings.mending import mend_outages
from bookings.models import Client, Evse, Outage, Station
from bookings.opening import is_open
from bookings.outages import UnknownCause, set_cause
from bookings.slots import Period, slot_of, start_of
from bookings.stations import remove_evse, save_evse, set_evse_status
from bookings.uptime import NOT_EXCLUDED, trailing_months, trailing_year, uptime_of, uptimes_of
from evbunker import clock
from evbunker.models import Change
from payments.integrity import check_integrity
from tests.booking_steps import held
from tests.bookings.test_hold_races import at_once
from tests.places import make_evse

FAULTED, OUT, WORKS = Evse.Status.FAULTED, Evse.Status.OUT_OF_SERVICE, Evse.Status.AVAILABLE
HOUR = dt.timedelta(hours=1)


def outages(evse: Evse) -> list[tuple[str, bool]]:
    """Cause and whether it lasts, the earliest first."""
    rows = sorted(Outage.objects.filter(evse=evse), key=lambda row: (row.began_at, row.pk))
    return [(row.cause, row.ended_at is None) for row in rows]


def test_an_outage_lasts_while_the_evse_is_down(evse: Evse, opal: Client) -> None:
    assert set_evse_status(evse=evse, status=FAULTED, actor=opal, reason="dark display")
    assert not set_evse_status(evse=evse, status=FAULTED, actor=opal)
    with clock.shifted(HOUR):
        assert set_evse_status(evse=evse, status=OUT, actor=opal)
        assert outages(evse) == [("unknown", True)]
        assert set_evse_status(evse=evse, status=OUT, actor=opal, cause="vandalism", reason="cut cable")
    with clock.shifted(2 * HOUR):
        assert set_evse_status(evse=evse, status=WORKS, actor=opal)
    assert outages(evse) == [("unknown", False), ("vandalism", False)]
    first, second = Outage.objects.order_by("began_at")
    assert first.ended_at == second.began_at
    assert second.ended_at >= first.began_at + 2 * HOUR
    assert (first.note, first.station_id) == ("dark display", evse.station_id)
    assert Change.objects.get(action="evse.cause").after == {"cause": "vandalism"}
    assert check_integrity() == []


def test_what_lasted_no_second_leaves_nothing(evse: Evse, opal: Client) -> None:
    for status in (FAULTED, WORKS, OUT, WORKS, FAULTED):
        set_evse_status(evse=evse, status=status, actor=opal)
    assert outages(evse) == [("unknown", True)]
    assert check_integrity() == []


def test_an_evse_blocked_for_maintenance_now_is_down_for_that(evse: Evse, opal: Client) -> None:
    now = start_of(slot_of(clock.now()))
    block(evse=evse, period=Period(now, now + HOUR), actor=opal, note="new cable")
    set_evse_status(evse=evse, status=OUT, actor=opal)
    assert outages(evse) == [("maintenance", True)]


def test_every_way_to_write_a_status_is_followed(dara: Client, evse: Evse, opal: Client) -> None:
    third = make_evse(evse.station, "3")
    held(dara, third)
    evse.status = FAULTED
    save_evse(evse=evse, actor=opal)
    other = save_evse(evse=Evse(station=evse.station, label="2", current="dc", max_power_w=1, status=OUT), actor=opal)
    assert (outages(evse), outages(other)) == ([("unknown", True)], [("unknown", True)])
    assert not remove_evse(evse=third, actor=opal)
    assert outages(third) == [("unknown", True)]
    plug = {"current": "dc", "max_power_w": 50_000, "connector_types": ()}
    out = EvseRow(source_id="0", label="0", status=OUT, **plug)
    place = {"city": "Rome", "country": "IT", "latitude": 41.9, "longitude": 12.5, "time_zone": "Europe/Rome"}
    row = StationRow(line=1, source_id="s", name="Forum", currency="EUR", evses=(out,), **place)
    create_stations(source="x", rows=[row], tariff=None)
    station = Station.objects.get(source="x")
    assert [outages(one) for one in Evse.objects.filter(station=station)] == [[("unknown", True)]]
    works = EvseRow(source_id="0", label="0", status=WORKS, **plug)
    broken = EvseRow(source_id="1", label="1", status=FAULTED, **plug)
    with clock.shifted(HOUR):
        update_station(station=station, row=dataclasses.replace(row, evses=(works, broken)))
    found = {one.label: outages(one) for one in Evse.objects.filter(station=station)}
    assert found == {"0": [("unknown", False)], "1": [("unknown", True)]}
    assert check_integrity() == []


@pytest.mark.race
def test_who_set_the_status_at_once_make_one_outage(evse: Evse, opal: Client) -> None:
    def setting(status: str) -> object:
        return lambda: set_evse_status(evse=Evse.objects.get(pk=evse.pk), status=status, actor=opal)

    outcome = at_once([setting(status) for status in (FAULTED, OUT, FAULTED, OUT)] + [mend_outages] * 2)
    assert set(outcome) <= {"won", "busy"}
    assert outages(evse) == [("unknown", True)]
    at_once([setting(WORKS), setting(FAULTED), setting(WORKS), mend_outages])
    mend_outages()
    assert check_integrity() == []


def test_rows_from_before_get_theirs_by_a_walk_that_may_be_repeated(evse: Evse, opal: Client) -> None:
    works = make_evse(evse.station, "2")
    with clock.shifted(-2 * HOUR):
        set_evse_status(evse=evse, status=FAULTED, actor=opal)
    began_at = Change.objects.get(action="evse.status").created_at
    Outage.objects.all().delete()
    assert check_integrity() == [f"EVSE {evse.pk} is down without an outage"]
    assert [mend_outages(), mend_outages()] == [1, 0]
    assert Outage.objects.get().began_at == began_at
    Outage.objects.create(evse=works, station_id=works.station_id, began_at=began_at)
    assert check_integrity() == [f"EVSE {works.pk} is not down but has an outage that lasts"]
    assert [mend_outages(), mend_outages()] == [1, 0]
    assert check_integrity() == []


def test_a_cause_can_be_corrected_and_is_audited(evse: Evse, opal: Client) -> None:
    set_evse_status(evse=evse, status=FAULTED, actor=opal)
    outage = Outage.objects.get()
    assert set_cause(outage=outage, cause="utility", actor=opal, note="blackout")
    assert not set_cause(outage=outage, cause="utility", actor=opal, note="again")
    for setting in (lambda: set_cause(outage=outage, cause="aliens", actor=opal, note=""),
                    lambda: set_evse_status(evse=evse, status=OUT, actor=opal, cause="aliens")):  # fmt: skip
        with pytest.raises(UnknownCause):
            setting()
    evse.refresh_from_db()
    assert (evse.status, Outage.objects.get().note) == (FAULTED, "blackout")
    change = Change.objects.get(action="outage.cause")
    assert (change.before, change.after) == ({"cause": "unknown"}, {"cause": "utility"})


BERLIN = ZoneInfo("Europe/Berlin")
MINUTE = dt.timedelta(minutes=1)
ORIGIN = dt.datetime(2026, 3, 28, 12, tzinfo=dt.UTC)  # the clocks change in the following night
NINE_TO_FIVE = [{"weekday": day, "period_begin": "09:10", "period_end": "17:00"} for day in range(1, 7)]
NIGHTS = [{"weekday": day, "period_begin": "22:00", "period_end": "03:30"} for day in range(1, 8)]
HOURS: list[dict[str, object]] = [{}, {"regular_hours": NINE_TO_FIVE}, {"regular_hours": NIGHTS}]


@given(
    cuts=st.lists(st.integers(0, 2000), min_size=0, max_size=8, unique=True).map(sorted),
    causes=st.lists(st.sampled_from(list(Outage.Cause)), min_size=4, max_size=4),
    span=st.tuples(st.integers(0, 2000), st.integers(0, 2000)).map(sorted),
    hours=st.sampled_from(HOURS),
    lasts=st.booleans(),
)
@settings(max_examples=25, deadline=None)
def test_uptime_is_what_counting_minute_by_minute_gives(
    cuts: list[int], causes: list[str], span: list[int], hours: dict[str, object], lasts: bool
) -> None:
    rows = [
        Outage(began_at=ORIGIN + begin * MINUTE, ended_at=ORIGIN + end * MINUTE, cause=cause)
        for begin, end, cause in zip(cuts[::2], cuts[1::2], causes, strict=False)
    ]
    if lasts and rows:
        rows[-1].ended_at = None
    period = Period(ORIGIN + span[0] * MINUTE, ORIGIN + span[1] * MINUTE)
    total = out = excluded = 0
    for minute in range(span[0], span[1]):
        at = ORIGIN + minute * MINUTE
        total += 1
        for row in rows:
            if row.began_at <= at < (row.ended_at or period.ends_at):
                out += 1
                excluded += row.cause not in NOT_EXCLUDED or not is_open(hours, BERLIN, at, at + MINUTE)
    found = uptime_of(period, rows, hours, BERLIN)
    assert (found.total_seconds, found.outage_seconds, found.excluded_seconds) == (60 * total, 60 * out, 60 * excluded)
    if total:
        assert abs(float(found.percent) - (total - (out - excluded)) / total * 100) < 0.011


def test_an_evse_counts_since_it_was_added_and_outages_across_the_edge_count_in_part(station: Station) -> None:
    now = clock.now()
    year = trailing_year(now, station.zone)
    months = [period for _first, period in trailing_months(now, station.zone)]
    assert len(months) == 12
    assert all(one.ends_at == other.starts_at for one, other in pairwise(months))
    old, young = make_evse(station, "1"), make_evse(station, "2")
    for evse, days in ((old, 500), (young, 10)):
        evse.created_at = now - dt.timedelta(days=days)
        evse.save()
        Outage.objects.create(
            evse=evse, station=station, began_at=year.starts_at - HOUR, ended_at=year.starts_at + HOUR
        )
    Outage.objects.create(evse=young, station=station, began_at=now - 5 * HOUR, ended_at=now - 3 * HOUR)
    Outage.objects.create(evse=young, station=station, began_at=now - 3 * HOUR, cause="disaster")
    found = uptimes_of(station, [old, young], [year])
    assert (found[old.pk][0].outage_seconds, found[old.pk][0].excluded_seconds) == (3600, 0)
    (short,) = found[young.pk]
    assert (short.total_seconds, short.outage_seconds, short.excluded_seconds) == (864_000, 18_000, 10_800)
    assert str(short.percent) == "99.16"
    assert (short.is_enough, short.down_minutes, short.excluded_minutes) == (True, 120, 180)
