"""Analytics: its figures are those of the rows, whatever the range; and its page can be asked for anything."""

import datetime as dt
import os
from collections import Counter
from zoneinfo import ZoneInfo

from django.core.cache import cache
from django.test import Client as Browser
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from adminpanel import analytics_charts as charts
from adminpanel.analytics import Seen, by_city, by_station, seen
from adminpanel.analytics_range import Range, Scope, months_back
from adminpanel.integrity import day_findings
from adminpanel.models import DailyUse
from adminpanel.rollups import close_days
from bookings.models import Client, Evse, Station
from evbunker import clock
from tests.adminpanel.desks import desk_of
from tests.adminpanel.made_up_days import NOW, RAW, make_places, make_rows
from tests.adminpanel.slow_days import (
    BACKED,
    ended,
    kept_network,
    kept_totals,
    kept_uses,
    slow_network,
    slow_totals,
    slow_uses,
)
from tests.booking_steps import paid
from tests.people import make_client
from tests.sweep import sweep

EXAMPLES = int(os.environ.get("HYPOTHESIS_EXAMPLES", "3"))
PHASES = (Phase.generate,) if EXAMPLES < 10 else tuple(Phase)
"""Few examples and no search for a smaller one in CI; more by the setting."""
PAGE = "/operations/analytics/"
A_DAY = dt.timedelta(days=1)
WRONG = (
    {"of": "station.x"}, {"since": "2026-02-30"}, {"since": "2026-02-03", "until": "2026-02-01"},
    {"since": "1990-01-01"}, {"step": "year"}, {"since": "2001-01-01", "until": "2026-01-01"},
)  # fmt: skip


@settings(max_examples=EXAMPLES, deadline=None, derandomize=EXAMPLES < 10, database=None, phases=PHASES,
          suppress_health_check=list(HealthCheck))  # fmt: skip
@given(raw=RAW, back=st.integers(0, 12), days=st.integers(1, 16), step=st.sampled_from(("day", "week", "month")))
def test_figures_are_what_the_rows_say(raw: list, back: int, days: int, step: str) -> None:
    sweep()
    cache.clear()
    with clock.moved_to(NOW):
        make_rows(raw, make_places(), [make_client("one"), make_client("two")])
        close_days()
        rows = slow_totals(), slow_uses()
        assert kept_totals() == ended(rows[0])
        assert kept_uses() == ended(rows[1])
        assert kept_network() == slow_network()
        assert list(day_findings()) == []
        last = NOW.date() - back * A_DAY
        asked = Range(last - (days - 1) * A_DAY, last, step)
        check_range(asked, Scope("all"), {*Station.objects.values_list("pk", flat=True)}, *rows)
        for station in Station.objects.all():
            check_range(asked, Scope("station", station.pk.hex), {station.pk}, *rows)
        berlin = Station.objects.filter(city="Berlin")
        check_range(asked, Scope("city", berlin[0].pk.hex), {station.pk for station in berlin}, *rows)
        check_places(asked, rows[0])


def check_range(asked: Range, scope: Scope, stations: set, totals: dict, uses: dict) -> None:
    """Every chart of the range is, bucket by bucket, the sum of the rows of these stations."""
    found = seen(asked, scope)
    within = {key: sums for key, sums in totals.items() if key[0] in stations}
    over = ended(within)
    used = {key: use for key, use in ended(uses).items() if key[0] in stations}
    bounds = buckets_of(asked)
    assert [(bucket.first, bucket.last) for bucket in asked.buckets()] == bounds
    lost, held = charts.lost(found), total_of(over, [(asked.first, asked.last)])[0]
    for number, sums in enumerate(total_of(within, bounds)):
        assert charts.bookings(found).rows[number].cells[0].number == sums["bookings"]
        assert [cell.number for cell in lost.rows[number].cells[:2]] == [sums["cancelled"], sums["no_shows"]]
        metered, estimated = charts.energy_chart(found).rows[number].cells
        assert (metered.number, estimated.number) == (
            round((sums["energy_wh"] - sums["estimated_energy_wh"]) / 1000, 3),
            round(sums["estimated_energy_wh"] / 1000, 3),
        )
        saved = charts.co2(found).rows[number].cells[0].number
        assert saved == (None if sums["charges"] and not sums["co2_known"] else round(sums["co2_saved_g"] / 1000, 3))
        first = charts.clients(found, None).rows[number].cells[0].number
        assert first == sums["first_bookings"]
    for number, sums in enumerate(use_of(used, bounds)):
        figures = found.steps()[number][1]
        assert {name: figures.used(name) for name in BACKED} == {name: sums[name] for name in BACKED}
        assert figures.by_hour() == [sums[hour] for hour in range(24)]
        assert figures.used("open_minutes") == open_minutes(stations, *bounds[number])
    conversion = [row.cells[0].number for row in charts.conversion(found).rows]
    assert conversion == [held["held"], held["held_paid"], held["held_charged"]]
    check_revenue(found, within, bounds)


