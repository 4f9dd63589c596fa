"""Finding a station: the first page."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client as Visitor

from bookings.models import Client, Connector, Evse, Station, Tariff
from bookings.stations import refresh_station
from evbunker import clock
from tests.booking_steps import held
from tests.places import make_evse, make_station


@pytest.fixture
def places(tariff: Tariff) -> list[Station]:
    """A station in Berlin, one in Munich, and one that is only listed."""
    berlin = make_station("Harbour", tariff=tariff)
    munich = make_station("Isar", tariff=tariff, city="München", latitude=48.14, longitude=11.58)
    listed = make_station("Elsewhere", tariff=None, city="Paris", country="FR", latitude=48.86, longitude=2.35)
    for station in (berlin, munich, listed):
        make_evse(station)
    make_evse(munich, "2", current="ac", max_power_w=22_000, connector_types=[Connector.IEC_62196_T2])
    for station in (berlin, munich, listed):
        refresh_station(station)
    return [berlin, munich, listed]


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def names(html: str) -> list[str]:
    return [name for name in ("Harbour", "Isar", "Elsewhere") if f">{name}</a>" in html]


def test_the_first_screen_says_what_this_is_and_lists_stations(client: Visitor, places: list[Station]) -> None:
    html = text_of(client.get("/"))

    assert "<h1" in html
    assert names(html) == ["Harbour", "Isar", "Elsewhere"]
    assert "1 of 1 free" in html
    assert "€0.45 / kWh + €3.00 / h" in html
    assert "Listed only: not bookable here" in html
    assert 'data-lat="52.52000"' in html


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"q": "harb"}, ["Harbour"]),
        ({"q": "mün"}, ["Isar"]),
        ({"q": "test network"}, ["Harbour", "Isar", "Elsewhere"]),
        ({"near": "52.5,13.4", "radius_km": "10"}, ["Harbour"]),
        ({"connector": "IEC_62196_T2"}, ["Isar"]),
        ({"min_power_w": "50000", "q": "isar"}, ["Isar"]),
        ({"min_power_w": "150000"}, []),
        ({"q": "nowhere"}, []),
    ],
)
def test_it_filters(client: Visitor, places: list[Station], asked: dict[str, str], found: list[str]) -> None:
    html = text_of(client.get("/", asked))

    assert names(html) == found
    assert ("Nothing fits" in html) == (not found)


def test_free_from_is_read_in_the_zone_that_is_shown(client: Visitor, places: list[Station], dara: Client) -> None:
    """Dara holds Harbour from ten to eleven tomorrow, Berlin time."""
    berlin = places[0]
    day = (clock.now() + dt.timedelta(days=1)).astimezone(berlin.zone).date()
    ten = dt.datetime.combine(day, dt.time(10), tzinfo=berlin.zone)
    held(dara, Evse.objects.get(station=berlin), in_minutes=int((ten - clock.now()).total_seconds()) // 60)
    at_ten = {"free_from": f"{day}T10:00", "minutes": "60"}

    assert names(text_of(client.get("/", at_ten | {"zone": "Europe/Berlin"}))) == ["Isar"]
    assert names(text_of(client.get("/", at_ten | {"zone": "Asia/Tokyo"}))) == ["Harbour", "Isar"]
    assert "from " + f"{ten:%a} {ten.day} {ten:%b}, 10:00" in text_of(
        client.get("/", at_ten | {"zone": "Europe/Berlin"})
    )


def test_a_client_searches_in_its_own_zone(client: Visitor, dara: Client) -> None:
    client.force_login(dara)

    assert "<span data-zone>Europe/Berlin</span>" in text_of(client.get("/"))


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"near": "here"}, "Write latitude and longitude like 52.52,13.40."),
        ({"near": "nan,nan"}, "Write latitude and longitude like 52.52,13.40."),
        ({"near": "91,0"}, "Write latitude and longitude like 52.52,13.40."),
        ({"radius_km": "3"}, "Select a valid choice."),
        ({"connector": "FORK"}, "Select a valid choice."),
        ({"min_power_w": "x"}, "Select a valid choice."),
        ({"minutes": "7"}, "Select a valid choice."),
        ({"free_from": "soon"}, "Enter a valid date/time."),
        ({"free_from": "2020-01-01T10:00"}, "This time is over."),
        ({"free_from": "2199-01-01T10:00"}, "You can book up to 30 days ahead."),
        ({"free_from": "9999-12-31T23:59", "zone": "America/New_York"}, "You can book up to 30 days ahead."),
        ({"free_from": "0001-01-01T00:00", "zone": "Asia/Tokyo"}, "This time is over."),
        ({"zone": "Mars/Olympus"}, "We do not know that time zone."),
        ({"zone": "../../etc/passwd"}, "We do not know that time zone."),
        ({"zone": "Europe"}, "We do not know that time zone."),
        ({"q": "x" * 101}, "Ensure this value has at most 100 characters"),
        ({"q": "a\x00b"}, "Null characters are not allowed."),
        ({"cursor": "nonsense"}, "This is not a cursor of this list."),
    ],
)
def test_bad_input_is_said_beside_its_field(
    client: Visitor, places: list[Station], asked: dict[str, str], sentence: str
) -> None:
    answer = client.get("/", asked)

    assert (answer.status_code, sentence in text_of(answer)) == (422, True)


def test_more_come_by_cursor_with_and_without_htmx(
    client: Visitor, tariff: Tariff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bookings.views.find.LIMIT", 2)
    for name in ("A", "B", "C"):
        make_evse(station := make_station(name, tariff=tariff))
        refresh_station(station)

    first = client.get("/", {"q": "test"})
    assert text_of(first).count("data-lat=") == 2
    more = first.content.decode().split('hx-get="')[1].split('"')[0].replace("&amp;", "&")
    rest = client.get(f"/{more}", headers={"HX-Request": "true"})

    assert "<html" not in text_of(rest)
    assert text_of(rest).count("data-lat=") == 1
    assert 'rel="next"' not in text_of(rest)
    assert "HX-Request" in rest.headers["Vary"]
    assert "<html" in text_of(client.get(f"/{more}"))


def test_without_any_station_it_says_so(client: Visitor) -> None:
    assert "No stations yet" in text_of(client.get("/"))


def test_retired_stations_are_not_found(client: Visitor, places: list[Station]) -> None:
    Station.objects.filter(name="Isar").update(status=Station.Status.RETIRED)

    assert names(text_of(client.get("/"))) == ["Harbour", "Elsewhere"]


def test_names_from_files_are_text(client: Visitor, tariff: Tariff) -> None:
    evil = make_station("<script>alert(1)</script>", tariff=tariff, city='"><img src=x>', network="&lt;b&gt;")
    refresh_station(evil)

    html = client.get("/").content.decode()
    assert "<script>alert" not in html
    assert "<img src=x>" not in html


def test_it_costs_few_queries(client: Visitor, tariff: Tariff, django_assert_max_num_queries: Any) -> None:
    for number in range(30):
        make_evse(make_station(f"Station {number:02}", tariff=tariff))
    with django_assert_max_num_queries(7):
        client.get("/")
