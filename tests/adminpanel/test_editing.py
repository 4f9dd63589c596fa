"""Adding and editing stations and EVSEs on the operators' pages."""

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client as Browser

from bookings.models import Booking, Client, Evse, Station
from bookings.stations import save_station
from evbunker import clock
from evbunker.models import Change
from tests.adminpanel.desks import desk_of
from tests.booking_steps import paid
from tests.people import make_client
from tests.places import make_evse, make_station, make_tariff

NEW = "/operations/stations/new/"
BERLIN = {"name": "Quay", "latitude": "52.5", "longitude": "13.4", "status": "active"}


@pytest.fixture
def desk(opal: Client) -> Browser:
    return desk_of(opal)


def edit_of(station: Station) -> str:
    return f"/operations/stations/{station.pk}/edit/"


def fields_on(page: Any) -> dict[str, str]:
    """What a browser sends back of the forms on a page when nobody touches anything."""
    edit = page.context["edit"]
    bound = [*edit.details, *edit.hours.week, *edit.hours.rows.management_form]
    bound += [field for row in edit.hours.rows for field in row]
    sent = {field.html_name: "" if (value := field.value()) is None else written(value) for field in bound}
    hidden = dict(re.findall(r'type="hidden" name="(seen|agreed|id)" value="([^"]*)"', page.content.decode()))
    return sent | hidden


def written(value: Any) -> str:
    return value.strftime("%Y-%m-%dT%H:%M") if isinstance(value, dt.datetime) else str(value)


def test_a_station_is_added_and_zone_country_and_currency_follow_from_the_place(desk: Browser) -> None:
    fields = fields_on(desk.get(NEW)) | BERLIN
    assert desk.post(NEW, fields).status_code == 303
    assert desk.post(NEW, fields).status_code == 303, "a form that is sent twice makes one"
    station = Station.objects.get()
    made = (station.country, station.time_zone, station.currency, station.opening_hours, station.bookable)
    assert made == ("DE", "Europe/Berlin", "EUR", {}, False)
    page = desk.get(edit_of(station)).content.decode()
    assert "Drivers cannot book here yet" in page
    assert "It has no EVSE" in page
    assert Change.objects.get(record_id=station.pk, action="station.saved").actor == "opal@example.org"


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"latitude": "13.4", "longitude": "52.5", "country": "DE"}, "the wrong way round"),
        ({"country": "FR"}, "cannot be right"),
        ({"latitude": "0", "longitude": "0"}, "cannot be right"),
        ({"latitude": "north"}, "Enter a number"),
        ({"always": "no", "day_1": "8"}, "is no period"),
        ({"name": " "}, "required"),
    ],
)
def test_what_cannot_be_is_refused_in_words(desk: Browser, changed: dict[str, str], told: str) -> None:
    answer = desk.post(NEW, fields_on(desk.get(NEW)) | BERLIN | changed)
    assert answer.status_code == 422
    assert told in answer.content.decode()
    assert not Station.objects.exists()


def test_a_zone_that_is_not_the_places_is_asked_about(desk: Browser) -> None:
    fields = fields_on(desk.get(NEW)) | BERLIN | {"time_zone": "Asia/Tokyo"}
    asked = desk.post(NEW, fields)
    assert "Save all the same" in asked.content.decode()
    assert not Station.objects.exists()
    assert desk.post(NEW, fields_on(asked)).status_code == 303
    assert Station.objects.get().time_zone == "Asia/Tokyo"
    paris = fields_on(desk.get(NEW)) | BERLIN | {"time_zone": "Europe/Paris"}
    assert desk.post(NEW, paris).status_code == 303, "Paris and Berlin have one clock"


def test_who_saves_second_sees_what_differs_and_overwrites_only_on_purpose(
    desk: Browser, olga: Client, station: Station
) -> None:
    mine = fields_on(desk.get(edit_of(station))) | {"name": "Mine", "day_1": "8-18", "always": "no"}
    theirs = Station.objects.get(pk=station.pk)
    theirs.name, theirs.city = "Theirs", "Potsdam"
    save_station(station=theirs, actor=olga)
    answer = desk.post(edit_of(station), mine)
    assert answer.status_code == 409
    page = answer.content.decode()
    for said in ("Theirs", "Mine", "Potsdam", "Berlin", "Monday: 08:00–18:00", "Somebody else was here"):
        assert said in page
    assert Station.objects.get().name == "Theirs"
    assert desk.post(edit_of(station), fields_on(answer)).status_code == 303
    assert Station.objects.get().name == "Mine"
    theirs.refresh_from_db()
    set_elsewhere = fields_on(desk.get(edit_of(station)))
    Station.objects.filter(pk=station.pk).update(sort_key="x", updated_at=clock.now())
    assert desk.post(edit_of(station), set_elsewhere).status_code == 303, "what the form does not show is no conflict"


