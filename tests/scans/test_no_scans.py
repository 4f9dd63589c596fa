"""No page, call, command, job or panel reads in full what grows, on a site that has run for a while.

Exempt, for they read everything by design: `check_integrity`, `copy_data` (compare, move all there is), `seed_demo` and
`import_stations` (fill a site, once or at night; `tests/bookings/importers/test_command.py` looks at the latter).
`scheduler` only runs the jobs. `relay_changes` follows the server's log, and looks up what is in it by its key.
"""

import datetime as dt
import json
import re
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from channels.testing import WebsocketCommunicator
from django.apps import apps
from django.conf import settings as configured
from django.contrib import admin
from django.core import mail
from django.core.management import call_command
from django.test import Client as Browser
from django.urls import reverse

from adminpanel.beating import beat
from adminpanel.demo.people import OTHERS, address_of
from adminpanel.management.commands import simulate_traffic
from adminpanel.models import ReportJob, StationImport
from adminpanel.rollups import HISTORY
from adminpanel.scheduling import JOBS
from adminpanel.texts import set_text
from bookings.leaving import delete_account
from bookings.models import Booking, ChargingSession, Client, Evse, Station, Tariff
from bookings.personal_data import export_of
from bookings.roles import set_role
from bookings.slots import Period
from bookings.standing import set_active
from bookings.stations import save_station, set_evse_status, set_station_status, set_tariff
from evbunker import clock
from evbunker.db import newest
from evbunker.live import Event, publish
from evbunker.live.consumer import MOST_PANELS
from evbunker.live.panels import REGISTRY
from payments import sandbox
from payments.closing import close_booking
from payments.maintenance import close_bookings_on
from payments.models import Payment
from payments.outbox import work_outbox
from tests.booking_steps import decide, held, paid, pending, slot_in
from tests.browsing import session_cookie
from tests.people import make_client
from tests.places import make_tariff
from tests.plans import no_scans
from tests.test_access_matrix import MATRIX, address, browser_of, status_of

OURS = {name: panel for name, panel in REGISTRY.items() if not panel.loader.__module__.startswith("tests.")}
"""Without the panels that other tests declare."""

EXEMPT = {"check_integrity", "copy_data", "seed_demo", "import_stations", "relay_changes", "scheduler"}
COMMANDS = {
    "close_days": ["--history"],
    "compare_books": ["--day", "2026-03-10"],
    "complete_sessions": [],
    "create_api_token": ["dara@example.org"],
    "create_client": ["newcomer@example.org", "--role", "operator"],
    "expire_holds": [],
    "mend_outages": [],
    "export_receipts": ["--from", "2026-03-01", "--to", "2026-03-31"],
    "reconcile_payments": [],
}
DAYS = frozenset({"adminpanel_dailytotal", "adminpanel_dailyuse", "bookings_station"})
"""A day of the network is the sum of its stations' rows: as many are read as there are stations that can be booked."""
SIGN_UP = {"email": "nora@example.org", "password1": "nothing one would guess", "name": "Nora"}
ASKED = (
    "bookings", "payments", "dashboard/environmental-impact",
    "stations", "stations?text=harb", "stations?near=52.5,13.4&radius_km=20", "stations?minutes=60",
)  # fmt: skip


def signed_in(client: Client) -> Browser:
    browser = Browser()
    browser.force_login(client)
    return browser


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
        given_up = paid(dara, evse)
        browser.get(f"/bookings/{given_up.pk}/")
        browser.post(f"/bookings/{given_up.pk}/cancel/")
        work_outbox()
        browser.get(f"/bookings/{given_up.pk}/")
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
    keys += tuple(
        f":{one.pk}"
        for one in (
            Payment.objects.get(booking=past), ChargingSession.objects.filter(status="completed")[0], dara,
            ReportJob.objects.all()[0], StationImport.objects.create(source="csv", file_name="s.csv", asked_by=opal),
        )
    )  # fmt: skip
    with no_scans():
        shown = {
            name
            for client, name, key in product((dara, opal), OURS, keys)
            if signed_in(client).get(f"/live/panels/{name}{key}/").status_code == 200
        }
    assert shown == set(OURS) - {"analytics"}, "test_analytics_page.py looks at that one"


