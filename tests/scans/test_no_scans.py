"""No page, call, command, job or panel reads in full what grows, on a site that has run for a while.

Exempt, for they read everything by design: `check_integrity` (compares all there is), `seed_demo` and
`import_stations` (fill a site, once or at night; `tests/bookings/importers/test_command.py` looks at the latter).
`scheduler` only runs the jobs.
"""

import datetime as dt
import json
import re
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib import admin
from django.core import mail
from django.core.management import call_command
from django.test import Client as Browser
from django.urls import reverse

from adminpanel.demo.people import OTHERS, address_of
from adminpanel.management.commands import simulate_traffic
from adminpanel.scheduling import JOBS
from bookings.leaving import delete_account
from bookings.models import Booking, ChargingSession, Client, Evse, MeterValue, Station, Tariff, Vehicle
from bookings.personal_data import export_of
from bookings.stations import refresh_station
from bookings.tokens import create_token
from evbunker import clock
from evbunker.db import newest
from evbunker.live.panels import REGISTRY
from payments import sandbox
from payments.models import Payment
from tests.booking_steps import decide, held, paid, pending, slot_in
from tests.people import make_client
from tests.plans import GROWING, SMALL, no_scans
from tests.scans.filling import ROWS, fill
from tests.test_access_matrix import MATRIX, address, browser_of, status_of

