"""Finding stations, and when they are free, by API."""

import datetime as dt
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from bookings.models import Client, Evse, Station
from bookings.stations import refresh_station
from evbunker import clock
from tests.api.conftest import Caller, fields_of, refusal
from tests.booking_steps import held, slot_in
from tests.places import make_evse, make_station, make_tariff

FIELDS = {
    "id", "name", "network", "city", "country", "latitude", "longitude", "time_zone", "bookable", "evse_count",
    "free_evses", "max_power_w", "connector_types", "currency", "per_kwh_minor", "per_hour_minor", "distance_m",
}  # fmt: skip
BERLIN = ZoneInfo("Europe/Berlin")
MORNING = dt.datetime(2026, 6, 1, 6, 5, tzinfo=dt.UTC)


@pytest.fixture
def harbour(evse: Evse) -> Station:
    """The station of `evse`, as search knows it."""
    refresh_station(evse.station)
    return evse.station


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.data
    return [item["name"] for item in answer.data["items"]]


def test_anybody_finds_stations(anonymous: Caller, harbour: Station) -> None:
    answer = anonymous.get("/stations")
    (item,) = answer.data["items"]
    assert set(item) >= FIELDS
    assert (item["id"], item["free_evses"], item["bookable"]) == (str(harbour.pk), 1, True)
    assert (item["per_kwh_minor"], item["currency"], item["distance_m"]) == (45, "EUR", None)
    assert answer.data["next"] is None


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=harb", ["Harbour"]),
        ("q=HARBOUR%20berl", ["Harbour"]),
        ("q=nowhere", []),
        ("near=52.5,13.4", ["Harbour"]),
        ("near=52.5,13.4&radius_km=1", []),
        ("near=-52.5,-170", []),
        ("connector=IEC_62196_T2_COMBO", ["Harbour"]),
        ("connector=CHADEMO", []),
        ("min_power_w=60000", ["Harbour"]),
        ("min_power_w=60001", []),
        ("q=&near=&radius_km=&connector=&min_power_w=&free_from=&minutes=&cursor=&unknown=x", ["Harbour"]),
    ],
)
def test_it_looks_for_what_was_asked(anonymous: Caller, harbour: Station, query: str, found: list[str]) -> None:
    assert names(anonymous.get(f"/stations?{query}")) == found


def test_near_a_place_it_says_how_far(anonymous: Caller, harbour: Station) -> None:
    (item,) = anonymous.get("/stations?near=52.53,13.405").data["items"]
    assert item["distance_m"] == pytest.approx(1112, abs=5)


def test_it_counts_what_is_free_at_the_time(anonymous: Caller, dara: Client, harbour: Station, evse: Evse) -> None:
    make_evse(harbour, "2")
    held(dara, evse, in_minutes=60, minutes=60)
    taken, later = slot_in(60).isoformat(), slot_in(120).isoformat()
    counts = [
        anonymous.get(f"/stations?free_from={moment.replace('+', '%2B')}&minutes=60").data["items"][0]["free_evses"]
        for moment in (taken, later)
    ]
    assert counts == [1, 2]
    assert names(anonymous.get(f"/stations?free_from={taken}")) == ["Harbour"], "a plus sign that nobody escaped"


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ("near=520,13", "invalid", "near"),
        ("near=here", "invalid", "near"),
        ("near=nan,nan", "invalid", "near"),
        ("near=1,2,3", "invalid", "near"),
        ("radius_km=-1", "invalid", "radius_km"),
        ("radius_km=inf", "invalid", "radius_km"),
        ("connector=PLUG", "invalid", "connector"),
        ("min_power_w=-1", "invalid", "min_power_w"),
        ("min_power_w=1e400", "invalid", "min_power_w"),
        ("minutes=ten", "invalid", "minutes"),
        ("minutes=10", "off_grid", "starts_at"),
        ("minutes=0", "too_short", "minutes"),
        ("minutes=495", "too_long", "minutes"),
        ("free_from=soon", "invalid", "free_from"),
        ("free_from=2026-05-01T10:00:00", "time_without_zone", "free_from"),
        ("free_from=2020-05-01T10:00:00Z", "slot_in_past", "free_from"),
        ("free_from=9999-12-31T23:59:00Z", "too_far_ahead", "free_from"),
        ("cursor=page-2", "invalid", "cursor"),
        ("cursor=W10", "invalid", "cursor"),
        ("q=" + "x" * 101, "invalid", "q"),
    ],
)
def test_it_refuses_what_it_does_not_understand(
    anonymous: Caller, harbour: Station, query: str, code: str, field: str
) -> None:
    answer = anonymous.get(f"/stations?{query}")
    assert refusal(answer) == (422, code)
    assert fields_of(answer) == [field]


