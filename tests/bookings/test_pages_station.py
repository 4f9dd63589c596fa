"""A station's page, the price of a wish, and holding it; all of it without JavaScript."""

import datetime as dt
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client as Visitor
from django.urls import reverse

from bookings.models import Booking, Client, Evse, Station, Vehicle
from bookings.slots import start_of
from evbunker import clock
from tests.booking_steps import held, slot_in
from tests.places import make_evse, make_station


def page(station: Station) -> str:
    return reverse("station", args=[station.pk])


def wish(evse: Evse, /, **changes: Any) -> dict[str, Any]:
    """What the form sends: an hour, an hour from now."""
    start = slot_in(60).astimezone(evse.station.zone)
    return {"date": start.date().isoformat(), "evse": evse.pk, "start": start.isoformat(), "minutes": 60} | changes


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


@pytest.fixture
def signed_in(client: Visitor, dara: Client) -> Visitor:
    client.force_login(dara)
    return client


def test_anybody_sees_what_it_offers(client: Visitor, station: Station, evse: Evse) -> None:
    html = text_of(client.get(page(station)))

    assert "<h1>Harbour</h1>" in html
    for fact in (
        "Test network",
        "Berlin",
        "€0.45",
        "€3.00",
        "day and night",
        "Europe/Berlin",
        "CCS2",
        "60 kW",
        "Available",
    ):
        assert fact in html


def test_a_retired_station_is_gone_for_drivers(signed_in: Visitor, station: Station, opal: Client) -> None:
    Station.objects.update(status=Station.Status.RETIRED, bookable=False)

    assert signed_in.get(page(station)).status_code == 404
    signed_in.force_login(opal)
    assert signed_in.get(page(station)).status_code == 200


def test_a_station_without_prices_is_listed_and_not_bookable(client: Visitor) -> None:
    listed = make_station("Elsewhere", tariff=None)
    evse = make_evse(listed)

    html = text_of(client.get(page(listed)))
    assert "Not bookable here" in html
    assert 'id="wish"' not in html
    assert "This EVSE cannot be booked" in text_of(client.get(page(listed) + "quote/", wish(evse)))


def test_it_costs_few_queries(
    client: Visitor, station: Station, evse: Evse, django_assert_max_num_queries: Any
) -> None:
    for label in "23456789":
        make_evse(station, label)
    with django_assert_max_num_queries(12):
        client.get(page(station))


def test_the_day_can_be_turned_within_what_can_be_booked(client: Visitor, station: Station, evse: Evse) -> None:
    today = clock.now().astimezone(station.zone).date()
    first = text_of(client.get(page(station)))
    last = text_of(client.get(page(station), {"date": (today + dt.timedelta(days=30)).isoformat()}))

    assert 'rel="prev"' not in first
    assert f"date={today + dt.timedelta(days=1)}" in first
    assert 'rel="next"' not in last
    for nonsense in ("yesterday", "1999-01-01", "9999-12-31", "2026-02-30", "0001-01-01"):
        assert client.get(page(station), {"date": nonsense}).status_code == 200


