"""The operators' list and map of stations, and the page of one."""

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client as Browser

from adminpanel import station_finding
from adminpanel.models import DailyTotal, DailyUse
from adminpanel.station_finding import Box, Wanted, find, within
from bookings.models import Client, Evse, Outage, Station, Tariff
from bookings.stations import refresh_station, save_station, set_evse_status
from bookings.words import folded
from evbunker import clock
from evbunker.models import Change
from tests.adminpanel.desks import desk_of
from tests.booking_steps import paid
from tests.places import make_evse, make_station, make_tariff

LIST = "/operations/stations/"


@pytest.fixture
def network(tariff: Tariff) -> list[Station]:
    """One station of each kind there is."""
    dear = make_tariff("Dollars", currency="USD")
    kinds: list[tuple[str, dict[str, Any], list[str]]] = [
        ("Alpha quay", {"tariff": tariff}, ["available", "faulted"]),
        ("Beta hub", {"tariff": tariff, "country": "FR", "city": "Lyon"}, ["occupied"]),
        ("Gamma yard", {"tariff": tariff, "status": "closed"}, ["available"]),
        ("Delta yard", {"tariff": tariff, "status": "retired", "country": "FR"}, ["out_of_service"]),
        ("Epsilon yard", {"tariff": None, "network": "Other network"}, ["available"]),
        ("Zeta yard", {"tariff": dear}, ["available"]),
        ("Eta yard", {"tariff": tariff}, []),
        ("Theta yard", {"tariff": tariff, "network": "Other network"}, ["faulted", "out_of_service"]),
    ]
    for number, (name, fields, states) in enumerate(kinds):
        place = {"latitude": 50 + number, "longitude": -179 + 45.0 * number}
        station = make_station(name, **(place | fields))
        for label, state in enumerate(states):
            make_evse(station, str(label), status=state)
        save_station(station=station, actor="test")
    return list(Station.objects.order_by("sort_key"))


def names(browser: Browser, path: str = LIST, **asked: Any) -> list[str]:
    page = browser.get(path, asked).content.decode()
    return re.findall(r'<a href="/operations/stations/[^"]+/" id="station-[^"]+">([^<]+)</a>', page)


def first_words(found: list[str]) -> str:
    return " ".join(name.split()[0] for name in found)


FILTERS: list[tuple[dict[str, str], str]] = [
    ({}, "Alpha Beta Delta Epsilon Eta Gamma Theta Zeta"),
    ({"q": "yard oth"}, "Epsilon Theta"),
    ({"q": "lyo"}, "Beta"),
    ({"status": "closed"}, "Gamma"),
    ({"status": "retired", "country": "FR"}, "Delta"),
    ({"evse": "faulted"}, "Alpha Theta"),
    ({"evse": "faulted", "bookable": "yes"}, "Alpha"),
    ({"evse": "occupied"}, "Beta"),
    ({"bookable": "yes"}, "Alpha Beta"),
    ({"bookable": "no"}, "Delta Epsilon Eta Gamma Theta Zeta"),
    ({"bookable": "no_tariff"}, "Epsilon"),
    ({"bookable": "other_currency"}, "Zeta"),
    ({"bookable": "no_evses"}, "Eta"),
    ({"bookable": "all_down"}, "Theta"),
    ({"bookable": "closed"}, "Gamma"),
    ({"network": "other net"}, "Epsilon Theta"),
    ({"country": "FR"}, "Beta Delta"),
    ({"country": "FR", "bookable": "yes"}, "Beta"),
    ({"q": "nothing like it"}, ""),
    ({"q": "'; DROP TABLE"}, ""),
]


def test_every_filter_finds_its_own(network: list[Station], vera: Client) -> None:
    desk = desk_of(vera)
    for asked, found in FILTERS:
        assert first_words(names(desk, **asked)) == found, asked


