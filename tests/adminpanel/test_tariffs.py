"""Tariffs as owners write them: exact, said beforehand, and bookings keep their terms."""

import re
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client as Browser
from hypothesis import given, settings
from hypothesis import strategies as st

from adminpanel.tariff_forms import MONEY, TariffForm, example, read_percent, write_percent
from bookings.models import Booking, Client, Evse, Station, Tariff
from bookings.policy import policy_in_words
from bookings.pricing import TariffTerms, price
from bookings.stations import save_tariff
from evbunker.models import Change
from evbunker.money import EXPONENTS, exponent, major
from tests.adminpanel.desks import desk_of
from tests.booking_steps import paid
from tests.places import make_station, make_tariff

LIST = "/operations/tariffs/"
TYPED = {
    "name": "Night", "currency": "EUR", "session_fee_minor": "0.50", "per_hour_minor": "1,250.00",
    "per_kwh_minor": "0.4", "idle_per_minute_minor": "0", "tax_bp": "19", "free_cancel_hours": "24",
    "late_refund_bp": "12.5", "no_show_fee_bp": "100 %",
}  # fmt: skip


@pytest.fixture
def desk(olga: Client) -> Browser:
    return desk_of(olga)


def hidden_on(page: Any) -> dict[str, str]:
    return dict(re.findall(r'type="hidden" name="(seen|agreed|id)" value="([^"]*)"', page.content.decode()))


@given(st.sampled_from(["EUR", *EXPONENTS]), st.integers(0, 100_000_000), st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_money_and_shares_come_out_as_they_went_in(currency: str, minor: int, bp: int) -> None:
    assert read_percent(write_percent(bp)) == bp
    form = TariffForm.__new__(TariffForm)  # its fields alone, without the database
    form._errors = {}
    typed = f"{major(minor, currency):f}"
    assert form._read_money("per_kwh_minor", typed, currency) == minor
    assert Decimal(typed).scaleb(exponent(currency)) == minor


@pytest.mark.parametrize("text", ["100.01", "19.555", "-1", "1e2", "19%%", "٩", ""])
def test_what_is_no_share_is_none(text: str) -> None:
    assert read_percent(text) is None


def test_a_tariff_is_said_before_it_is_made(desk: Browser) -> None:
    asked = desk.post(f"{LIST}new/", TYPED | hidden_on(desk.get(f"{LIST}new/")))
    page = asked.content.decode()
    assert "What this means" in page
    assert "€1,258.50" in page, "0.50 + 1250.00 + 20 x 0.40"
    assert "Everything comes back until 24 hours before it begins." in page
    assert not Tariff.objects.exists()
    for _time in range(2):
        assert desk.post(f"{LIST}new/", TYPED | hidden_on(asked)).status_code == 303
    made = Tariff.objects.get()
    terms = price(terms=TariffTerms.of(made), minutes=60, energy_wh=20_000)
    assert (terms.total_minor, made.tax_bp, made.late_refund_bp, made.no_show_fee_bp) == (125_850, 1900, 1250, 10_000)
    assert Change.objects.get(action="tariff.saved").after["per_hour_minor"] == 125_000
    assert "Night" in desk.get(LIST).content.decode()


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("per_kwh_minor", "0.455"), ("per_kwh_minor", "-1"), ("per_kwh_minor", "free"), ("per_hour_minor", "9999999"),
        ("tax_bp", "101"), ("free_cancel_hours", "-1"), ("currency", "XYZ"), ("name", ""),
    ],
)  # fmt: skip
def test_what_is_no_price_is_refused_at_its_field(desk: Browser, field: str, text: str) -> None:
    answer = desk.post(f"{LIST}new/", TYPED | {field: text})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]


def test_yen_have_no_digits_after_the_point(desk: Browser) -> None:
    whole = dict.fromkeys(MONEY, "45") | {"currency": "JPY"}
    assert desk.post(f"{LIST}new/", TYPED | whole).status_code == 200
    assert desk.post(f"{LIST}new/", TYPED | whole | {"per_kwh_minor": "45.5"}).status_code == 422