def test_the_table_offers_what_is_free(client: Visitor, station: Station, evse: Evse, dara: Client) -> None:
    tomorrow = (clock.now() + dt.timedelta(days=1)).astimezone(station.zone).date()
    noon = dt.datetime.combine(tomorrow, dt.time(12), tzinfo=station.zone)
    held(dara, evse, in_minutes=int((noon - clock.now()).total_seconds()) // 60, minutes=30)

    html = text_of(client.get(page(station), {"date": tomorrow.isoformat()}))

    assert 'data-free="0011"' in html  # noon to half past is gone
    assert "1: free from 12:30" in html
    assert html.count('data-free="1111"') == 23
    link = next(part for part in html.split('href="') if "12%3A30" in part).split("#")[0].replace("&amp;", "&")
    assert "12:30–13:30" in text_of(client.get(page(station) + link))


def test_a_whole_wish_in_the_address_shows_its_price(client: Visitor, station: Station, evse: Evse) -> None:
    html = text_of(client.get(page(station), wish(evse, energy_kwh="20")))

    assert "€13.00" in html
    assert "20.0 kWh at €0.45 a kWh" in html
    assert "111 km" in html


def test_the_price_alone_names_the_wish_for_the_address_bar(client: Visitor, station: Station, evse: Evse) -> None:
    answer = client.get(page(station) + "quote/", wish(evse), headers={"HX-Request": "true"})

    assert "<html" not in text_of(answer)
    assert "€28.30" in text_of(answer)  # 54 kWh: a usual car's battery, less than the EVSE delivers in an hour
    named = parse_qs(urlsplit(answer.headers["HX-Replace-Url"]).query)
    assert named["evse"] == [str(evse.pk)]


def test_the_energy_is_what_the_car_can_take(signed_in: Visitor, station: Station, evse: Evse, dara: Client) -> None:
    Vehicle.objects.create(
        client=dara, name="Kiwi", usable_battery_wh=30_000, ac_max_w=7_400, dc_max_w=50_000, wh_per_km=150
    )

    html = text_of(signed_in.get(page(station) + "quote/", wish(evse)))

    assert "up to 30.0 kWh: about 200 km" in html


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"start": ""}, ""),
        ({"start": "soon"}, "We could not read that time."),
        ({"start": "2030-01-01T10:00:00"}, "We could not read that time."),
        ({"start": "2020-01-01T10:00:00+01:00"}, "This time has already begun."),
        ({"start": "2099-01-01T10:00:00+01:00"}, "You can book up to 30 days ahead."),
        ({"start": "0001-01-01T00:00:00+14:00"}, "We could not read that time."),
        ({"evse": "x"}, "There is no such EVSE."),
        ({"evse": "018f0000-0000-7000-8000-000000000000"}, "There is no such EVSE."),
        ({"minutes": "20"}, "Select a valid choice."),
        ({"minutes": "100000"}, "Select a valid choice."),
        ({"energy_kwh": "61"}, "cannot deliver that much energy"),
        ({"energy_kwh": "0"}, "cannot deliver that much energy"),
        ({"energy_kwh": "-1"}, "cannot deliver that much energy"),
        ({"energy_kwh": "NaN"}, "Enter a number."),
        ({"energy_kwh": "1e99"}, "Ensure that there are no more than"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(
    signed_in: Visitor, station: Station, evse: Evse, changes: dict[str, str], sentence: str
) -> None:
    asked = wish(evse, **changes)

    assert sentence in text_of(signed_in.get(page(station) + "quote/", asked))
    assert sentence in text_of(signed_in.get(page(station), asked))
    answer = signed_in.post(page(station) + "book/", asked)
    assert answer.status_code in {404, 409, 422}
    assert sentence in text_of(answer)
    assert not Booking.objects.exists()


def test_an_evse_of_another_station_is_unknown_here(signed_in: Visitor, station: Station, evse: Evse) -> None:
    other = make_evse(make_station("Other", tariff=station.tariff))

    assert "There is no such EVSE." in text_of(signed_in.get(page(station) + "quote/", wish(other)))


def test_booking_holds_and_goes_on_to_pay(signed_in: Visitor, station: Station, evse: Evse, dara: Client) -> None:
    answer = signed_in.post(page(station) + "book/", wish(evse, energy_kwh="20"))

    booking = Booking.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/bookings/{booking.pk}/")
    assert (booking.client, booking.evse, booking.status, booking.quote_minor) == (dara, evse, "held", 1300)


def test_a_form_that_is_sent_twice_makes_one_booking(signed_in: Visitor, station: Station, evse: Evse) -> None:
    priced = text_of(signed_in.get(page(station) + "quote/", wish(evse)))
    number = priced.split('name="booking" value="')[1].split('"')[0]

    answers = [signed_in.post(page(station) + "book/", wish(evse, booking=number)) for _ in range(2)]

    assert [answer.headers["Location"] for answer in answers] == [f"/bookings/{number}/"] * 2
    assert Booking.objects.count() == 1


def test_nobody_gets_at_anothers_booking_by_its_number(
    signed_in: Visitor, station: Station, evse: Evse, eli: Client
) -> None:
    theirs = held(eli, make_evse(station, "2"), in_minutes=300)

    answer = signed_in.post(page(station) + "book/", wish(evse, booking=theirs.pk))

    assert answer.status_code in {409, 503}
    assert Booking.objects.get() == theirs


def test_who_is_signed_out_comes_back_to_the_choice(client: Visitor, station: Station, evse: Evse) -> None:
    asked = wish(evse, energy_kwh="20")
    priced = text_of(client.get(page(station) + "quote/", asked))
    answer = client.post(page(station) + "book/", asked)

    assert "Sign in to book" in priced
    assert "csrfmiddlewaretoken" not in priced
    assert answer.status_code == 302
    back = parse_qs(urlsplit(answer.headers["Location"]).query)["next"][0]
    assert "€13.00" in text_of(client.get(back))
    assert not Booking.objects.exists()


def test_what_is_taken_is_refused_and_the_choice_stays(
    signed_in: Visitor, client: Visitor, station: Station, evse: Evse, eli: Client
) -> None:
    held(eli, evse, in_minutes=60)

    answer = signed_in.post(page(station) + "book/", wish(evse))

    assert answer.status_code == 409
    assert "Somebody else has just taken that time." in text_of(answer)
    assert f'value="{evse.pk}" selected' in text_of(answer)
    assert "Somebody else" in text_of(Visitor().get(page(station) + "quote/", wish(evse)))


def test_own_bookings_and_too_many_holds_are_refused(
    signed_in: Visitor, station: Station, evse: Evse, dara: Client
) -> None:
    held(dara, make_evse(station, "2"), in_minutes=60)
    assert "You already have a booking at that time." in text_of(signed_in.post(page(station) + "book/", wish(evse)))

    held(dara, make_evse(station, "3"), in_minutes=600)
    later = wish(evse, start=slot_in(1200).isoformat())
    assert "You have two unpaid bookings." in text_of(signed_in.post(page(station) + "book/", later))


def test_too_many_tries_say_when_to_come_back(signed_in: Visitor, station: Station, evse: Evse, settings: Any) -> None:
    settings.RATE_LIMITS = {"hold": (0, 60)}

    answer = signed_in.post(page(station) + "book/", wish(evse))

    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0


def test_the_night_of_the_clock_change_shows_every_quarter(client: Visitor, station: Station, evse: Evse) -> None:
    evening = dt.datetime(2026, 10, 24, 22, tzinfo=station.zone)
    with clock.moved_to(evening):
        html = text_of(client.get(page(station), {"date": "2026-10-25"}))

    assert html.count('<option value="2026-10-25T') == 100
    assert "02:15 CEST" in html
    assert "02:15 CET" in html


def test_a_closed_hour_cannot_be_started(client: Visitor, station: Station, evse: Evse) -> None:
    station.opening_hours = {
        "regular_hours": [{"weekday": n, "period_begin": "08:00", "period_end": "20:00"} for n in range(1, 8)]
    }
    station.save()
    tomorrow = (clock.now() + dt.timedelta(days=1)).astimezone(station.zone).date()
    night = dt.datetime.combine(tomorrow, dt.time(6), tzinfo=station.zone)

    html = text_of(client.get(page(station), {"date": tomorrow.isoformat()}))
    assert html.count('data-free="1111"') == 12
    assert "08:00–20:00" in html
    refused = client.get(page(station) + "quote/", wish(evse, start=night.isoformat()))
    assert "The station is closed for some or all of that time." in text_of(refused)


def test_the_panels_say_nothing_of_retired_or_unknown_stations(client: Visitor, station: Station, evse: Evse) -> None:
    today = start_of(0).date()
    for ref in (
        "evses:x",
        "availability:x:2026-01-01",
        f"availability:{station.pk}",
        f"availability:{station.pk}:soon",
    ):
        assert client.get(f"/live/panels/{ref}/").status_code == 404
    assert client.get(f"/live/panels/availability:{station.pk}:{today}/").status_code == 200
    Station.objects.update(status=Station.Status.RETIRED)
    assert client.get(f"/live/panels/evses:{station.pk}/").status_code == 404