def test_pages_follow_each_other_and_say_where_they_stopped_looking(
    vera: Client, tariff: Tariff, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    made = [
        Station(
            name=f"S{n:03}", source_id=str(n), latitude=0, longitude=0, time_zone="UTC", currency="EUR", tariff=tariff,
            sort_key=f"1|s{n:03}|", country="FR" if n == 119 else "DE",
        )
        for n in range(120)
    ]  # fmt: skip
    Station.objects.bulk_create(made)
    desk = desk_of(vera)
    first = names(desk)
    with django_assert_max_num_queries(14):
        desk.get(LIST)
    cursor = find(Wanted()).next
    second = names(desk, cursor=cursor)
    third = names(desk, cursor=find(Wanted(), cursor=cursor).next)
    assert first + second + third == [one.name for one in made]
    refreshed = find(Wanted(), down_to=cursor)
    assert ([seen.station.name for seen in refreshed.rows], refreshed.next) == (first, cursor)
    monkeypatch.setattr(station_finding, "LOOKED_AT", 60)
    looked = find(Wanted(network="x", bookable="no"))
    assert (looked.rows, looked.looked_on) == ([], False), "the words of a network are looked up"
    monkeypatch.setattr("adminpanel.station_finding._narrowest", lambda _wanted: {})
    page = desk.get(LIST, {"country": "FR"}).content.decode()
    assert "No such station so far" in page
    assert "Look further" in page


def test_the_map_shows_what_is_in_its_box_and_no_more_than_it_may(
    network: list[Station], vera: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, path = desk_of(vera), f"{LIST}map/"
    assert len(names(desk, path)) == 8
    assert first_words(names(desk, path, box="50.5,-150,52.5,-80")) == "Beta Gamma"
    assert first_words(names(desk, path, box="49,170,58,190")) == "Alpha", "across the date line"
    for odd in ("", "x", "1,2,3", "nan,nan,nan,nan", "90,0,-90,0", "1e999,0,1,1", "0,700,1,800"):
        assert len(names(desk, path, box=odd)) == 8, odd
    assert names(desk, path, box="-10,0,-9,1") == []
    monkeypatch.setattr(station_finding, "MOST_ON_MAP", 3)
    rows, more = within(Box(-90, -180, 90, 180))
    assert (len(rows), more) == (3, True)
    answer = desk.get(path, headers={"HX-Request": "true"}).content.decode()
    assert answer.lstrip().startswith('<div id="on-map"')
    assert "3 of the stations here. Move the map closer" in answer


def test_the_bar_says_in_words_what_it_shows(network: list[Station], vera: Client) -> None:
    page = desk_of(vera).get(LIST).content.decode()
    assert "2 EVSEs: 1 available, 1 faulted" in page
    assert "None of its EVSEs works" in page
    (seen,) = (one for one in find(Wanted(q="alpha")).rows)
    assert [(share.state, share.offset, share.length) for share in seen.shares] == [
        ("available", 0, 500), ("faulted", 500, 500),
    ]  # fmt: skip


def page_of(station: Station, name: str = "") -> str:
    return f"{LIST}{station.pk}/{name}"


def test_one_station_tells_how_it_stands_and_how_it_did(
    vera: Client, dara: Client, station: Station, evse: Evse
) -> None:
    yesterday = clock.now().astimezone(station.zone).date() - dt.timedelta(days=1)
    facts = {"station": station, "station_time_zone": station.time_zone}
    for days, minor, booked in ((0, 1234, 360), (27, 1000, 0), (28, 9900, 36), (56, 77, 0)):
        day = yesterday - dt.timedelta(days=days)
        DailyTotal.objects.create(day=day, currency="EUR", revenue_minor=minor, station_name="", **facts)
        DailyUse.objects.create(day=day, evse_class="dc", open_minutes=1440, booked_minutes=booked, **facts)
    set_evse_status(evse=evse, status="faulted", actor=vera, reason="dark display", cause="equipment")
    set_evse_status(evse=evse, status="available", actor=vera)
    paid(dara, evse)
    page = desk_of(vera).get(page_of(station)).content.decode()
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)).replace("\xa0", " ")
    for said in (
        "Drivers can book it", "1 EVSE: 1 available", "Nobody charges here", "Dara", "€22.34", "€99.00 before",
        "12.5 %",
        "2.5 % before", "23 CFR 680.116(b)(3)", "not connected", "1: status set: faulted", "dark display",
        "Every day: day and night", "A kWh: €0.45",
    ):  # fmt: skip
        assert said in text, said
    assert "Set the status of EVSEs" not in text, "a viewer only looks"
    assert desk_of(vera).get(page_of(Station(id=evse.pk))).status_code == 404


