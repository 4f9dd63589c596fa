"""Eco highlights: milestones, best month and streak, against what one would count by hand."""

import datetime as dt
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookings.models import Client, Evse, Tariff
from dashboard.highlights import METRICS, Day, best_month, compute_highlights, highlights_of, streak
from dashboard.milestones import progress, steps
from dashboard.wording import money_words, next_words, reached_words
from evbunker import clock
from tests.eco_history import charge
from tests.people import make_client
from tests.places import make_evse, make_station
from tests.plans import no_scans

MONDAY = dt.date(2026, 11, 16)


def day(offset: int) -> dt.date:
    return MONDAY + dt.timedelta(days=offset)


def test_milestones_rise_in_round_steps() -> None:
    assert list(islice(steps("energy_wh"), 5)) == [10_000, 25_000, 50_000, 100_000, 250_000]
    assert list(islice(steps("distance_m"), 3)) == [100_000, 250_000, 500_000]
    assert list(islice(steps("sessions"), 7)) == [1, 5, 10, 25, 50, 100, 250]


def test_a_milestone_is_reached_on_the_day_that_passes_it() -> None:
    passed, ahead = progress("energy_wh", [(day(0), 9_999), (day(1), 1), (day(5), 41_000)])
    assert [(one.value, one.day) for one in passed] == [(10_000, day(1)), (25_000, day(5)), (50_000, day(5))]
    assert (ahead.value, ahead.now, ahead.percent) == (100_000, 51_000, 51)


def test_a_saving_that_shrinks_takes_no_milestone_away() -> None:
    passed, ahead = progress("co2_saved_g", [(day(0), 12_000), (day(1), -5_000)])
    assert [one.value for one in passed] == [10_000]
    assert (ahead.value, ahead.now, ahead.percent) == (25_000, 7_000, 28)


def test_a_saving_below_zero_fills_no_battery() -> None:
    passed, ahead = progress("co2_saved_g", [(day(0), -5_000)])
    assert passed == []
    assert (ahead.value, ahead.now, ahead.percent) == (10_000, -5_000, 0)


@given(added=st.lists(st.integers(-50_000, 500_000), max_size=20), metric=st.sampled_from(METRICS))
def test_what_comes_next_is_never_reached_already(added: list[int], metric: str) -> None:
    passed, ahead = progress(metric, [(day(n), amount) for n, amount in enumerate(added)])
    assert ahead.now == sum(added) < ahead.value
    assert 0 <= ahead.percent <= 99
    assert [one.value for one in passed] == list(islice(steps(metric), len(passed)))


def streak_of(*offsets: int, today: int = 0) -> tuple[int, int]:
    seen = streak([day(offset) for offset in offsets], today=day(today))
    return seen.weeks, seen.longest_weeks


@pytest.mark.parametrize(
    ("offsets", "today", "expected"),
    [
        ((), 0, (0, 0)),
        ((0,), 0, (1, 1)),
        ((-1,), 0, (1, 1)),  # yesterday was Sunday, last week: it still runs
        ((-7,), 6, (1, 1)),  # last Monday, and this week is not over
        ((-8,), 0, (0, 1)),  # a whole week without
        ((0, 1, 6), 6, (1, 1)),  # three days of one week
        ((-14, -7, 0), 0, (3, 3)),
        ((-14, -1), 3, (2, 2)),
        ((-70, -63, -56, 0), 0, (1, 3)),
        ((7,), 0, (1, 1)),  # the station's local day may be ahead of the client's
    ],
)
def test_a_streak_counts_weeks_in_a_row(offsets: tuple[int, ...], today: int, expected: tuple[int, int]) -> None:
    assert streak_of(*offsets, today=today) == expected


def test_weeks_run_through_the_turn_of_the_year() -> None:
    days = [dt.date(2026, 12, 21), dt.date(2026, 12, 31), dt.date(2027, 1, 4)]  # ISO weeks 52, 53 and 1
    assert streak(days, today=dt.date(2027, 1, 5)).weeks == 3