def test_pages_follow_each_other_without_loss(anonymous: Caller) -> None:
    tariff = make_tariff()
    for number in range(53):
        refresh_station(make_station(f"Station {number:02}", tariff=tariff))
    for query in ("q=station", "near=52.5,13.4", ""):
        seen, cursor = [], ""
        while cursor is not None:
            page = anonymous.get(f"/stations?{query}&cursor={cursor}").data
            seen += [item["id"] for item in page["items"]]
            cursor = page["next"]
        assert len(seen) == len(set(seen)) == 53


def test_a_station_says_what_it_has_and_costs(anonymous: Caller, harbour: Station, evse: Evse) -> None:
    data = anonymous.get(f"/stations/{harbour.pk}").data
    assert set(data) >= FIELDS | {"evses", "tariff", "opening_hours"}
    (one,) = data["evses"]
    assert one == {
        "id": str(evse.pk), "label": "1", "current": "dc", "max_power_w": 60_000,
        "connector_types": ["IEC_62196_T2_COMBO"], "status": "available",
    }  # fmt: skip
    assert data["tariff"]["per_kwh_minor"] == 45
    assert data["free_evses"] == 1


def test_a_tariff_in_another_currency_is_no_price(anonymous: Caller) -> None:
    station = make_station("Odd", tariff=make_tariff(currency="GBP"))
    data = anonymous.get(f"/stations/{station.pk}").data
    assert (data["tariff"], data["per_kwh_minor"]) == (None, None)


def test_what_is_not_there_is_not_found(anonymous: Caller) -> None:
    for path in (f"/stations/{uuid4()}", f"/stations/{uuid4()}/availability", "/stations/x"):
        assert refusal(anonymous.get(path)) == (404, "not_found")


def test_a_retired_station_is_for_staff(anonymous: Caller, as_dara: Caller, as_opal: Caller, harbour: Station) -> None:
    Station.objects.update(status=Station.Status.RETIRED)
    for path in (f"/stations/{harbour.pk}", f"/stations/{harbour.pk}/availability"):
        assert [call.get(path).status_code for call in (anonymous, as_dara, as_opal)] == [404, 404, 200]


def test_a_day_shows_what_is_free_in_the_stations_own_time(
    anonymous: Caller, dara: Client, station: Station, evse: Evse
) -> None:
    with clock.moved_to(MORNING):
        held(dara, evse, in_minutes=55, minutes=60)  # 09:00 to 10:00 in Berlin
        data = anonymous.get(f"/stations/{station.pk}/availability").data
    assert (data["date"], data["time_zone"], data["slot_minutes"]) == ("2026-06-01", "Europe/Berlin", 15)
    (one,) = data["evses"]
    assert one["id"] == str(evse.pk)
    assert one["free"] == [
        ["2026-06-01T08:15:00+02:00", "2026-06-01T09:00:00+02:00"],
        ["2026-06-01T10:00:00+02:00", "2026-06-02T00:00:00+02:00"],
    ]


@pytest.mark.parametrize(
    ("date", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24), ("2026-06-02", 24)]
)
def test_a_day_is_as_long_as_the_clocks_make_it(
    anonymous: Caller, station: Station, evse: Evse, date: str, hours: int
) -> None:
    before = dt.datetime.fromisoformat(f"{date}T00:00:00").replace(tzinfo=BERLIN)
    with clock.moved_to(before):
        (one,) = anonymous.get(f"/stations/{station.pk}/availability?date={date}").data["evses"]
    ((start, end),) = one["free"]
    assert dt.datetime.fromisoformat(end) - dt.datetime.fromisoformat(start) == dt.timedelta(hours=hours)


@pytest.mark.parametrize("date", ["tomorrow", "2026-02-30", "20260601", "0001-01-01", "9999-12-31", "2026-06-01T00:00"])
def test_a_day_that_is_none_is_refused(anonymous: Caller, station: Station, date: str) -> None:
    answer = anonymous.get(f"/stations/{station.pk}/availability?date={date}")
    assert refusal(answer) == (422, "invalid")
    assert fields_of(answer) == ["date"]


@pytest.mark.parametrize("date", ["2000-01-01", "2199-12-31"])
def test_long_ago_and_far_away_nothing_is_free(anonymous: Caller, station: Station, evse: Evse, date: str) -> None:
    answer = anonymous.get(f"/stations/{station.pk}/availability?date={date}")
    assert answer.data["evses"] == [{"id": str(evse.pk), "free": []}]