EXEMPT = {"check_integrity", "seed_demo", "import_stations", "scheduler"}
COMMANDS = {
    "complete_sessions": [],
    "create_api_token": ["dara@example.org"],
    "create_client": ["newcomer@example.org", "--role", "operator"],
    "expire_holds": [],
    "reconcile_payments": [],
}
SIGN_UP = {"email": "nora@example.org", "password1": "nothing one would guess", "name": "Nora"}
ASKED = (
    "bookings", "payments", "dashboard/environmental-impact",
    "stations", "stations?text=harb", "stations?near=52.5,13.4&radius_km=20", "stations?minutes=60",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _years(tariff: Tariff, settings: Any) -> None:
    settings.RATE_LIMITS, settings.ACCOUNT_RATE_LIMITS, settings.MFA_RATE_LIMITS = {}, False, False
    fill(tariff)


@pytest.fixture
def harbour(station: Station, evse: Evse) -> Station:
    """Found like any other."""
    refresh_station(station)
    station.refresh_from_db()
    return station


@pytest.fixture
def past(dara: Client, evse: Evse) -> Booking:
    """Everything that Dara has: a session that ended, one to come, a hold, a car, a token, a second factor."""
    with clock.shifted(-dt.timedelta(days=2)):
        over = paid(dara, evse)
    MeterValue.objects.create(session=ChargingSession.objects.get(booking=over), at=clock.now(), energy_wh=10)
    paid(dara, evse, in_minutes=120)
    pending(held(dara, evse, in_minutes=300))
    create_token(client=dara, name="script")
    Vehicle.objects.create(client=dara, name="Van", usable_battery_wh=60_000, ac_max_w=11_000, wh_per_km=200)
    Authenticator.objects.create(user=dara, type="recovery_codes", data={})
    return over


def signed_in(client: Client) -> Browser:
    browser = Browser()
    browser.force_login(client)
    return browser


def test_every_collection_is_one_that_grows_or_one_that_stays_small() -> None:
    tables = {model._meta.db_table for model in apps.get_models(include_auto_created=True)} | {"django_migrations"}
    assert tables == GROWING | SMALL
    assert not GROWING & SMALL


def test_a_query_without_an_index_is_caught() -> None:
    caught_as("Scanned bookings_station", lambda: list(Station.objects.filter(city="Berlin")))
    caught_as("Scanned bookings_client", lambda: Client.objects.filter(name="Dara").exists())
    caught_as("Scanned bookings_booking", lambda: Booking.objects.filter(evse_label="x").update(ended_reason="x"))
    caught_as("Scanned payments_payment", lambda: Payment.objects.filter(client_name="x").delete())
    caught_as("Scanned bookings_vehicle", lambda: Vehicle.objects.filter(name="x").count())


@pytest.mark.engines
def test_a_long_sort_a_long_read_and_a_join_are_caught() -> None:
    completed = Booking.objects.filter(status="completed")
    caught_as(f"Sorted {ROWS} of bookings_booking", lambda: list(completed.order_by("starts_at")))
    caught_as(r"Read 15\d of bookings_booking", lambda: completed.count())
    caught_as("Joined .* to a list of bookings_booking", lambda: list(completed.select_related("station")[:5]))
    caught_as("Joined .* to a list of bookings_booking", lambda: list(Booking.objects.filter(station__city="Berlin")))


def caught_as(found: str, query: Callable[[], object]) -> None:
    with pytest.raises(AssertionError, match=found), no_scans():
        query()


def test_the_driver_s_journey(harbour: Station, evse: Evse) -> None:
    browser = Browser()
    with no_scans():
        sign_up(browser)
        booking = book(browser, harbour, evse)
        pay(browser, booking)
        charge(browser, booking)
        look_back(browser, booking)
    assert Booking.objects.get(pk=booking.pk).status == Booking.Status.COMPLETED


def sign_up(browser: Browser) -> None:
    """Until the address is confirmed, then out and in again."""
    assert browser.post("/accounts/signup/", SIGN_UP).status_code == 302
    (link,) = re.findall(r"https?://\S+/accounts/confirm-email/\S+", mail.outbox[0].body)
    browser.get(urlsplit(link).path)
    browser.post(urlsplit(link).path)
    browser.post("/accounts/logout/")
    answer = browser.post("/accounts/login/", {"login": SIGN_UP["email"], "password": SIGN_UP["password1"]})
    assert answer.status_code == 302
    browser.post("/accounts/password/reset/", {"email": SIGN_UP["email"]})


def book(browser: Browser, station: Station, evse: Evse) -> Booking:
    """Found by name and by place, priced, held."""
    for search in ({"q": "harb"}, {"near": "52.5,13.4", "radius": 20}, {"minutes": 30}):
        assert browser.get("/", search).status_code == 200
    page, start = reverse("station", args=[station.pk]), slot_in(60).astimezone(station.zone)
    wish = {"date": start.date().isoformat(), "evse": evse.pk, "start": start.isoformat(), "minutes": 60}
    assert browser.get(page, wish).status_code == 200
    assert browser.get(f"{page}quote/", wish).status_code == 200
    assert browser.post(f"{page}book/", wish).status_code == 303
    return Booking.objects.get(station=station)


def pay(browser: Browser, booking: Booking) -> None:
    """At the sandbox, which then calls the webhook."""
    page = f"/bookings/{booking.pk}/"
    assert browser.get(page).status_code == 200
    assert browser.post(f"{page}pay/", {"gateway": "sandbox"}).status_code in (302, 303)
    payment = Payment.objects.get(booking=booking)
    browser.get(f"/payments/sandbox/{payment.gateway_ref}/")
    browser.post(f"/payments/sandbox/{payment.gateway_ref}/", {"outcome": "pay"})
    call_webhook(payment)
    assert browser.get(page).status_code == 200
    booking.refresh_from_db()
    assert booking.status == Booking.Status.CONFIRMED


def call_webhook(payment: Payment) -> None:
    data = {"payment": payment.gateway_ref, "amount_minor": payment.amount_minor, "currency": "EUR", "live": False}
    body = json.dumps({"id": "evt_1", "type": "payment.captured", "created": 1, "data": data}).encode()
    sent_at = int(clock.now().timestamp())
    signed = {"Sandbox-Signature": f"t={sent_at},v1={sandbox.signature(sent_at, body)}"}
    answer = Browser().post("/payments/webhooks/sandbox/", body, content_type="application/json", headers=signed)
    assert answer.status_code == 200


def charge(browser: Browser, booking: Booking) -> None:
    with clock.shifted(booking.starts_at - clock.now()):
        assert browser.post(f"/bookings/{booking.pk}/start/").status_code in (302, 303)
        browser.get("/dashboard/")
        assert browser.post(f"/bookings/{booking.pk}/stop/").status_code in (302, 303)


def look_back(browser: Browser, booking: Booking) -> None:
    for path in ("/dashboard/", "/bookings/", "/payments/", f"/bookings/{booking.pk}/", "/profile/", "/profile/data/"):
        assert browser.get(path).status_code in (200, 302), path


def test_giving_up_failing_and_leaving(harbour: Station, evse: Evse, dara: Client) -> None:
    browser = signed_in(dara)
    with no_scans():
        browser.post(f"/bookings/{held(dara, evse).pk}/cancel/")
        payment = pending(held(dara, evse))
        decide(payment, "fail")
        browser.get(f"/bookings/{payment.booking_id}/")
        browser.post(f"/bookings/{payment.booking_id}/cancel/")
        export_of(dara.pk)
        browser.get("/profile/leave/")
        assert delete_account(client=dara)


def test_every_address(harbour: Station, evse: Evse, past: Booking, dara: Client, caplog: Any) -> None:
    caplog.set_level("CRITICAL", "django.request")
    people = {"dara": dara} | {role: make_client(role, role=role) for role in ("operator", "owner")}
    browsers = {role: browser_of(role, people) for role in ("anonymous", "token", "owner", "dara")}
    with no_scans():
        for route, methods in MATRIX.items():
            path = address(route, dara, evse)
            for method, browser in product(methods, browsers.values()):
                status_of(browser, method, path)


def test_lists_of_the_api(harbour: Station, past: Booking, dara: Client, opal: Client) -> None:
    with no_scans():
        for client in (dara, opal):
            browser = signed_in(client)
            for asked in ASKED:
                assert browser.get(f"/api/v1/{asked}").status_code == 200, asked
            assert browser.get(f"/api/v1/bookings?cursor={past.pk.hex}").status_code == 200


def test_the_django_admin(harbour: Station, past: Booking, olga: Client) -> None:
    browser = signed_in(olga)
    with no_scans():
        for model, shown in admin.site._registry.items():
            page = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
            asked: list[dict[str, str]] = [{}, {"q": str(past.pk)}, {"q": "dara@example.org"}, {"q": "harb"}]
            asked += [{f"{name}__exact": "active"} for name in shown.list_filter]
            asked += [{name: str(past.pk)} for name in shown.linked_by]
            for query in asked:
                assert browser.get(page, query, follow=True).status_code == 200, query
            if rows := newest(model.objects.all(), by="id", limit=1):
                assert browser.get(f"{page}{rows[0].pk}/change/").status_code == 200


def test_every_live_panel(harbour: Station, past: Booking, dara: Client, opal: Client) -> None:
    keys = ("", f":{harbour.pk}", f":{harbour.pk}:{clock.now().date()}", f":{past.pk}")
    with no_scans():
        shown = {
            name
            for client, name, key in product((dara, opal), REGISTRY, keys)
            if signed_in(client).get(f"/live/panels/{name}{key}/").status_code == 200
        }
    assert shown == set(REGISTRY)


def test_every_command_is_looked_at_or_exempt() -> None:
    ours = ("evbunker", "bookings", "payments", "dashboard", "adminpanel")
    folders = (Path(apps.get_app_config(app).path) / "management/commands" for app in ours)
    found = {file.stem for folder in folders for file in folder.glob("[a-z]*.py")}
    assert found == EXEMPT | set(COMMANDS) | {"simulate_traffic"}


def test_every_command(past: Booking) -> None:
    with clock.shifted(dt.timedelta(hours=6)), no_scans():
        for name, arguments in COMMANDS.items():
            call_command(name, *arguments)


def test_traffic_finds_its_drivers() -> None:
    Client.objects.create_user(address_of(OTHERS[0]))
    with no_scans():
        assert len(simulate_traffic.Command()._drivers()) == 1


def test_every_job(past: Booking) -> None:
    with clock.shifted(dt.timedelta(hours=6)), no_scans():
        for job in JOBS:
            job.work()
