"""One's own account: profile, vehicles, tokens, data, and leaving."""

import json
import re
import time
from typing import Any
from uuid import uuid4

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.test import Client as Browser

from bookings.leaving import StaffAccount, StillBooked, deactivate_account, delete_account, nobody
from bookings.models import ApiToken, Booking, ChargingSession, Client, Evse, IdempotencyKey, Vehicle
from bookings.personal_data import export_of
from bookings.tokens import client_of_token, create_token
from evbunker.models import Change
from payments.models import Payment
from tests.booking_steps import held, paid
from tests.people import PASSWORD

CAR = {
    "name": "Zoe", "usable_battery_wh": "52", "ac_max_w": "22", "dc_max_w": "46.5", "wh_per_km": "17.5",
    "connector_types": ["IEC_62196_T2"],
}  # fmt: skip


@pytest.fixture
def browser(dara: Client) -> Browser:
    """Dara's, signed in long ago."""
    mine = Browser()
    mine.force_login(dara)
    return mine


@pytest.fixture
def fresh(browser: Browser, dara: Client) -> Browser:
    """Dara's, who has just given the password again."""
    session = browser.session
    session["account_authentication_methods_user"] = str(dara.pk)
    session["account_authentication_methods"] = [{"method": "password", "at": time.time(), "reauthenticated": True}]
    session.save()
    return browser


def test_a_profile_is_shown_and_saved(browser: Browser, dara: Client) -> None:
    page = browser.get("/profile/").content.decode()
    assert "dara@example.org" in page
    assert '<option value="DE" selected>Germany</option>' in page
    answer = browser.post("/profile/", {"name": "Dara D.", "country": "FR", "time_zone": "Europe/Paris"})
    assert (answer.status_code, answer["Location"]) == (302, "/profile/")
    dara.refresh_from_db()
    assert (dara.name, dara.country, dara.time_zone) == ("Dara D.", "FR", "Europe/Paris")
    change = Change.objects.get(action="client.profile")
    assert (change.before["country"], change.after["country"]) == ("DE", "FR")


@pytest.mark.parametrize(("field", "value"), [("country", "XX"), ("time_zone", "Mars/Base"), ("name", "x" * 121)])
def test_a_profile_that_makes_no_sense_is_not_saved(browser: Browser, dara: Client, field: str, value: str) -> None:
    wanted = {"name": "New", "country": "FR", "time_zone": "Europe/Paris"} | {field: value}
    answer = browser.post("/profile/", wanted)
    assert answer.status_code == 200
    assert answer.context["form"].errors.keys() == {field}
    dara.refresh_from_db()
    assert dara.name == "Dara"


def test_nothing_else_of_the_account_can_be_posted(browser: Browser, dara: Client) -> None:
    wanted = {"name": "Dara", "country": "DE", "time_zone": "Europe/Berlin"}
    browser.post("/profile/", wanted | {"is_staff": "1", "email": "root@example.org", "is_superuser": "1"})
    dara.refresh_from_db()
    assert (dara.is_staff, dara.is_superuser, dara.email) == (False, False, "dara@example.org")


def test_a_vehicle_is_added_changed_and_removed(browser: Browser, dara: Client) -> None:
    assert browser.post("/profile/vehicles/add/", CAR).status_code == 302
    car = Vehicle.objects.get(client=dara)
    assert (car.usable_battery_wh, car.ac_max_w, car.dc_max_w, car.wh_per_km) == (52_000, 22_000, 46_500, 175)
    page = browser.get("/profile/").content.decode()
    assert "Zoe" in page
    assert "17.5" in page
    form = browser.get(f"/profile/vehicles/{car.pk}/").content.decode()
    for shown in ('value="52"', 'value="22"', 'value="46.5"', 'value="17.5"'):
        assert shown in form
    browser.post(f"/profile/vehicles/{car.pk}/", CAR | {"name": "Ioniq", "wh_per_km": "16"})
    car.refresh_from_db()
    assert (car.name, car.wh_per_km) == ("Ioniq", 160)
    browser.post(f"/profile/vehicles/{car.pk}/delete/")
    assert not Vehicle.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("usable_battery_wh", "0"), ("usable_battery_wh", "NaN"), ("usable_battery_wh", "1e9"), ("ac_max_w", "-1"),
        ("wh_per_km", "0.1"), ("connector_types", ["NO_SUCH_PLUG"]), ("connector_types", []), ("name", ""),
    ],
)  # fmt: skip
def test_a_vehicle_that_makes_no_sense_is_not_saved(browser: Browser, field: str, value: Any) -> None:
    answer = browser.post("/profile/vehicles/add/", CAR | {field: value})
    assert answer.context["form"].errors.keys() == {field}
    assert not Vehicle.objects.exists()


