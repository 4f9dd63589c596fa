"""Opening hours: whole periods, past midnight, through the nights on which the clocks change."""

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from bookings.opening import describe, is_open, open_intervals, validate
from evbunker import clock

BERLIN = ZoneInfo("Europe/Berlin")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
"""Its summer time is half an hour."""
SHOP = {"regular_hours": [{"weekday": n, "period_begin": "08:00", "period_end": "22:00"} for n in range(1, 7)]}
BAR = {"regular_hours": [{"weekday": 5, "period_begin": "20:00", "period_end": "04:00"}]}
NIGHTS = {"regular_hours": [{"weekday": n, "period_begin": "22:00", "period_end": "06:00"} for n in range(1, 8)]}


def at(text: str, zone: ZoneInfo = BERLIN) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(dt.UTC)


def opened(hours: dict[str, Any], start: str, end: str, zone: ZoneInfo = BERLIN) -> bool:
    return is_open(hours, zone, at(start, zone), at(end, zone))


def hours_open(hours: dict[str, Any], day: str, zone: ZoneInfo = BERLIN) -> float:
    intervals = open_intervals(hours, zone, dt.date.fromisoformat(day))
    return sum((end - begin).total_seconds() for begin, end in intervals) / 3600


def test_no_hours_means_always_open() -> None:
    assert opened({}, "2026-11-21T23:00", "2026-11-22T05:00")
    assert hours_open({}, "2026-11-21") == 24


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2026-11-20T08:00", "2026-11-20T22:00", True),
        ("2026-11-20T07:45", "2026-11-20T08:15", False),
        ("2026-11-20T21:45", "2026-11-20T22:15", False),
        ("2026-11-20T22:00", "2026-11-20T22:15", False),
        ("2026-11-22T12:00", "2026-11-22T12:15", False),  # a Sunday
    ],
)
def test_the_whole_period_must_be_open(start: str, end: str, expected: bool) -> None:
    assert opened(SHOP, start, end) is expected


def test_a_day_may_end_after_midnight() -> None:
    assert opened(BAR, "2026-11-20T20:00", "2026-11-21T04:00")
    assert not opened(BAR, "2026-11-20T20:00", "2026-11-21T04:15")
    assert opened(BAR, "2026-11-21T00:00", "2026-11-21T01:00")
    assert not opened(BAR, "2026-11-20T00:00", "2026-11-20T01:00")
    assert (hours_open(BAR, "2026-11-20"), hours_open(BAR, "2026-11-21")) == (4, 4)


def test_a_week_of_whole_days_has_no_seam() -> None:
    whole = {"regular_hours": [{"weekday": n, "period_begin": "00:00", "period_end": "24:00"} for n in range(1, 8)]}
    assert opened(whole, "2026-11-20T20:00", "2026-11-21T04:00")


@pytest.mark.parametrize(
    ("zone", "day", "length"),
    [
        (BERLIN, "2026-03-29", 23),
        (BERLIN, "2026-10-25", 25),
        (LORD_HOWE, "2026-04-05", 24.5),
        (LORD_HOWE, "2026-10-04", 23.5),
    ],
)
def test_a_day_on_which_the_clocks_change_has_its_own_length(zone: ZoneInfo, day: str, length: float) -> None:
    assert hours_open({}, day, zone) == length


def test_a_night_through_a_clock_change_is_open_without_a_gap() -> None:
    # 22:00 to 06:00 lasts 7 hours in the spring and 9 in the autumn.
    assert opened(NIGHTS, "2026-03-28T22:00", "2026-03-29T06:00")
    assert at("2026-03-29T06:00") - at("2026-03-28T22:00") == dt.timedelta(hours=7)
    assert opened(NIGHTS, "2026-10-24T22:00", "2026-10-25T06:00")
    assert at("2026-10-25T06:00") - at("2026-10-24T22:00") == dt.timedelta(hours=9)
    assert not opened(NIGHTS, "2026-10-25T05:00", "2026-10-25T06:15")


def test_the_half_hour_of_lord_howe_counts() -> None:
    early = {"regular_hours": [{"weekday": 7, "period_begin": "01:00", "period_end": "04:00"}]}
    assert hours_open(early, "2026-04-05", LORD_HOWE) == 3.5
    assert hours_open(early, "2026-10-04", LORD_HOWE) == 2.5