def check_revenue(found: Seen, within: dict, bounds: list) -> None:
    chart = charts.revenue(found)
    for column, code in enumerate(chart.heads):
        of_code = {key: sums for key, sums in within.items() if key[2] == code}
        wanted = [sums["revenue_minor"] / 100 for sums in total_of(of_code, bounds)]
        assert [row.cells[column].number for row in chart.rows] == wanted
    first, last = bounds[0][0], bounds[-1][1]
    shown = {key[2] for key, sums in within.items() if first <= key[1] <= last and sums["revenue_minor"]}
    assert set(chart.heads) == shown


def check_places(asked: Range, totals: dict) -> None:
    """By station and by city, of days that are over at the station."""
    within = {key: sums for key, sums in ended(totals).items() if asked.first <= key[1] <= asked.last}
    stations, rest = by_station(asked)
    assert rest is None
    wanted = Counter[object]()
    for key, sums in within.items():
        wanted[key[0]] += sums["bookings"]
    assert {place.key: place.sums["bookings"] for place in stations} == dict(wanted)
    cities = dict(Station.objects.values_list("pk", "city"))
    towns = Counter[str]()
    for key, sums in within.items():
        towns[cities[key[0]]] += sums["revenue_minor"]
    assert {place.key[0]: sum(place.revenue.values()) for place in by_city(asked)[0]} == dict(towns)


def buckets_of(asked: Range) -> list[tuple[dt.date, dt.date]]:
    """Day by day: a new one begins with each Monday, or each first of a month."""
    bounds: list[tuple[dt.date, dt.date]] = []
    for number in range(asked.days):
        day = asked.first + number * A_DAY
        begins = {"day": True, "week": day.isoweekday() == 1, "month": day.day == 1}[asked.step]
        bounds = [*bounds, (day, day)] if begins or not bounds else [*bounds[:-1], (bounds[-1][0], day)]
    return bounds


def total_of(totals: dict, bounds: list) -> list[Counter]:
    sums = [Counter[str]() for _ in bounds]
    for key, figures in totals.items():
        for number, (first, last) in enumerate(bounds):
            if first <= key[1] <= last:
                sums[number].update(figures)
    return sums


def use_of(uses: dict, bounds: list) -> list[Counter]:
    flat = {key: {**use, **dict(enumerate(use["hours"]))} for key, use in uses.items()}
    return total_of({key: {n: v for n, v in use.items() if n != "hours"} for key, use in flat.items()}, bounds)


def open_minutes(stations: set, first: dt.date, last: dt.date) -> int:
    """Always open: from midnight to midnight by the clock on the wall, for each EVSE, on days that are over."""
    minutes = 0
    for station in Station.objects.filter(pk__in=stations):
        zone, day = ZoneInfo(station.time_zone), first
        while day <= last and day < NOW.astimezone(zone).date():
            if day >= station.created_at.astimezone(zone).date():
                begin, end = (dt.datetime.combine(one, dt.time(), zone).timestamp() for one in (day, day + A_DAY))
                minutes += int(end - begin) // 60 * Evse.objects.filter(station=station).count()
            day += A_DAY
    return minutes


def test_ranges() -> None:
    day = dt.date
    assert months_back(day(2026, 5, 31), 3) == day(2026, 3, 1)
    assert months_back(day(2026, 11, 21), 12) == day(2025, 11, 22)
    asked = Range(day(2026, 1, 28), day(2026, 3, 2), "month")
    assert [bucket.last for bucket in asked.buckets()] == [day(2026, 1, 31), day(2026, 2, 28), day(2026, 3, 2)]
    assert (asked.before.last, asked.before.days) == (day(2026, 1, 27), asked.days)
    weeks = list(Range(day(2026, 11, 18), day(2026, 11, 30), "week").buckets())
    assert [bucket.first.isoweekday() for bucket in weeks] == [3, 1, 1]


def test_the_page_of_today_and_of_whatever_is_asked(dara: Client, evse: Evse, vera: Client) -> None:
    desk = desk_of(vera)
    assert "Nothing in these days" in desk.get(PAGE).content.decode()
    paid(dara, evse)
    cache.clear()
    said = desk.get(PAGE).content.decode()
    for part in ('id="table-bookings"', 'data-table="table-bookings"', "not over"):
        assert part in said
    for scope in ("class.dc", f"station.{evse.station_id.hex}", f"city.{evse.station_id.hex}"):
        assert desk.get(PAGE, {"of": scope, "step": "week"}).status_code == 200, scope
    for wrong in WRONG:
        answer = desk.get(PAGE, wrong)
        assert (answer.status_code, "panel-analytics" in answer.content.decode()) == (200, False), wrong
    for key in ("x", "2026-01-01:2026-02-01:year:all", "2026-01-01:2026-02-01:day:city.7"):
        assert desk.get(f"/live/panels/analytics:{key}/").status_code == 404
    assert Browser().get(PAGE).status_code == 302
    assert desk_of(dara).get(PAGE).status_code == 404


def test_hours_open_stay_as_they_were_when_the_day_was_over(dara: Client, evse: Evse) -> None:
    with clock.moved_to(NOW):
        paid(dara, evse)
    with clock.moved_to(NOW + A_DAY):
        close_days()
    Station.objects.update(opening_hours={"regular_hours": []})
    with clock.moved_to(NOW + 2 * A_DAY):
        close_days(history=True)
    assert {row.day.day: row.open_minutes for row in DailyUse.objects.all()} == {3: 1440, 4: 0}
