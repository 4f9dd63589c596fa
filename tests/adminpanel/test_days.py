"""The last days equal a slow recomputation, wherever midnight is, and cost the same however much happened."""

import datetime as dt
import random
from collections import Counter
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client as Visitor
from django.test.utils import CaptureQueriesContext

from adminpanel.days import BACK, DayFigures, recent_days
from adminpanel.rollups import close_days
from bookings.models import Client, Evse
from bookings.totals import write_eco_stat
from evbunker import clock
from tests.adminpanel.history import ZONES, make_network
from tests.adminpanel.slow_days import slow_totals
from tests.booking_steps import paid
from tests.eco_history import charge
from tests.people import make_client

MOMENTS = (
    dt.datetime(2026, 6, 1, 10, 59, 59, tzinfo=dt.UTC),  # three dates in the world
    dt.datetime(2026, 6, 1, 22, 0, 5, tzinfo=dt.UTC),  # five seconds into the next day in Berlin
    dt.datetime(2026, 6, 1, 9, 59, 59, tzinfo=dt.UTC),  # one second before it in Kiritimati
    dt.datetime(2026, 10, 25, 1, 30, tzinfo=dt.UTC),  # summer time has just ended in Berlin
)
PANEL = "/live/panels/overview-week/"


def slow_days(stations: dict) -> list[tuple[int, dict[str, int], int, int]]:
    """(bookings, revenue, energy, CO2) of today and the days before it, by each station's clock."""
    days: list[Counter[str]] = [Counter() for _ in range(BACK + 1)]
    for (station, day, currency), sums in slow_totals().items():
        ago = (clock.now().astimezone(ZoneInfo(stations[station])).date() - day).days
        if 0 <= ago <= BACK:
            days[ago].update(bookings=sums["bookings"], energy=sums["energy_wh"], co2=sums["co2_saved_g"])
            days[ago][currency] += sums["revenue_minor"]
    revenues = [{key: n for key, n in day.items() if key.isupper() and n} for day in days]
    return [(day["bookings"], money, day["energy"], day["co2"]) for day, money in zip(days, revenues, strict=True)]


def told(days: list[DayFigures]) -> list[tuple[int, dict[str, int], int, int]]:
    return [(day.bookings, day.revenue, day.energy_wh, day.co2_saved_g or 0) for day in days]


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("closed_hours_ago", [0, 1, 20])
def test_every_day_equals_a_slow_recomputation(dara: Client, moment: dt.datetime, closed_hours_ago: int) -> None:
    """Also where the job has not run for a while, as long as a day is today somewhere."""
    dice = random.Random(moment.minute + closed_hours_ago)
    with clock.moved_to(moment - dt.timedelta(days=10)):
        evses = make_network()[:6]
    stations = {evse.station_id: ZONES[number // 2] for number, evse in enumerate(evses)}
    for _ in range(12):
        evse, ago = dice.choice(evses), dice.randint(0, 9)
        day = moment.astimezone(ZoneInfo(stations[evse.station_id])).date() - dt.timedelta(days=ago)
        with clock.moved_to(moment):
            charge(dara, evse, day=day, energy_wh=dice.randint(0, 9000))
    with clock.moved_to(moment - dt.timedelta(hours=closed_hours_ago)):
        close_days()
    with clock.moved_to(moment):
        if closed_hours_ago < 20:
            assert told(recent_days(moment)) == slow_days(stations)
        close_days()
        assert told(recent_days(moment)) == slow_days(stations)


def test_paid_bookings_move_from_today_into_the_past(client: Visitor, vera: Client, dara: Client, evse: Evse) -> None:
    client.force_login(vera)
    noon = dt.datetime(2026, 6, 1, 12, 0, tzinfo=dt.UTC)
    with clock.moved_to(noon):
        booking = paid(dara, evse)
    for days in range(9):
        with clock.moved_to(noon + dt.timedelta(days=days)):
            close_days()
            seen = recent_days(clock.now())
            assert [day.bookings for day in seen] == [int(ago == days) for ago in range(8)]
            assert [day.revenue for day in seen if day.revenue] == ([{"EUR": booking.quote_minor}] if days < 8 else [])


def test_a_day_that_is_done_again_shows_at_once(client: Visitor, vera: Client, dara: Client, evse: Evse) -> None:
    client.force_login(vera)
    booking = charge(dara, evse, day=clock.now().date() - dt.timedelta(days=3), energy_wh=20_000).booking
    close_days()
    page = client.get(PANEL).content.decode()
    assert "20.0 kWh" in page.replace("\N{NO-BREAK SPACE}", " ")
    assert "estimated" in page
    write_eco_stat(booking=booking, energy_wh=11_000, minutes=60, source="metered")
    client.get(PANEL)  # already stale again: the total is not done yet
    close_days()
    page = client.get(PANEL).content.decode()
    assert "11.0 kWh" in page.replace("\N{NO-BREAK SPACE}", " ")
    assert "estimated" not in page


def test_it_says_when_nothing_happened(client: Visitor, vera: Client) -> None:
    client.force_login(vera)
    assert "Nothing in these days" in client.get(PANEL).content.decode()


def test_partly_estimated_days_and_unknown_savings_say_so(client: Visitor, vera: Client, tariff: object) -> None:
    client.force_login(vera)
    evse = make_network()[0]  # of a country nobody knows factors of
    for number, source in enumerate(["estimated", "metered"]):
        charge(make_client(f"driver{number}"), evse, source=source, station_country="")
    page = client.get(PANEL).content.decode()
    assert "partly estimated" in page
    assert "no factor is known" in page


def test_it_costs_the_same_however_many_there_were(dara: Client, evse: Evse, django_assert_num_queries: object) -> None:
    with clock.moved_to(dt.datetime(2026, 6, 1, 13, 0, tzinfo=dt.UTC)):  # yesterday is over everywhere
        for days in (1, 3, 14):
            for ago in range(1, days):
                charge(dara, evse, day=clock.now().date() - dt.timedelta(days=ago))
            close_days()
            with django_assert_num_queries(4):
                recent_days(clock.now())


def test_rows_are_found_by_their_day_and_by_nothing_else(dara: Client, evse: Evse) -> None:
    """An index on the state would be read from end to end: nearly every payment was captured."""
    charge(dara, evse)
    with CaptureQueriesContext(connection) as asked:
        recent_days(clock.now())
    if connection.vendor == "sqlite":
        plans = [query_plan(query["sql"]) for query in asked.captured_queries]
        assert sum("_day" in plan for plan in plans) == 4, plans
        assert not [plan for plan in plans if "_status" in plan]


def query_plan(sql: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
        return " ".join(str(row) for row in cursor.fetchall())