@pytest.mark.engines
def test_a_socket_that_watches_everything(harbour: Station, past: Booking, dara: Client, opal: Client) -> None:
    keys = {"availability": f":{harbour.pk}:{clock.now().date()}", "evses": f":{harbour.pk}", "booking": f":{past.pk}"}
    keys["operations-payment"] = f":{Payment.objects.get(booking=past).pk}"
    keys |= dict.fromkeys(("operations-station", "operations-station-record"), f":{harbour.pk}")
    keys |= {"operations-board": keys["availability"], "operations-booking": f":{past.pk}"}
    keys["operations-session"] = f":{ChargingSession.objects.get(booking=past).pk}"
    keys["operations-client"] = f":{dara.pk}"
    keys["operations-report"] = f":{ReportJob.objects.all()[0].pk}"
    keys["station-import"] = f":{StationImport.objects.create(source='csv', file_name='s.csv', asked_by=opal).pk}"
    with no_scans():
        for client, audience in ((dara, {"client", "station"}), (opal, {"operators"})):
            refs = [f"{one.name}{keys.get(one.name, '')}" for one in OURS.values() if one.audience in audience]
            refs = [ref for ref in refs if ref != "analytics"]  # a socket may not watch it without its range
            for first in range(0, len(refs), MOST_PANELS):
                frames = async_to_sync(watch)(session_cookie(client), refs[first : first + MOST_PANELS], client)
                assert frames >= 2, "one when it opens and one after an event, at least"


async def watch(cookie: dict[str, str], refs: list[str], client: Client) -> int:
    """Open a socket for `refs`, let something happen; how many frames came."""
    from evbunker.asgi import application

    headers = [(b"host", b"testserver"), (b"origin", configured.SITE_URL.encode())]
    headers.append((b"cookie", f"{cookie['name']}={cookie['value']}".encode()))
    socket = WebsocketCommunicator(application, f"/live/?panels={','.join(refs)}", headers)
    connected, _protocol = await socket.connect(timeout=5)
    assert connected
    frames = 0
    for _before_and_after in range(2):
        while not await socket.receive_nothing(timeout=0.7):
            frames += bool((await socket.receive_from()).strip())
        for name in ("booking_update", "eco_stats_update", "charging_session_update"):
            await sync_to_async(publish)(Event(name, client=client.pk))
    await socket.disconnect()
    return frames


def test_what_operators_do(harbour: Station, evse: Evse, tariff: Tariff, past: Booking, olga: Client) -> None:
    eli = make_client("eli")
    with no_scans():
        set_active(client=eli, active=False, actor=olga)
        set_role(client=eli, role="viewer", actor=olga)
        set_tariff(station=harbour, tariff=make_tariff("Dear"), actor=olga)
        harbour.name = "Harbour East"
        save_station(station=harbour, actor=olga)
        set_evse_status(evse=evse, status=Evse.Status.FAULTED, actor=olga)
        set_station_status(station=harbour, status=Station.Status.CLOSED, actor=olga)
        set_text(key="terms", value="Be kind.", actor=olga)


def test_closing_bookings(harbour: Station, evse: Evse, dara: Client, opal: Client) -> None:
    browser = signed_in(dara)
    later = slot_in(240)
    with no_scans():
        booking = paid(dara, evse)
        browser_of_staff = signed_in(opal)
        for act in (browser_of_staff.get, browser_of_staff.post):
            assert act(f"/admin/bookings/booking/{booking.pk}/close/").status_code == 200
        assert close_booking(booking=booking, actor=opal, note="Roadworks.")
        pending(held(dara, evse, in_minutes=240))
        period = Period(later, later + dt.timedelta(hours=2))
        assert close_bookings_on(evse=evse, period=period, actor=opal, note="Roadworks.")
        work_outbox()
        assert browser.get(f"/bookings/{booking.pk}/").status_code == 200


def test_every_command_is_looked_at_or_exempt() -> None:
    ours = ("evbunker", "bookings", "payments", "dashboard", "adminpanel")
    folders = (Path(apps.get_app_config(app).path) / "management/commands" for app in ours)
    found = {file.stem for folder in folders for file in folder.glob("[a-z]*.py")}
    assert found == EXEMPT | set(COMMANDS) | {"simulate_traffic"}


def close_the_others(past: Booking) -> None:
    """A year of idle days at every station would only cost time."""
    Station.objects.exclude(pk=past.station_id).update(bookable=False)


def test_every_command(past: Booking) -> None:
    close_the_others(past)
    with clock.shifted(dt.timedelta(hours=6)), no_scans(also_small=DAYS):
        for name, arguments in COMMANDS.items():
            call_command(name, *arguments)


def test_traffic_finds_its_drivers() -> None:
    Client.objects.create_user(address_of(OTHERS[0]))
    with no_scans():
        assert len(simulate_traffic.Command()._drivers()) == 1


def test_every_job(past: Booking) -> None:
    close_the_others(past)
    beat(HISTORY)  # the walk through history is the command's
    with clock.shifted(dt.timedelta(hours=6)), no_scans(also_small=DAYS):
        for job in JOBS:
            job.work()