def test_exceptions_open_and_close() -> None:
    christmas = {"period_begin": "2026-12-24T12:00+01:00", "period_end": "2026-12-27T00:00+01:00"}
    sunday = {"period_begin": "2026-12-13T10:00+01:00", "period_end": "2026-12-13T18:00+01:00"}
    hours = {**SHOP, "exceptional_closings": [christmas], "exceptional_openings": [sunday]}
    assert opened(hours, "2026-12-24T08:00", "2026-12-24T12:00")
    assert not opened(hours, "2026-12-24T11:45", "2026-12-24T12:15")
    assert opened(hours, "2026-12-13T10:00", "2026-12-13T18:00")
    assert not opened(SHOP, "2026-12-13T10:00", "2026-12-13T18:00")


def test_closings_alone_leave_the_rest_open() -> None:
    works = {"exceptional_closings": [{"period_begin": "2026-12-01T10:00Z", "period_end": "2026-12-01T11:00Z"}]}
    assert opened(works, "2026-12-01T00:00", "2026-12-01T11:00")
    assert not opened(works, "2026-12-01T10:30", "2026-12-01T11:15")
    assert hours_open(works, "2026-12-01") == 23


def test_hours_that_name_no_day_are_never_open() -> None:
    assert not opened({"regular_hours": []}, "2026-11-20T12:00", "2026-11-20T12:15")


TIMES = st.integers(min_value=0, max_value=23).map(lambda hour: f"{hour:02}:00")
PERIODS = st.fixed_dictionaries({"weekday": st.integers(1, 7), "period_begin": TIMES, "period_end": TIMES})


@given(periods=st.lists(PERIODS, max_size=8), start=st.integers(0, 24 * 21), length=st.integers(1, 8))
def test_a_period_is_open_exactly_when_each_of_its_hours_is(
    periods: list[dict[str, Any]], start: int, length: int
) -> None:
    hours = {"regular_hours": periods}
    first = dt.datetime(2026, 10, 18, tzinfo=dt.UTC) + dt.timedelta(hours=start)
    each = [first + dt.timedelta(hours=n) for n in range(length)]
    hourly = [is_open(hours, BERLIN, begin, begin + dt.timedelta(hours=1)) for begin in each]
    assert is_open(hours, BERLIN, first, first + dt.timedelta(hours=length)) == all(hourly)
    days = {begin.astimezone(BERLIN).date() for begin in each}
    listed = [interval for day in days for interval in open_intervals(hours, BERLIN, day)]
    assert hourly == [any(a <= begin < b for a, b in listed) for begin in each]


@pytest.mark.parametrize("hours", [{}, SHOP, BAR, {"regular_hours": []}])
def test_good_hours_pass(hours: dict[str, Any]) -> None:
    assert validate(hours) is None


def exception(begin: object, end: object) -> dict[str, Any]:
    return {"exceptional_closings": [{"period_begin": begin, "period_end": end}]}


def regular(weekday: object, begin: object, end: object) -> dict[str, Any]:
    return {"regular_hours": [{"weekday": weekday, "period_begin": begin, "period_end": end}]}


@pytest.mark.parametrize(
    "hours",
    [
        [],
        None,
        "always",
        {"twentyfourseven": True},
        {"regular_hours": None},
        {"regular_hours": [{"weekday": 1}]},
        {"regular_hours": ["monday"]},
        regular(0, "08:00", "09:00"),
        regular(8, "08:00", "09:00"),
        regular(True, "08:00", "09:00"),
        regular("1", "08:00", "09:00"),
        regular(1, "8", "09:00"),
        regular(1, "08:00:00", "09:00"),
        regular(1, "08:00", "25:00"),
        regular(1, 8, 9),
        exception("2026-12-24T12:00", "2026-12-24T13:00"),
        exception("2026-12-24T13:00Z", "2026-12-24T12:00Z"),
        exception("tomorrow", "2026-12-24T12:00Z"),
        exception(None, None),
    ],
)
def test_other_shapes_are_refused_with_a_sentence(hours: object) -> None:
    with pytest.raises(ValidationError) as refusal:
        validate(hours)
    assert refusal.value.messages[0].endswith(".")


def test_the_page_joins_equal_days() -> None:
    assert describe(SHOP, BERLIN) == [("Monday–Saturday", "08:00–22:00"), ("Sunday", "closed")]
    assert describe({}, BERLIN) == [("Every day", "day and night")]


def test_the_page_names_exceptions_that_are_not_over() -> None:
    hours = exception("2026-12-24T12:00+01:00", "2026-12-24T18:00+01:00")
    with clock.moved_to(at("2026-12-20T00:00")):
        week, closing = describe(hours, BERLIN)
    assert week == ("Every day", "day and night")
    assert closing == ("Thu 24 Dec, 12:00–18:00\N{NO-BREAK SPACE}CET", "closed")
    with clock.moved_to(at("2026-12-24T18:00")):
        assert describe(hours, BERLIN) == [week]