def test_names_are_shown_as_text(vera: Client, evse: Evse) -> None:
    bad = "<script>alert(1)</script>"
    Station.objects.update(name=bad, city=bad, network=bad)
    Evse.objects.update(label=bad)
    station = Station.objects.get()
    refresh_station(station)
    for path in (LIST, f"{LIST}map/", page_of(station), page_of(station, "board/")):
        page = desk_of(vera).get(path).content.decode()
        assert bad not in page
        assert "&lt;script&gt;" in page


def test_several_evses_get_a_status_together_after_saying_what_happens(
    opal: Client, dara: Client, station: Station, evse: Evse
) -> None:
    second, third = make_evse(station, "2"), make_evse(station, "3")
    refresh_station(station)
    paid(dara, evse)
    desk, path = desk_of(opal), page_of(station, "status/")
    form = {"evses": [str(evse.pk), str(second.pk)], "status": "faulted", "cause": "vandalism", "note": "Cut cables"}
    page = desk.post(path, form).content.decode()
    assert "1 booking that is still to come stays as it is" in page
    assert not Outage.objects.exists()
    (seen,) = re.findall(r'name="seen" value="([^"]+)"', page)
    set_evse_status(evse=second, status="out_of_service", actor=opal)
    late = desk.post(path, form | {"step": "do", "seen": seen})
    assert late.status_code == 409
    (seen,) = re.findall(r'name="seen" value="([^"]+)"', late.content.decode())
    assert desk.post(path, form | {"step": "do", "seen": seen}).status_code == 303
    states = dict(Evse.objects.values_list("label", "status"))
    assert states == {"1": "faulted", "2": "faulted", "3": "available"}
    assert list(Outage.objects.filter(ended_at=None).values_list("cause", flat=True)) == ["vandalism"] * 2
    elsewhere = make_evse(make_station("Elsewhere", tariff=None), "x")
    for wrong in ({"evses": []}, {"evses": [str(elsewhere.pk)]}, {"status": "rich"}, {"cause": "aliens"}, {"note": ""}):
        assert desk.post(path, form | wrong).status_code == 422, wrong
    assert desk.get(path, {"evse": str(third.pk)}).content.decode().count("checked") == 1


def test_the_cause_of_an_outage_can_be_said_later(opal: Client, vera: Client, station: Station, evse: Evse) -> None:
    set_evse_status(evse=evse, status="faulted", actor=opal)
    outage = Outage.objects.get()
    path = f"{LIST}outages/{outage.pk}/"
    assert desk_of(vera).get(path).status_code == 403
    assert desk_of(opal).get(path).status_code == 200
    assert desk_of(opal).post(path, {"cause": "utility", "note": "Blackout"}).status_code == 303
    assert desk_of(opal).post(path, {"cause": "aliens", "note": "Blackout"}).status_code == 422
    outage.refresh_from_db()
    assert (outage.cause, outage.note) == ("utility", "Blackout")


def test_a_station_is_closed_retired_and_opened_again(opal: Client, dara: Client, station: Station, evse: Evse) -> None:
    paid(dara, evse)
    desk = desk_of(opal)
    assert "1 booking that is still to come stays" in desk.get(page_of(station, "close/")).content.decode()
    for name, status in (("close", "closed"), ("retire", "retired"), ("open", "active")):
        assert desk.post(page_of(station, f"{name}/"), {"note": "Roadworks"}).status_code == 303
        station.refresh_from_db()
        assert station.status == status
        assert "It is so already." in desk.get(page_of(station, f"{name}/")).content.decode()
    assert station.bookable
    assert Change.objects.filter(record_id=station.pk, action="station.status", reason="Roadworks").count() == 3
    assert folded(station.name) == "harbour"