def test_the_best_month_is_the_one_with_most_energy_and_the_latest_of_equals() -> None:
    def on(month: int, energy_wh: int, co2_saved_g: int | None) -> Day:
        return Day(dt.date(2026, month, 5), energy_wh, 0, co2_saved_g, 1)

    best = best_month([on(1, 10, 5), on(3, 20, None), on(3, 20, 7), on(7, 40, None)])
    assert best is not None
    assert (best.first, best.energy_wh, best.co2_saved_g, best.sessions) == (dt.date(2026, 7, 1), 40, None, 1)
    march = best_month([on(3, 20, None), on(3, 21, 7)])
    assert march is not None
    assert (march.co2_saved_g, march.sessions) == (7, 2)
    assert best_month([]) is None


def test_days_of_a_client_add_up(dara: Client, eli: Client, evse: Evse) -> None:
    with clock.moved_to(dt.datetime(2026, 11, 18, 12, tzinfo=dt.UTC)):
        for offset in (-6, -5, 0, 0):
            charge(dara, evse, day=day(offset), energy_wh=15_000)
        charge(eli, evse, day=day(-20), energy_wh=900_000)
        seen = compute_highlights(dara.pk)
    assert [one.now for one in seen.following if one.metric in ("energy_wh", "sessions")] == [60_000, 4]
    assert (seen.streak.weeks, seen.streak.longest_weeks) == (2, 2)
    assert seen.best_month is not None
    assert (seen.best_month.first, seen.best_month.energy_wh) == (dt.date(2026, 11, 1), 60_000)
    assert seen.reached_count == 3 + 3 + 2 + 1  # 50 kWh, 50 kg, 250 km, the first session
    assert [one.day for one in seen.reached] == [day(0), day(0), day(0), day(-5)]


def test_this_week_is_the_clients_own(evse: Evse) -> None:
    far = make_client("far", time_zone="Pacific/Kiritimati")
    charge(far, evse, day=day(-1))
    with clock.moved_to(dt.datetime(2026, 11, 22, 9, 30, tzinfo=dt.UTC)):  # Sunday in London, there until 10:00
        assert compute_highlights(far.pk).streak.weeks == 1
    with clock.moved_to(dt.datetime(2026, 11, 22, 10, 30, tzinfo=dt.UTC)):  # there it is Monday: a week without
        assert compute_highlights(far.pk).streak.weeks == 0


def test_an_unknown_saving_has_no_milestones(dara: Client, tariff: Tariff) -> None:
    charge(dara, make_evse(make_station("Nowhere", tariff=tariff, country="")))
    seen = compute_highlights(dara.pk)
    assert [one.metric for one in seen.following] == ["energy_wh", "distance_m", "sessions"]


def test_a_new_client_has_all_of_it_ahead(dara: Client) -> None:
    seen = highlights_of(dara.pk)
    assert (seen.reached, seen.best_month, seen.streak.weeks) == ([], None, 0)
    assert [one.percent for one in seen.following] == [0, 0, 0, 0]


def test_the_cache_never_outlives_a_change(dara: Client, evse: Evse) -> None:
    assert highlights_of(dara.pk).reached_count == 0
    charge(dara, evse)
    assert highlights_of(dara.pk).reached_count > 0


def test_no_query_scans_what_grows(dara: Client, evse: Evse) -> None:
    charge(dara, evse)
    with no_scans():
        compute_highlights(dara.pk)


def test_milestones_read_well(dara: Client, evse: Evse) -> None:
    charge(dara, evse, energy_wh=12_000)
    seen = compute_highlights(dara.pk)
    words = {str(one["figure"]).replace("\N{NO-BREAK SPACE}", " ") for one in map(reached_words, seen.reached)}
    assert words == {"10 kWh", "10 kg", "1 session"}
    first = next_words(seen.following[0])
    assert (first["now"], first["goal"]) == ("12\N{NO-BREAK SPACE}kWh", "25\N{NO-BREAK SPACE}kWh")
    assert next_words(seen.following[3])["goal"] == "5"
    assert money_words({"EUR": 1250, "JPY": -300}) == "€12.50 · \N{MINUS SIGN}¥300"
    assert money_words({}) == ""