def test_a_change_says_what_it_means_and_bookings_keep_their_terms(
    desk: Browser, olga: Client, dara: Client, station: Station, evse: Evse, tariff: Tariff
) -> None:
    booking = paid(dara, evse, in_minutes=120)
    edit = f"{LIST}{tariff.pk}/edit/"
    form = desk.get(edit).context["form"]
    typed = {name: str(form[name].value()) for name in form.fields} | {"per_kwh_minor": "0.90"}
    asked = desk.post(edit, typed | hidden_on(desk.get(edit)))
    page = asked.content.decode()
    for said in ("€0.45", "€0.90", "keep the prices and the policy", station.name, "€13.00", "€22.00"):
        assert said in page
    stale = desk.get(edit)
    assert desk.post(edit, typed | hidden_on(asked)).status_code == 303
    assert Tariff.objects.get().per_kwh_minor == 90
    assert Booking.objects.get(pk=booking.pk).tariff_terms["per_kwh_minor"] == 45
    again = desk.post(edit, typed | {"per_kwh_minor": "0.10"} | hidden_on(stale))
    assert again.status_code == 409
    assert "€0.90" in again.content.decode()
    changed = desk.post(edit, typed | {"currency": "JPY"} | hidden_on(desk.get(edit)))
    assert changed.context["form"].cleaned_data["currency"] == "EUR", "the currency of a tariff in use stays"


def test_one_tariff_goes_to_several_stations(desk: Browser, tariff: Tariff) -> None:
    night = make_tariff("Night")
    has, none = make_station("Has", tariff=tariff), make_station("None", tariff=None)
    same, yen = make_station("Same", tariff=night), make_station("Yen", tariff=None, currency="JPY")
    page = f"{LIST}{night.pk}/assign/"
    shown = desk.get(page).content.decode()
    assert "cannot: it is priced in JPY" in shown
    assert desk.post(page).status_code == 422
    ids = {"stations": [str(one.pk) for one in (has, none, same, yen)]}
    sure = desk.post(page, ids).content.decode()
    for said in ("2 stations get Night", "instead of Standard", "These have it already: Same", "Yen (JPY)"):
        assert said in sure
    agreed = dict(re.findall(r'name="(agreed)" value="([^"]*)"', sure))
    Station.objects.filter(pk=none.pk).update(tariff=tariff)
    assert "instead of Standard" in desk.post(page, ids | agreed).content.decode(), "what was read is not so any more"
    agreed = dict(re.findall(r'name="(agreed)" value="([^"]*)"', desk.post(page, ids).content.decode()))
    assert desk.post(page, ids | agreed).status_code == 303
    assert set(Station.objects.filter(tariff=night)) == {has, none, same}


def test_who_is_no_owner_reads_and_writes_nothing(opal: Client, tariff: Tariff) -> None:
    desk = desk_of(opal)
    assert "Standard" in desk.get(LIST).content.decode()
    page = desk.get(f"{LIST}{tariff.pk}/").content.decode()
    assert "€13.00" in page
    assert "Edit" not in re.sub("<[^>]*>", "", page.partition("<main")[2])
    for path in ("new/", f"{tariff.pk}/edit/", f"{tariff.pk}/assign/"):
        assert desk.post(f"{LIST}{path}", TYPED).status_code == 403


def test_a_policy_is_said_in_words() -> None:
    assert policy_in_words(0, 0, 10_000)[0] == "Everything comes back until it begins."
    assert policy_in_words(1, 5000, 2500) == [
        "Everything comes back until 1 hour before it begins.", "After that 50 % comes back.",
        "If you do not come, 25 % is kept.",
    ]  # fmt: skip


def test_the_example_is_what_a_booking_costs(dara: Client, evse: Evse, tariff: Tariff, olga: Client) -> None:
    save_tariff(tariff=tariff, actor=olga)
    assert paid(dara, evse, in_minutes=60).quote_minor == example(tariff).total_minor