def test_eli_sees_nothing_of_daras(fresh: Browser, dara: Client, eli: Client) -> None:
    fresh.post("/profile/vehicles/add/", CAR)
    token, _text = create_token(client=dara, name="Dara's key")
    car = Vehicle.objects.get()
    stranger = Browser()
    stranger.force_login(eli)
    assert "Zoe" not in stranger.get("/profile/").content.decode()
    assert stranger.get(f"/profile/vehicles/{car.pk}/").status_code == 404
    for path in (f"vehicles/{car.pk}/", f"vehicles/{car.pk}/delete/", f"tokens/{token.pk}/revoke/"):
        assert stranger.post(f"/profile/{path}", CAR).status_code == 404
    assert "Dara" not in stranger.get("/profile/data/").content.decode()
    assert (Vehicle.objects.count(), ApiToken.objects.count()) == (1, 1)


def test_what_is_not_there_is_not_found(browser: Browser) -> None:
    assert browser.get(f"/profile/vehicles/{uuid4()}/").status_code == 404


def test_a_token_is_shown_once(fresh: Browser, dara: Client) -> None:
    answer = fresh.post("/profile/tokens/", {"name": "Car"})
    (text,) = re.findall(r">(evb_[^<]+)<", answer.content.decode())
    assert client_of_token(text) == dara
    assert "no-store" in answer["Cache-Control"]
    page = fresh.get("/profile/").content.decode()
    assert "Car" in page
    assert text not in page
    assert text not in str(dict(fresh.session))
    token = ApiToken.objects.get()
    fresh.post(f"/profile/tokens/{token.pk}/revoke/")
    assert client_of_token(text) is None


def test_a_token_needs_a_name(fresh: Browser) -> None:
    answer = fresh.post("/profile/tokens/", {"name": ""})
    assert answer.context["token_form"].errors.keys() == {"name"}
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize("path", ["tokens/", "deactivate/", "delete/"])
def test_what_matters_needs_the_password_again(browser: Browser, dara: Client, path: str) -> None:
    posted = {"name": "Car", "sure": "on"}
    answer = browser.post(f"/profile/{path}", posted)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/reauthenticate/")
    assert not ApiToken.objects.exists()
    dara.refresh_from_db()
    assert (dara.is_active, dara.email) == (True, "dara@example.org")
    resumed = browser.post(answer["Location"], {"password": PASSWORD})
    dara.refresh_from_db()
    assert resumed.status_code in {200, 302}
    assert ApiToken.objects.exists() or not dara.is_active, "and then it is done, without being asked again"


def test_my_data_are_all_i_left_here_and_no_secret(fresh: Browser, dara: Client, evse: Evse) -> None:
    fresh.post("/profile/vehicles/add/", CAR)
    fresh.post("/profile/tokens/", {"name": "Car key"})
    booking = paid(dara, evse)
    answer = fresh.get("/profile/data/")
    assert answer["Content-Disposition"] == 'attachment; filename="evbunker-my-data.json"'
    data = json.loads(answer.content)
    assert data["account"][0]["email"] == "dara@example.org"
    assert data["vehicles"][0]["name"] == "Zoe"
    assert data["api_tokens"][0]["name"] == "Car key"
    assert data["bookings"][0]["id"] == str(booking.pk)
    assert data["payments"][0]["captured_minor"] == booking.quote_minor
    assert {"charging_sessions", "eco_stats", "email_addresses", "second_factors"} <= set(data)
    for secret in (dara.password, ApiToken.objects.get().hash):
        assert secret not in answer.content.decode()


