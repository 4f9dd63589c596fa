"""Who gets what at every address of the site, by role and method.

An address that is not in MATRIX fails: add it, and say what each role gets. The pages of the Django admin stand in it
as one; `tests/adminpanel/test_admin_pages.py` walks them.
"""

import re
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client as Browser
from django.urls import URLPattern, URLResolver, get_resolver

from adminpanel.models import ReportJob, ReportSchedule, StationImport
from bookings.claims import release
from bookings.models import Booking, ChargingSession, Client, Evse, Outage, Vehicle
from bookings.tokens import create_token
from evbunker import clock
from payments.models import GatewayCommand, Payment, Reconciliation, Refund
from tests.booking_steps import held, pending
from tests.people import make_client

ROLES = ("anonymous", "eli", "viewer", "operator", "owner", "token", "dara")
"""Dara owns every record in the addresses and comes last, because what she does changes them. `token` is Dara's API
token, without a cookie."""
METHODS = ("GET", "POST", "PUT", "DELETE")
NOTHING_DONE = {302, 401, 403, 404, 405}
"""What a method that MATRIX does not name may answer."""

# What each of ROLES gets, in that order; one number stands for all of them.
PAGE = (302, 200, 200, 200, 200, 302, 200)  # of one's own
NO_RECORD = (302, 404, 404, 404, 404, 302, 404)
MY_RECORD = (302, 404, 404, 404, 404, 302, 200)
ACT = (302, 404, 404, 404, 404, 302, 302)  # on a record of one's own
STAFF = (302, 404, 200, 200, 200, 302, 404)
STAFF_MOVES_ON = (302, 404, 302, 302, 302, 302, 404)
ACTS = (302, 404, 403, 200, 200, 302, 404)  # pages of operators' acts
ACTS_AGAIN = (302, 404, 403, 302, 302, 302, 404)  # who moves money proves again who they are
ACTS_MOVES_ON = (302, 404, 403, 303, 303, 302, 404)
ACTS_ONCE = (302, 404, 403, 303, 409, 302, 404)  # the second one comes too late
OWNER_AGAIN = (302, 404, 403, 403, 302, 302, 404)  # who proves again who they are
ACTS_TOO_EARLY = (302, 404, 403, 409, 409, 302, 404)  # nothing has been looked through
ACTS_INVALID = (302, 404, 403, 422, 422, 302, 404)  # it asks why
OWNERS = (302, 404, 403, 403, 200, 302, 404)
OWNERS_AGAIN = (302, 404, 403, 403, 302, 302, 404)
OUTSIDE = (200, 302, 302, 302, 302, 200, 302)  # for who is signed out; whoever is signed in moves on
WITH_FACTOR = (302, 404, 404, 404, 404, 302, 404)  # for who has a second factor, which nobody here does
API = (401, 200, 200, 200, 200, 200, 200)
API_INVALID = (401, 422, 422, 422, 422, 422, 422)
API_MINE = (401, 404, 404, 404, 404, 200, 200)
API_STAFF = (401, 404, 200, 200, 200, 404, 404)


def dara_gets(status: int, row: tuple[int, ...], *, token: int | None = None) -> tuple[int, ...]:
    """`row`, but for Dara: what she asks for is hers and still refused, or answered in another way."""
    return (*row[:-2], row[-2] if token is None else token, status)


