"""Finding stations."""

import datetime as dt
import math
from typing import Any

import pytest

from bookings import candidates, search
from bookings.geo import Point, box_around, distance_m
from bookings.models import Client, Evse, Station, Tariff
from bookings.search import find_stations
from bookings.stations import refresh_station, save_evse, save_station
from evbunker import clock
from evbunker.paging import BadCursor
from tests.booking_steps import held, slot_in
from tests.places import make_evse, make_station
from tests.plans import no_scans

BERLIN, MUNICH = (52.52, 13.405), (48.137, 11.575)


def make(name: str, tariff: Tariff | None, *, evses: int = 1, **fields: object) -> Station:
    station = make_station(name, tariff=tariff, **fields)
    for number in range(evses):
        make_evse(station, str(number))
    refresh_station(station)
    return station


def names(**wanted: object) -> list[str]:
    return [row.name for row in find_stations(**wanted).items]


def test_every_word_matches_a_beginning(tariff: Tariff) -> None:
    make("Großer Markt", tariff, city="Köln")
    make("Grosvenor Square", tariff, city="London")
    assert names(text="gros") == ["Großer Markt", "Grosvenor Square"]
    assert names(text="GROS koln") == ["Großer Markt"]
    assert names(text="osvenor") == []
    assert names(text="test london") == ["Grosvenor Square"]  # network and city count too


def test_bookable_ones_come_first_then_names(tariff: Tariff) -> None:
    make("Alder", None)
    make("Birch", tariff)
    make("Cedar", tariff)
    assert names() == ["Birch", "Cedar", "Alder"]


def test_near_is_by_distance_within_the_radius(tariff: Tariff) -> None:
    make("Far", tariff, latitude=52.6, longitude=13.405)
    make("Close", tariff)
    make("Munich", tariff, latitude=MUNICH[0], longitude=MUNICH[1])
    assert names(near=BERLIN, radius_km=20) == ["Close", "Far"]
    page = find_stations(near=BERLIN, radius_km=1000)
    assert [row.name for row in page.items] == ["Close", "Far", "Munich"]
    assert 500_000 < page.items[2].distance_m < 510_000


def test_near_works_across_the_date_line(tariff: Tariff) -> None:
    make("Taveuni", tariff, latitude=-16.9, longitude=-179.98)
    assert names(near=(-16.9, 179.98), radius_km=20) == ["Taveuni"]


def test_plug_and_power_must_be_one_evse_s(tariff: Tariff) -> None:
    station = make_station("Mixed", tariff=tariff)
    make_evse(station, "slow", current=Evse.Current.AC, max_power_w=22_000, connector_types=["IEC_62196_T2"])
    make_evse(station, "fast")
    refresh_station(station)
    assert names(connector="IEC_62196_T2", min_power_w=20_000) == ["Mixed"]
    assert names(connector="IEC_62196_T2", min_power_w=50_000) == []
    assert names(connector="CHADEMO") == []


def test_free_evses_are_counted_for_the_time_that_was_asked(tariff: Tariff, dara: Client) -> None:
    station = make("Harbour", tariff, evses=2)
    held(dara, Evse.objects.filter(station=station).first(), in_minutes=120)
    start = slot_in(120)
    assert find_stations(free_from=start).items[0].free_evses == 1
    assert find_stations(free_from=start + dt.timedelta(hours=1)).items[0].free_evses == 2


def test_what_is_free_then_must_be_what_is_wanted(tariff: Tariff, dara: Client) -> None:
    station = make_station("Mixed", tariff=tariff)
    fast = make_evse(station, "fast")
    make_evse(station, "slow", current=Evse.Current.AC, max_power_w=22_000, connector_types=["IEC_62196_T2"])
    refresh_station(station)
    held(dara, fast, in_minutes=120)
    start = slot_in(120)
    assert names(free_from=start) == names(free_from=start, connector="IEC_62196_T2") == ["Mixed"]
    assert names(free_from=start, connector="IEC_62196_T2_COMBO") == []
    assert names(free_from=start, min_power_w=50_000) == []
    assert names(free_from=slot_in(240), connector="IEC_62196_T2_COMBO") == ["Mixed"]


def test_a_station_with_nothing_free_then_is_left_out(tariff: Tariff, dara: Client) -> None:
    station = make("Harbour", tariff)
    held(dara, Evse.objects.get(station=station), in_minutes=120)
    assert names(free_from=slot_in(120)) == []
    assert names() == ["Harbour"]


def test_pages_follow_each_other_without_gap_or_repeat(tariff: Tariff) -> None:
    for number in range(7):
        make(f"Station {number}", tariff, latitude=52.52 + number / 1000)
    for wanted in ({}, {"text": "station"}, {"near": BERLIN}):
        seen: list[str] = []
        cursor = ""
        while True:
            page = find_stations(**wanted, cursor=cursor, limit=3)
            seen += [row.name for row in page.items]
            if page.next is None:
                break
            cursor = page.next
        assert seen == [f"Station {number}" for number in range(7)]