def test_bookings_that_would_lie_outside_are_shown_first_and_stay(
    desk: Browser, dara: Client, station: Station, evse: Evse
) -> None:
    booking = paid(dara, evse, in_minutes=24 * 60)
    fields = fields_on(desk.get(edit_of(station))) | {"always": "no"}  # closed all week
    asked = desk.post(edit_of(station), fields)
    assert "1 booking would lie outside" in asked.content.decode()
    assert booking.client_name in asked.content.decode()
    assert Station.objects.get().opening_hours == {}
    other = paid(make_client("tom"), evse, in_minutes=30 * 60)
    again = desk.post(edit_of(station), fields_on(asked))
    assert "2 bookings would lie outside" in again.content.decode(), "who agreed has not read of the second"
    assert desk.post(edit_of(station), fields_on(again)).status_code == 303
    assert Station.objects.get().opening_hours == {"regular_hours": []}
    assert set(Booking.objects.values_list("status", flat=True)) == {booking.status, other.status}
    shut = fields_on(desk.get(edit_of(station))) | {"status": "closed"}
    assert "2 bookings are still to come" in desk.post(edit_of(station), shut).content.decode()


def test_evses_are_added_edited_and_removed(desk: Browser, station: Station) -> None:
    page = f"/operations/stations/{station.pk}/evses/new/"
    hidden = dict(re.findall(r'type="hidden" name="(id|seen)" value="([^"]*)"', desk.get(page).content.decode()))
    typed = {
        "label": "A1",
        "current": "dc",
        "max_power_w": "62.5",
        "connector_types": ["CHADEMO"],
        "status": "available",
    }
    for _time in range(2):
        assert desk.post(page, hidden | typed).status_code == 303
    evse = Evse.objects.get()
    assert (evse.max_power_w, evse.connector_types, evse.ocpp_identity) == (62_500, ["CHADEMO"], None)
    assert Station.objects.get().max_power_w == 62_500
    make_evse(station, "B2", ocpp_identity="CS-1")
    for wrong in ({"label": "B2"}, {"ocpp_identity": "CS-1"}, {"max_power_w": "0"}, {"connector_types": []}):
        assert desk.post(page, {"id": ""} | typed | {"label": "C"} | wrong).status_code == 422, wrong
    edit = f"/operations/evses/{evse.pk}/edit/"
    seen = {"seen": desk.get(edit).context["seen"]}
    assert desk.post(edit, typed | {"label": "A2"} | seen).status_code == 303
    stale = desk.post(edit, typed | {"label": "A3"} | seen)
    assert stale.status_code == 409
    assert "A2" in stale.content.decode()
    assert Evse.objects.get(pk=evse.pk).label == "A2"


def test_removing_says_what_will_happen(desk: Browser, dara: Client, station: Station, evse: Evse) -> None:
    paid(dara, evse, in_minutes=120)
    page = desk.get(f"/operations/evses/{evse.pk}/remove/")
    assert "1 booking is still to come" in page.content.decode()
    done = desk.post(f"/operations/evses/{evse.pk}/remove/", {"note": "broken for good"})
    assert done.status_code == 303
    assert Evse.objects.get().status == "out_of_service"
    unused = make_evse(make_station("Second", tariff=None), "9")
    assert "is deleted" in desk.get(f"/operations/evses/{unused.pk}/remove/").content.decode()
    assert desk.post(f"/operations/evses/{unused.pk}/remove/", {"note": "never built"}).status_code == 303
    assert not Evse.objects.filter(pk=unused.pk).exists()


def test_the_tariff_is_the_owners_business(desk: Browser, olga: Client, station: Station) -> None:
    other, yen = make_tariff("Night"), make_tariff("Yen", currency="JPY")
    page = desk.get(edit_of(station)).content.decode()
    assert "Tariffs are the owner's business." in page.replace("&#x27;", "'")
    assert desk.get(f"/operations/stations/{station.pk}/tariff/").status_code == 403
    owner = desk_of(olga)
    choose = f"/operations/stations/{station.pk}/tariff/"
    assert yen.name not in owner.get(choose).content.decode()
    assert owner.post(choose, {"tariff": str(yen.pk)}).status_code == 422
    assert owner.post(choose, {"tariff": str(other.pk)}).status_code == 303
    assert Station.objects.get().tariff == other
    currency = fields_on(desk.get(edit_of(station))) | {"currency": "JPY"}
    assert "Its tariff is in EUR" in desk.post(edit_of(station), currency).content.decode()