Row = dict[str, int | tuple[int, ...]]
MATRIX: dict[str, Row] = {
    "": {"GET": 200},
    "about/impact/": {"GET": 200},
    "accounts/2fa/": {"GET": PAGE},
    "accounts/2fa/authenticate/": {"GET": 302, "POST": 302},
    "accounts/2fa/reauthenticate/": {"GET": 302, "POST": 302},
    "accounts/2fa/recovery-codes/": {"GET": WITH_FACTOR},
    "accounts/2fa/recovery-codes/download/": {"GET": WITH_FACTOR},
    "accounts/2fa/recovery-codes/generate/": {"GET": 302, "POST": 302},
    "accounts/2fa/totp/activate/": {"GET": 302, "POST": 302},
    "accounts/2fa/totp/deactivate/": {"GET": WITH_FACTOR, "POST": WITH_FACTOR},
    "accounts/2fa/webauthn/": {"GET": PAGE},
    "accounts/2fa/webauthn/add/": {"GET": 302, "POST": 302},
    "accounts/2fa/webauthn/keys/<int:pk>/edit/": {"GET": 302, "POST": 302},
    "accounts/2fa/webauthn/keys/<int:pk>/remove/": {"GET": 302, "POST": 302},
    "accounts/2fa/webauthn/login/": {"GET": 302, "POST": 302},
    "accounts/2fa/webauthn/reauthenticate/": {"GET": 302, "POST": 302},
    r"accounts/^confirm-email/(?P<key>[-:\w]+)/$": {"GET": 200, "POST": 404},
    r"accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": dict.fromkeys(
        METHODS, 200
    ),  # says it is no good
    "accounts/confirm-email/": {"GET": 200},
    "accounts/email/": {"GET": PAGE, "POST": 302},
    "accounts/inactive/": {"GET": 200},
    "accounts/login/": {"GET": OUTSIDE, "POST": OUTSIDE},
    "accounts/login/code/confirm/": {"GET": 302, "POST": 302},
    "accounts/logout/": {"GET": PAGE, "POST": 302},
    "accounts/password/change/": {"GET": PAGE, "POST": PAGE},
    "accounts/password/reset/": {"GET": 200, "POST": 200},
    "accounts/password/reset/done/": {"GET": 200},
    "accounts/password/reset/key/done/": {"GET": 200},
    "accounts/password/set/": {"GET": 302, "POST": 302},
    "accounts/reauthenticate/": {"GET": PAGE, "POST": PAGE},
    "accounts/signup/": {"GET": OUTSIDE, "POST": OUTSIDE},
    "admin/": dict.fromkeys(METHODS, STAFF),
    "admin/password_change/": dict.fromkeys(METHODS, STAFF_MOVES_ON),
    "admin/login/": dict.fromkeys(METHODS, STAFF_MOVES_ON),
    "api/v1/": {"GET": 404},
    "api/v1/bookings": {"GET": API, "POST": API_INVALID},
    "api/v1/bookings/<uuidstr:booking_id>": {"GET": API_MINE},
    "api/v1/bookings/<uuidstr:booking_id>/cancel": {"POST": API_MINE},
    "api/v1/bookings/<uuidstr:booking_id>/close": {"POST": API_INVALID},
    "api/v1/bookings/<uuidstr:booking_id>/extend": {"POST": API_INVALID},
    "api/v1/bookings/<uuidstr:booking_id>/move": {"POST": API_INVALID},
    "api/v1/bookings/<uuidstr:booking_id>/payments": {"POST": API_INVALID},
    "api/v1/bookings/<uuidstr:booking_id>/start": {"POST": dara_gets(409, API_MINE, token=409)},
    "api/v1/bookings/<uuidstr:booking_id>/stop": {"POST": dara_gets(409, API_MINE, token=409)},
    "api/v1/dashboard/environmental-impact": {"GET": API},
    "api/v1/docs": {"GET": 200},
    "api/v1/openapi.json": {"GET": 200},
    "api/v1/operations/overview": {"GET": API_STAFF},
    "api/v1/payments": {"GET": API},
    "api/v1/payments/<uuidstr:payment_id>": {"GET": (401, 404, 200, 200, 200, 200, 200)},
    "api/v1/payments/<uuidstr:payment_id>/refunds": {"POST": API_INVALID},
    "api/v1/stations": {"GET": 200},
    "api/v1/stations/<uuidstr:station_id>": {"GET": 200},
    "api/v1/stations/<uuidstr:station_id>/availability": {"GET": 200},
    "bookings/": {"GET": PAGE},
    "bookings/<uuid:booking_id>/": {"GET": MY_RECORD},
    "bookings/<uuid:booking_id>/calendar.ics": {"GET": MY_RECORD},
    "bookings/<uuid:booking_id>/cancel/": {"POST": dara_gets(303, ACT)},
    "bookings/<uuid:booking_id>/change/": {"GET": MY_RECORD},
    "bookings/<uuid:booking_id>/extend/": {"POST": dara_gets(422, ACT)},
    "bookings/<uuid:booking_id>/move/": {"POST": dara_gets(422, ACT)},
    "bookings/<uuid:booking_id>/pay/": {"POST": dara_gets(422, ACT)},
    "bookings/<uuid:booking_id>/start/": {"POST": dara_gets(409, ACT)},
    "bookings/<uuid:booking_id>/stop/": {"POST": dara_gets(409, ACT)},
    "contact/": {"GET": 200, "POST": 200},
    "dashboard/": {"GET": PAGE},
    "healthz": {"GET": 200},
    "live/panels/<str:ref>/": {"GET": PAGE},
    "metrics": {"GET": 404},
    "operations/": {"GET": STAFF_MOVES_ON},
    "operations/activity/": {"GET": STAFF},
    "operations/alerts/": {"GET": STAFF},
    "operations/analytics/": {"GET": STAFF},
    "operations/audit/": {"GET": STAFF},
    "operations/audit/export/": {"POST": (302, 404, 403, 200, 200, 302, 404)},
    "operations/clients/": {"GET": STAFF},
    "operations/clients/<uuid:client_id>/": {"GET": STAFF},
    "operations/clients/<uuid:client_id>/data/": {"GET": ACTS, "POST": ACTS_INVALID},
    "operations/clients/<uuid:client_id>/factor/": {"GET": ACTS_AGAIN, "POST": ACTS_AGAIN},
    "operations/clients/<uuid:client_id>/notes/": {"POST": ACTS_INVALID},
    "operations/clients/<uuid:client_id>/password/": {"GET": ACTS, "POST": ACTS_MOVES_ON},
    "operations/clients/restore/": {"GET": ACTS, "POST": ACTS},  # whom?
    "operations/clients/suspend/": {"GET": ACTS_AGAIN, "POST": ACTS_AGAIN},
    "operations/overview/": {"GET": STAFF},
    "operations/search/": {"GET": STAFF},
    "operations/bookings/": {"GET": STAFF},
    "operations/bookings/<uuid:booking_id>/": {"GET": STAFF},
    "operations/evses/<uuid:evse_id>/edit/": {"GET": ACTS, "POST": ACTS_INVALID},
    "operations/evses/<uuid:evse_id>/remove/": {"GET": ACTS, "POST": ACTS_INVALID},
    "operations/payments/": {"GET": STAFF},
    "operations/settings/": {"GET": STAFF},
    "operations/settings/limits/": {"GET": OWNER_AGAIN, "POST": OWNER_AGAIN},
    "operations/settings/policy/": {"GET": OWNER_AGAIN, "POST": OWNER_AGAIN},
    "operations/settings/texts/<slug:key>/": {"GET": OWNER_AGAIN, "POST": OWNER_AGAIN},
    "operations/stations/<uuid:station_id>/edit/": {"GET": ACTS, "POST": ACTS_INVALID},
    "operations/stations/<uuid:station_id>/evses/new/": {"GET": ACTS, "POST": ACTS_INVALID},
    "operations/stations/<uuid:station_id>/tariff/": {"GET": OWNER_AGAIN, "POST": OWNER_AGAIN},
    "operations/stations/import/": {"GET": ACTS, "POST": ACTS_INVALID},
    "operations/stations/import/<uuid:import_id>/": {"GET": ACTS},
    "operations/stations/import/<uuid:import_id>/agree/": {"GET": ACTS, "POST": ACTS_TOO_EARLY},
    "operations/stations/import/<uuid:import_id>/again/": {"GET": ACTS, "POST": ACTS_TOO_EARLY},
    "operations/stations/import/<uuid:import_id>/drop/": {"GET": ACTS, "POST": ACTS_TOO_EARLY},
    "operations/stations/new/": {"GET": ACTS, "POST": ACTS_INVALID},
    "operations/tariffs/": {"GET": STAFF},
    "operations/tariffs/<uuid:tariff_id>/": {"GET": STAFF},
    "operations/tariffs/<uuid:tariff_id>/assign/": {"GET": OWNER_AGAIN, "POST": OWNER_AGAIN},
    "operations/tariffs/<uuid:tariff_id>/edit/": {"GET": OWNER_AGAIN, "POST": OWNER_AGAIN},
    "operations/tariffs/new/": {"GET": OWNER_AGAIN, "POST": OWNER_AGAIN},
    "operations/payments/<uuid:payment_id>/": {"GET": STAFF},
    "operations/payments/<uuid:payment_id>/accept/": {"GET": ACTS_AGAIN, "POST": ACTS_AGAIN},
    "operations/payments/<uuid:payment_id>/close/": {"GET": ACTS_AGAIN, "POST": ACTS_AGAIN},
    "operations/payments/<uuid:payment_id>/reconcile/": {"GET": ACTS, "POST": ACTS_MOVES_ON},
    "operations/payments/<uuid:payment_id>/refund/": {"GET": ACTS_AGAIN, "POST": ACTS_AGAIN},
    "operations/payments/<uuid:payment_id>/resend/": {"GET": ACTS, "POST": (302, 404, 403, 409, 409, 302, 404)},
    "operations/payments/<uuid:payment_id>/return/": {"GET": ACTS_AGAIN, "POST": ACTS_AGAIN},
    "operations/payments/commands/<uuid:command_id>/again/": {"GET": ACTS, "POST": ACTS_ONCE},
    "operations/payments/commands/<uuid:command_id>/aside/": {"GET": ACTS, "POST": ACTS_INVALID},
    "operations/payments/days/<uuid:day_id>/explain/": {"GET": ACTS, "POST": ACTS_INVALID},
    "operations/payments/refunds/<uuid:refund_id>/again/": {"GET": ACTS_AGAIN, "POST": ACTS_AGAIN},
    "operations/payments/refunds/<uuid:refund_id>/aside/": {"GET": ACTS, "POST": ACTS_INVALID},
    "operations/payments/review/": {"GET": STAFF},
    "operations/payments/receipts.csv": {"GET": (302, 404, 403, 422, 422, 302, 404)},  # which days?
    "operations/reports/": {"GET": STAFF},
    "operations/reports/<uuid:job_id>/": {"GET": STAFF},
    "operations/reports/<uuid:job_id>/file/": {"GET": NO_RECORD},  # it is not made yet
    "operations/reports/make/": {"POST": ACTS_MOVES_ON},
    "operations/reports/monthly/": {"GET": STAFF, "POST": ACTS_INVALID},
    "operations/reports/monthly/<uuid:schedule_id>/pause/": {"GET": ACTS, "POST": ACTS_ONCE},
    "operations/reports/monthly/<uuid:schedule_id>/remove/": {"GET": ACTS, "POST": (302, 404, 403, 303, 404, 302, 404)},
    "operations/reports/monthly/<uuid:schedule_id>/resume/": {"GET": ACTS, "POST": (302, 404, 403, 409, 409, 302, 404)},
    "operations/reports/monthly/<uuid:schedule_id>/send/": {"GET": ACTS, "POST": ACTS_MOVES_ON},
    "operations/sessions/": {"GET": STAFF},
    "operations/sessions/<uuid:session_id>/": {"GET": STAFF},
    "operations/sessions/<uuid:session_id>/end/": {"GET": ACTS, "POST": ACTS_INVALID},
    "operations/sessions/<uuid:session_id>/stop/": {"GET": ACTS, "POST": ACTS_INVALID},
    "operations/sessions/stuck/": {"GET": ACTS, "POST": ACTS_INVALID},
    "operations/staff/": {"GET": OWNERS},
    "operations/staff/<uuid:client_id>/again/": {"GET": OWNERS_AGAIN, "POST": OWNERS_AGAIN},
    "operations/staff/<uuid:client_id>/remove/": {"GET": OWNERS_AGAIN, "POST": OWNERS_AGAIN},
    "operations/staff/<uuid:client_id>/role/": {"GET": OWNERS_AGAIN, "POST": OWNERS_AGAIN},
    "operations/staff/invite/": {"GET": OWNERS_AGAIN, "POST": OWNERS_AGAIN},
    "operations/stations/": {"GET": STAFF},
    "operations/stations/<uuid:station_id>/": {"GET": STAFF},
    "operations/stations/<uuid:station_id>/block/": {"GET": ACTS_AGAIN, "POST": ACTS_AGAIN},
    "operations/stations/<uuid:station_id>/board/": {"GET": STAFF},
    "operations/stations/<uuid:station_id>/close/": {"GET": ACTS, "POST": ACTS_INVALID},
    "operations/stations/<uuid:station_id>/open/": {"GET": ACTS, "POST": ACTS_INVALID},
    "operations/stations/<uuid:station_id>/retire/": {"GET": ACTS, "POST": ACTS_INVALID},
    "operations/stations/<uuid:station_id>/status/": {"GET": ACTS, "POST": ACTS_INVALID},
    "operations/stations/<uuid:station_id>/unblock/": {"GET": ACTS, "POST": ACTS_INVALID},
    "operations/stations/map/": {"GET": STAFF},
    "operations/stations/outages/<uuid:outage_id>/": {"GET": ACTS, "POST": ACTS_INVALID},
    "payments/": {"GET": PAGE},
    "payments/<uuid:payment_id>/receipt.pdf": {"GET": NO_RECORD},  # nothing was paid in the matrix
    "payments/<uuid:payment_id>/receipt/": {"GET": NO_RECORD},
    "payments/<uuid:payment_id>/receipt/<slug:reference>.pdf": {"GET": NO_RECORD},
    "payments/razorpay/<uuid:payment_id>/": {"GET": NO_RECORD},  # the payment in the matrix is the sandbox's
    "payments/razorpay/<uuid:payment_id>/return/": {"POST": 404},
    "payments/sandbox/<str:gateway_ref>/": {"GET": 200, "POST": 422},
    "payments/webhooks/<slug:gateway>/": {"POST": 400},
    "privacy/": {"GET": 200},
    "profile/": {"GET": PAGE, "POST": PAGE},
    "profile/data/": {"GET": PAGE},
    "profile/deactivate/": {"POST": 302},
    "profile/delete/": {"POST": 302},
    "profile/leave/": {"GET": PAGE},
    "profile/tokens/": {"POST": 302},
    "profile/tokens/<uuid:token_id>/revoke/": {"POST": ACT},
    "profile/vehicles/<uuid:vehicle_id>/": {"GET": MY_RECORD, "POST": MY_RECORD},
    "profile/vehicles/<uuid:vehicle_id>/delete/": {"POST": ACT},
    "profile/vehicles/add/": {"GET": PAGE, "POST": PAGE},
    "readyz": {"GET": 200},
    "security/": {"GET": 200},
    "stations/<uuid:station_id>/": {"GET": 200},
    "stations/<uuid:station_id>/book/": {"POST": (302, 422, 422, 422, 422, 302, 422)},
    "stations/<uuid:station_id>/quote/": {"GET": 200},
    "terms/": {"GET": 200},
}
AREAS = {area: list(found) for area, found in groupby(MATRIX, key=lambda route: route.partition("/")[0])}