def test_a_deactivated_account_opens_nothing_and_keeps_everything(fresh: Browser, dara: Client) -> None:
    _token, text = create_token(client=dara, name="Car")
    assert fresh.post("/profile/deactivate/").status_code == 302
    dara.refresh_from_db()
    assert (dara.is_active, dara.email, dara.name) == (False, "dara@example.org", "Dara")
    assert client_of_token(text) is None
    assert fresh.get("/profile/").status_code == 302
    assert ApiToken.objects.exists()


def test_a_deleted_account_leaves_books_without_a_name(fresh: Browser, dara: Client, evse: Evse) -> None:
    fresh.post("/profile/vehicles/add/", CAR)
    create_token(client=dara, name="Car")
    EmailAddress.objects.create(user=dara, email=dara.email, verified=True, primary=True)
    Authenticator.objects.create(user=dara, type="totp", data={"secret": "x"})
    booking = paid(dara, evse)
    Booking.objects.update(status="completed")
    other_session = Browser()
    other_session.force_login(dara)
    assert fresh.post("/profile/delete/", {"sure": "on"}).status_code == 302
    dara.refresh_from_db()
    assert (dara.email, dara.name, dara.country, dara.is_active) == (nobody(dara), "", "", False)
    assert not dara.has_usable_password()
    for mine in (Vehicle, ApiToken, EmailAddress, Authenticator, IdempotencyKey):
        assert not mine.objects.exists()
    for kept in (Booking, ChargingSession, Payment):
        assert kept.objects.get().client_name == "Deleted account"
    assert Payment.objects.get().captured_minor == booking.quote_minor
    assert other_session.get("/profile/").status_code == 302
    everything = json.dumps([export_of(dara.pk), list(Change.objects.values())], default=str)
    assert "dara" not in everything.lower()


def test_deleting_needs_a_tick(fresh: Browser, dara: Client) -> None:
    answer = fresh.post("/profile/delete/", {})
    assert answer.context["form"].errors.keys() == {"sure"}
    dara.refresh_from_db()
    assert dara.is_active


@pytest.mark.parametrize("path", ["deactivate", "delete"])
def test_nobody_leaves_with_a_booking_open(fresh: Browser, dara: Client, evse: Evse, path: str) -> None:
    held(dara, evse)
    answer = fresh.post(f"/profile/{path}/", {"sure": "on"})
    assert answer.status_code == 409
    assert "still have bookings" in answer.content.decode()
    dara.refresh_from_db()
    assert (dara.is_active, dara.email) == (True, "dara@example.org")


def test_leaving_twice_changes_nothing_more(dara: Client) -> None:
    assert [deactivate_account(client=dara) for _ in range(2)] == [True, False]
    assert [delete_account(client=dara) for _ in range(2)] == [True, False]
    assert Change.objects.filter(action="client.deleted").count() == 1


def test_staff_do_not_vanish(opal: Client) -> None:
    for service in (deactivate_account, delete_account):
        with pytest.raises(StaffAccount):
            service(client=opal)


def test_a_refusal_writes_nothing(dara: Client, evse: Evse) -> None:
    held(dara, evse)
    before = Change.objects.count()
    for service in (deactivate_account, delete_account):
        with pytest.raises(StillBooked):
            service(client=dara)
    assert Change.objects.count() == before


@pytest.mark.parametrize(
    "path", ["", "vehicles/add/", "data/", "leave/", "tokens/", "deactivate/", "delete/", f"vehicles/{uuid4()}/"]
)
def test_the_signed_out_sign_in(client: Browser, path: str) -> None:
    method = client.post if path in {"tokens/", "deactivate/", "delete/"} else client.get
    answer = method(f"/profile/{path}")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/")


def test_the_profile_needs_few_queries(browser: Browser, django_assert_max_num_queries: Any) -> None:
    browser.get("/profile/")
    with django_assert_max_num_queries(6):
        browser.get("/profile/")


def test_who_cannot_pay_yet_learns_why(browser: Browser, settings: Any) -> None:
    assert "Confirm your address" not in browser.get("/profile/").content.decode()
    settings.EMAIL_VERIFIED_TO_PAY = True
    assert "Confirm your address" in browser.get("/profile/").content.decode()
