"""Opening hours go through the form and back: whatever is stored stays as it is unless somebody changes it."""

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given, settings
from hypothesis import strategies as st

from adminpanel.editing_hours import HoursForm, read_times, times_of, written
from bookings.opening import is_open, validate

BERLIN, KOLKATA = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata")
ZONES = [BERLIN, KOLKATA, ZoneInfo("America/St_Johns"), ZoneInfo("Pacific/Apia"), ZoneInfo("UTC")]

times = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59)) | st.just("24:00")
regular = st.builds(
    lambda day, begin, end: {"weekday": day, "period_begin": begin, "period_end": end}, st.integers(1, 7), times, times
)
zones = st.sampled_from([None, *ZONES])
NEW_YEAR = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
seconds = st.integers(0, 2 * 365 * 86_400)


@st.composite
def exceptions(draw: st.DrawFn) -> dict[str, str]:
    """To the second, written with the offset of any zone, or of none."""
    begin = NEW_YEAR + dt.timedelta(seconds=draw(seconds))
    end = begin + dt.timedelta(seconds=draw(st.integers(1, 20 * 86_400)))
    zone = draw(zones) or dt.timezone(dt.timedelta(minutes=95))
    return {"period_begin": begin.astimezone(zone).isoformat(), "period_end": end.astimezone(zone).isoformat()}


hours = st.fixed_dictionaries(
    {},
    optional={
        "regular_hours": st.lists(regular, max_size=12),
        "exceptional_openings": st.lists(exceptions(), max_size=4),
        "exceptional_closings": st.lists(exceptions(), max_size=4),
    },
)


def as_posted(form: HoursForm) -> dict[str, Any]:
    """What a browser sends back when nobody touches anything."""
    fields = [*form.week, *form.rows.management_form, *(field for row in form.rows for field in row)]
    return {field.html_name: "" if (value := field.value()) is None else shown(value) for field in fields}


def shown(value: Any) -> str:
    return value.strftime("%Y-%m-%dT%H:%M") if isinstance(value, dt.datetime) else str(value)


def sent(stored: dict[str, Any], zone: ZoneInfo, **changed: str) -> HoursForm:
    data = as_posted(HoursForm(None, stored=stored, zone=zone)) | changed
    return HoursForm(data, stored=stored, zone=zone)


@settings(max_examples=25, deadline=None)
@given(hours, st.sampled_from(ZONES))
def test_what_nobody_touches_stays_to_the_letter(stored: dict[str, Any], zone: ZoneInfo) -> None:
    validate(stored)
    form = sent(stored, zone)
    assert form.is_valid(), (form.week.errors, form.rows.errors)
    assert form.hours(zone) is stored


@settings(max_examples=25, deadline=None)
@given(hours, st.sampled_from(ZONES), st.integers(1, 7))
def test_changing_one_day_changes_no_other_and_no_exception(stored: dict[str, Any], zone: ZoneInfo, day: int) -> None:
    form = sent(stored, zone, always="no", **{f"day_{day}": "07:15-07:45"})
    assert form.is_valid(), (form.week.errors, form.rows.errors)
    changed = form.hours(zone)
    validate(changed)
    assert times_of(changed, day) == [("07:15", "07:45")]
    assert all(times_of(changed, other) == times_of(stored, other) for other in range(1, 8) if other != day)
    for key in ("exceptional_openings", "exceptional_closings"):
        assert sorted(map(str, changed.get(key, []))) == sorted(map(str, stored.get(key, [])))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(times, times), max_size=5))
def test_a_line_is_read_as_it_is_written(periods: list[tuple[str, str]]) -> None:
    assert read_times(written(periods)) == periods


@pytest.mark.parametrize(
    ("line", "read"),
    [
        ("8-18", [("08:00", "18:00")]),
        ("8:00 to 12.30; 14-22:15", [("08:00", "12:30"), ("14:00", "22:15")]),
        ("22:00–06:00", [("22:00", "06:00")]),
        ("24h", [("00:00", "24:00")]),
        ("Closed", []),
        (" ", []),
    ],
)
def test_people_write_as_they_like(line: str, read: list[tuple[str, str]]) -> None:
    assert read_times(line) == read


@pytest.mark.parametrize("line", ["8", "8-25", "8:60-9", "ab-cd", "8-24:30", "08:00-12:00-14:00", "-8-9", "٨-٩"])
def test_what_is_no_period_is_refused_in_words(line: str) -> None:
    with pytest.raises(ValidationError, match="is no period"):
        read_times(line)


def test_closed_all_week_is_not_open_always() -> None:
    assert sent({"regular_hours": []}, BERLIN).week.initial["always"] == "no"
    form = sent({}, BERLIN, always="no")
    assert form.is_valid()
    assert form.hours(BERLIN) == {"regular_hours": []}
    back = sent({"regular_hours": []}, BERLIN, always="yes")
    assert back.is_valid()
    assert back.hours(BERLIN) == {}


def test_new_dates_are_meant_at_the_station() -> None:
    closed = {"dates-0-kind": "exceptional_closings", "dates-0-begins": "2026-12-24T12:00"}
    form = sent({}, BERLIN, **closed, **{"dates-0-ends": "2026-12-27T00:00"})
    assert form.is_valid(), form.rows.errors
    stored = form.hours(BERLIN)
    period = {"period_begin": "2026-12-24T12:00:00+01:00", "period_end": "2026-12-27T00:00:00+01:00"}
    assert stored == {"exceptional_closings": [period]}
    christmas = dt.datetime(2026, 12, 25, 9, tzinfo=dt.UTC)
    assert not is_open(stored, BERLIN, christmas, christmas + dt.timedelta(hours=1))
    elsewhere = sent(stored, BERLIN)
    assert elsewhere.is_valid()
    moved = elsewhere.hours(KOLKATA)
    assert moved["exceptional_closings"][0]["period_begin"] == "2026-12-24T12:00:00+05:30", "the wall clock is kept"
    removed = sent(stored, BERLIN, **{"dates-0-begins": "", "dates-0-ends": ""})
    assert removed.is_valid()
    assert removed.hours(BERLIN) == {}


@pytest.mark.parametrize(
    ("begins", "ends"), [("2026-12-24T12:00", ""), ("", "2026-12-24T12:00"), ("2026-12-24T12:00", "2026-12-24T12:00")]
)
def test_half_a_date_is_refused(begins: str, ends: str) -> None:
    row = {"dates-0-kind": "exceptional_closings", "dates-0-begins": begins, "dates-0-ends": ends}
    assert not sent({}, BERLIN, **row).is_valid()
    assert not sent({}, BERLIN, **(row | {"dates-0-begins": "tomorrow"})).is_valid()