def routes(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[str]:
    """Every address, as its pattern is written; all of the Django admin's are one."""
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield route
        else:
            yield from ["admin/"] if pattern.app_name == "admin" else routes(pattern.url_patterns, route)


def test_every_address_is_in_the_matrix_and_every_row_is_an_address() -> None:
    assert set(routes(get_resolver().url_patterns)) == set(MATRIX)


@pytest.mark.parametrize("area", AREAS)
def test_everybody_gets_what_the_matrix_says(area: str, evse: Evse, settings: Any, caplog: Any) -> None:
    settings.RATE_LIMITS, settings.ACCOUNT_RATE_LIMITS, settings.MFA_RATE_LIMITS = {}, False, False
    caplog.set_level("CRITICAL", "django.request")
    people = {"eli": make_client("eli"), "dara": make_client("dara")}
    people |= {role: make_client(role, role=role) for role in ("viewer", "operator", "owner")}
    browsers = {role: browser_of(role, people) for role in ROLES}
    wrong = {}
    for route in AREAS[area]:
        for method in METHODS:
            path = address(route, people["dara"], evse)
            for index, role in enumerate(ROLES):
                if "/logout/" in route:
                    browsers[role] = browser_of(role, people)
                status = status_of(browsers[role], method, path)
                if not is_expected(route, method, index, status):
                    wrong[route, method, role] = status
    assert wrong == {}, chr(10).join(map(str, wrong.items()))


def is_expected(route: str, method: str, index: int, status: int) -> bool:
    wanted = MATRIX[route].get(method)
    if wanted is None:
        return is_refusal(route, method, status)
    return status == (wanted if isinstance(wanted, int) else wanted[index])


def is_refusal(route: str, method: str, status: int) -> bool:
    """allauth takes a PUT for a POST; what that gets is in the row of POST."""
    return status in NOTHING_DONE or (method == "PUT" and route.startswith("accounts/") and status == 200)


def browser_of(role: str, people: dict[str, Client]) -> Browser:
    """A browser of somebody who signed in a while ago, or what calls with Dara's token."""
    if role == "token":
        token = create_token(client=people["dara"], name="token")[1]
        return Browser(raise_request_exception=False, headers={"authorization": f"Bearer {token}"})
    browser = Browser(raise_request_exception=False)
    if role in people:
        browser.force_login(people[role])
    return browser


def status_of(browser: Browser, method: str, path: str) -> int:
    if path.startswith("/api/"):
        return browser.generic(method, path, "{}", "application/json").status_code
    return browser.generic(method, path, "", "application/x-www-form-urlencoded").status_code


def address(route: str, dara: Client, evse: Evse) -> str:
    """The route with the ids of records of Dara's, made for it."""
    names = re.findall(r"<(?:\w+:)?(\w+)>", route)
    ids = {"station_id": evse.station_id, "gateway": "sandbox", "ref": "impact", "pk": 1, "key": "abc", "uidb36": "abc"}
    ids["reference"] = "R26-000001"
    ids |= {"evse_id": evse.pk, "tariff_id": evse.station.tariff_id}
    for name in names:
        if name not in ids:
            ids[name] = make(name, dara, evse)
    path = route.replace("^", "").removesuffix("$")
    path = re.sub(r"\(\?P<(\w+)>[^)]*\)", lambda found: str(ids[found[1]]), path)
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(ids[found[1]]), path)