@pytest.mark.parametrize(("common", "few"), [(0, 0), (2, 0), (2, 5), (100, 0)])
def test_common_words_are_asked_of_each_station(tariff: Tariff, monkeypatch: Any, common: int, few: int) -> None:
    """Whichever way it is found, the answer is the same."""
    monkeypatch.setattr(candidates, "COMMON", common)
    monkeypatch.setattr(candidates, "FEW", few)
    for number in range(5):
        make(f"Station {number}", tariff, city="Bonn" if number % 2 else "Berlin")
    make("McDonald's", tariff, connector_types=[])
    assert names(text="station bonn") == ["Station 1", "Station 3"]
    assert names(text="stat ber 4") == ["Station 4"]
    assert names(text="mcdonalds") == names(text="mcdonald's") == ["McDonald's"]
    assert names(text="network", connector="CHADEMO") == []
    assert names(text="bonn", near=BERLIN, connector="IEC_62196_T2_COMBO") == ["Station 1", "Station 3"]
    assert len(names(connector="IEC_62196_T2_COMBO")) == 6


def test_of_too_many_stations_around_a_place_the_nearest_are_found(tariff: Tariff, monkeypatch: Any) -> None:
    monkeypatch.setattr(candidates, "MOST_AROUND", 4)
    for number in range(8):
        make(f"Station {number}", tariff, latitude=52.52 + number / 10)
    assert names(near=BERLIN, radius_km=100) == ["Station 0", "Station 1", "Station 2"]


def test_who_filters_hard_gets_short_pages_and_can_go_on(tariff: Tariff, monkeypatch: Any) -> None:
    monkeypatch.setattr(candidates, "CHUNK", 2)
    monkeypatch.setattr(search, "MOST_EXAMINED", 4)
    for number in range(9):
        make(f"Station {number}", tariff)
    strong = Evse.objects.get(station=Station.objects.get(name="Station 7"))
    save_evse(evse=Evse(station=strong.station, label="x", current="dc", max_power_w=300_000), actor="test")
    pages, cursor = [], ""
    while cursor is not None:
        page = find_stations(min_power_w=300_000, cursor=cursor)
        pages.append([row.name for row in page.items])
        cursor = page.next
    assert pages == [[], ["Station 7"], []]


@pytest.mark.parametrize(
    "wanted",
    [{}, {"text": "har"}, {"text": "har ber"}, {"connector": "IEC_62196_T2_COMBO", "min_power_w": 50_000},
     {"near": BERLIN}, {"near": (0.0, 180.0)}, {"near": BERLIN, "text": "har", "free_from": True}],
)  # fmt: skip
def test_every_search_reads_through_indexes(tariff: Tariff, wanted: dict[str, object]) -> None:
    make("Harbour", tariff)
    if "free_from" in wanted:
        wanted = wanted | {"free_from": slot_in(60)}
    with no_scans():
        find_stations(**wanted)


@pytest.mark.parametrize("cursor", ["x", "!!!", "WzFd", "bnVsbA", "W1tdXQ", "é"])
def test_a_made_up_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(BadCursor):
        find_stations(cursor=cursor)


def test_retired_stations_are_found_by_staff_only(tariff: Tariff, dara: Client, opal: Client) -> None:
    make("Old", tariff, status=Station.Status.RETIRED)
    assert (names(), names(client=dara), names(client=opal)) == ([], [], ["Old"])


class TestWhatIsDerived:
    def test_a_tariff_in_another_currency_makes_it_unbookable(self, tariff: Tariff) -> None:
        station = make("Harbour", tariff, currency="GBP")
        assert not station.bookable
        assert find_stations().items[0].per_kwh_minor is None

    def test_so_does_closing_or_having_only_broken_evses(self, tariff: Tariff) -> None:
        assert not make("Closed", tariff, status=Station.Status.CLOSED).bookable
        assert not make("Empty", tariff, evses=0).bookable

    def test_words_follow_a_new_name(self, tariff: Tariff) -> None:
        station = make("Harbour", tariff)
        station.name = "Marina"
        save_station(station=station, actor="test")
        assert (names(text="harbour"), names(text="marina")) == ([], ["Marina"])


def test_distances_are_those_of_the_globe() -> None:
    assert distance_m(Point(0, 0), Point(0, 1)) == pytest.approx(111_195, abs=5)
    assert distance_m(Point(90, 0), Point(-90, 77)) == pytest.approx(20_015_115, abs=50)


@pytest.mark.parametrize("center", [Point(0, 0), Point(60, 179.9), Point(-89.9, 12), Point(45, -180)])
def test_the_box_holds_the_circle(center: Point) -> None:
    box = box_around(center, 50_000)
    for angle in range(0, 360, 15):
        north = 49_900 * math.cos(math.radians(angle)) / 111_195
        east = 49_900 * math.sin(math.radians(angle)) / 111_195 / math.cos(math.radians(center.latitude))
        point = Point(center.latitude + north, (center.longitude + east + 180) % 360 - 180)
        if abs(point.latitude) > 90 or distance_m(center, point) > 50_000:
            continue
        assert box.south <= point.latitude <= box.north
        assert any(west <= point.longitude <= east_end for west, east_end in box.longitudes)


def test_nothing_is_written_by_searching(tariff: Tariff) -> None:
    station = make("Harbour", tariff)
    before = station.updated_at
    with clock.shifted(dt.timedelta(minutes=1)):
        find_stations(text="harbour")
    station.refresh_from_db()
    assert station.updated_at == before