STOPPED: dict[str, Callable[[Payment], Any]] = {
    "command_id": lambda payment: GatewayCommand.objects.create(
        payment=payment, kind="late_email", idempotency_key=f"test:{payment.pk}", state="given_up", next_at=clock.now()
    ),
    "refund_id": lambda payment: Refund.objects.create(
        payment=payment, client_id=payment.client_id, status="failed", reason="operator", amount_minor=1,
        currency="EUR", once=f"test:{payment.pk}", idempotency_key=f"test:{payment.pk}",
    ),
    "day_id": lambda payment: Reconciliation.objects.create(
        gateway=str(payment.pk)[:20], day=clock.now().date(), state="differs", checked_at=clock.now()
    ),
}  # fmt: skip
"""What came to a stop, of a payment, by the name that addresses have for it."""


def make(name: str, dara: Client, evse: Evse) -> Any:
    """A new record of Dara's, by the name that addresses have for it."""
    if name == "vehicle_id":
        car = {"name": "Zoe", "usable_battery_wh": 52_000, "ac_max_w": 22_000, "wh_per_km": 170}
        return Vehicle.objects.create(client=dara, **car).pk
    if name == "token_id":
        return create_token(client=dara, name="other")[0].pk
    if name == "job_id":
        return ReportJob.objects.create(kind="usage", form="csv", once=f"test:{uuid4()}", terms=REPORTED).pk
    if name == "schedule_id":
        terms = REPORTED | {"zone": "UTC"}
        return ReportSchedule.objects.create(kind="usage", form="csv", next_at=clock.now(), terms=terms).pk
    if name == "session_id":
        return session_of(new_hold(dara, evse)).pk
    if name == "import_id":
        return StationImport.objects.create(source="csv", file_name="stations.csv").pk
    if name == "client_id":
        return dara.pk
    if name == "outage_id":
        return Outage.objects.create(evse=evse, station_id=evse.station_id, began_at=clock.now()).pk
    payment = pending(new_hold(dara, evse))
    if name in STOPPED:
        return STOPPED[name](payment).pk
    return {"booking_id": payment.booking_id, "payment_id": payment.pk, "gateway_ref": payment.gateway_ref}[name]


REPORTED = {"first": "2026-01-01", "last": "2026-01-31", "by": "day", "station": None}


def session_of(booking: Booking) -> ChargingSession:
    names = ("evse_id", "station_id", "client_id", "currency", "station_name", "station_time_zone", "evse_label")
    copied = {name: getattr(booking, name) for name in names}
    times = {"scheduled_for": booking.starts_at, "scheduled_end": booking.ends_at}
    return ChargingSession.objects.create(booking=booking, **copied, **times)


def new_hold(dara: Client, evse: Evse) -> Booking:
    """Another hold, in place of those that were made before."""
    for earlier in Booking.objects.held():
        release(earlier)
        Booking.objects.filter(pk=earlier.pk).update(status=Booking.Status.CANCELLED)
    return held(dara, evse)


@pytest.mark.parametrize("role", ["viewer", "operator", "owner"])
def test_staff_without_a_second_factor_get_no_further_than_setting_one_up(role: str, settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = True
    staff = make_client(role, role=role)
    browser = Browser()
    browser.force_login(staff)
    for path in ("/operations/", "/operations/overview/", "/admin/"):
        answer = browser.get(path)
        assert (answer.status_code, answer["Location"]) == (302, "/accounts/2fa/")
    assert browser.get("/api/v1/operations/overview").status_code == 403
    token = {"authorization": f"Bearer {create_token(client=staff, name='script')[1]}"}
    assert Browser(headers=token).get("/api/v1/operations/overview").status_code == 200
