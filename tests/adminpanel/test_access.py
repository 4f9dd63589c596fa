"""Who may open what: every address of operations, the admin and the texts, by role and method."""

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client as Visitor

from adminpanel.urls import urlpatterns
from bookings.models import Client
from bookings.tokens import create_token
from tests.people import PASSWORD, make_client

SIGN_IN, SECOND_FACTOR = "/accounts/login/", "/accounts/2fa/"
STAFF_PAGES = [
    "/operations/", "/operations/overview/", "/admin/", "/admin/bookings/booking/", "/operations/payments/",
    "/operations/payments/review/", "/operations/sessions/", "/operations/bookings/", "/operations/reports/",
    "/operations/reports/monthly/", "/operations/clients/", "/operations/audit/", "/operations/activity/",
    "/operations/alerts/", "/operations/search/", "/operations/analytics/", "/operations/stations/",
    "/operations/stations/map/", "/operations/tariffs/", "/operations/settings/", "/admin/login/",
]  # fmt: skip
OPERATORS_ALONE = [
    "/operations/payments/receipts.csv", "/operations/sessions/stuck/", "/operations/reports/make/",
    "/operations/clients/suspend/", "/operations/clients/restore/",
    "/operations/audit/export/", "/operations/staff/", "/operations/staff/invite/", "/operations/stations/new/",
    "/operations/stations/import/", "/operations/tariffs/new/", "/operations/settings/limits/",
    "/operations/settings/policy/",
]  # fmt: skip
TEXTS = ["/contact/", "/terms/", "/privacy/", "/security/"]
API = "/api/v1/operations/overview"
PANELS = [f"/live/panels/{name}/" for name in ("overview-cards", "activity", "overview-sessions")]
ROLES = ("viewer", "operator", "owner")


def test_no_address_is_left_out() -> None:
    """Those of one payment are walked in `test_payment_acts.py`, those of operators in `test_access_matrix.py`."""
    addresses = {f"/{pattern.pattern}" for pattern in urlpatterns}
    assert {address for address in addresses if "<" not in address} <= {*STAFF_PAGES, *OPERATORS_ALONE, *TEXTS}


@pytest.mark.parametrize("path", STAFF_PAGES)
def test_strangers_sign_in_first(client: Visitor, path: str) -> None:
    for answer in (client.get(path), client.post(path)):
        assert answer.status_code == 302
        assert answer["Location"].startswith(f"{SIGN_IN}?next={path}")


@pytest.mark.parametrize("path", [*STAFF_PAGES, *PANELS, API])
def test_drivers_find_nothing(client: Visitor, dara: Client, path: str) -> None:
    client.force_login(dara)
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("path", [*STAFF_PAGES[1:-1], *PANELS, API])
def test_staff_look(client: Visitor, role: str, path: str) -> None:
    client.force_login(make_client("staff", role=role))
    assert client.get(path).status_code == 200
    assert client.head(path).status_code in (200, 405)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_looking_is_all_that_the_overview_offers(client: Visitor, role: str, method: str) -> None:
    client.force_login(make_client("staff", role=role))
    assert getattr(client, method)("/operations/overview/").status_code == 405


def test_operations_begins_with_the_overview(client: Visitor, vera: Client) -> None:
    client.force_login(vera)
    assert client.get("/operations/")["Location"] == "/operations/overview/"


def test_staff_without_a_group_are_drivers(client: Visitor) -> None:
    client.force_login(make_client("lost", is_staff=True))
    for path in (*STAFF_PAGES, *PANELS, API):
        assert client.get(path).status_code == 404


@pytest.mark.parametrize("who", [None, "driver", *ROLES])
@pytest.mark.parametrize("path", TEXTS)
def test_everybody_reads_the_texts(client: Visitor, who: str | None, path: str) -> None:
    if who:
        client.force_login(make_client("somebody", role=who if who in ROLES else ""))
    page = client.get(path)
    assert page.status_code == 200
    assert ("/admin/adminpanel/setting/" in page.content.decode()) is (who == "owner")
    assert client.put(path).status_code == 405
    if path != "/contact/":
        assert client.post(path).status_code == 405


def test_the_api_wants_a_client(client: Visitor) -> None:
    assert client.get(API).status_code == 401


class TestSecondFactor:
    """STAFF_SECOND_FACTOR=1: without one, staff are asked to set it up and see nobody's data until then."""

    @pytest.fixture(autouse=True)
    def _on(self, settings: object) -> None:
        settings.STAFF_SECOND_FACTOR = True

    @pytest.mark.parametrize("role", ROLES)
    @pytest.mark.parametrize("path", STAFF_PAGES)
    def test_staff_are_sent_to_set_it_up(self, client: Visitor, role: str, path: str) -> None:
        client.force_login(make_client("staff", role=role))
        assert client.get(path)["Location"] == SECOND_FACTOR
        assert "Set up an authenticator app" in client.get(SECOND_FACTOR).content.decode()

    def test_panels_and_api_are_closed_to_the_session(self, client: Visitor, olga: Client) -> None:
        client.force_login(olga)
        assert {client.get(path).status_code for path in PANELS} == {404}
        assert client.get(API).status_code in (403, 404)

    def test_a_token_needs_none(self, client: Visitor, olga: Client) -> None:
        _token, text = create_token(client=olga, name="script")
        assert client.get(API, headers={"Authorization": f"Bearer {text}"}).status_code == 200

    @pytest.mark.parametrize("kind", ["totp", "webauthn"])
    def test_with_one_they_come_in(self, client: Visitor, olga: Client, kind: str) -> None:
        Authenticator.objects.create(user=olga, type=kind, data={})
        client.force_login(olga)
        for path in ("/operations/overview/", "/admin/", *PANELS, API):
            assert client.get(path).status_code == 200

    def test_recovery_codes_alone_are_none(self, client: Visitor, olga: Client) -> None:
        Authenticator.objects.create(user=olga, type="recovery_codes", data={})
        client.force_login(olga)
        assert client.get("/operations/overview/")["Location"] == SECOND_FACTOR

    def test_staff_without_one_see_their_own_things_only(self, olga: Client, dara: Client) -> None:
        assert [row.pk for row in Client.objects.visible_to(olga)] == [olga.pk]
        assert olga.role() == "owner"

    def test_drivers_and_strangers_are_asked_for_nothing(self, client: Visitor, dara: Client) -> None:
        assert client.get("/contact/").status_code == 200
        client.force_login(dara)
        assert client.get("/operations/overview/").status_code == 404


def test_the_admin_alone_may_compile_code(client: Visitor, olga: Client) -> None:
    client.force_login(olga)
    relaxed = client.get("/admin/")["Content-Security-Policy"]
    assert "script-src 'self' 'unsafe-eval'" in relaxed
    assert "style-src 'self' 'unsafe-inline'" in relaxed
    assert "frame-ancestors 'none'" in relaxed
    assert "unsafe" not in client.get("/operations/overview/")["Content-Security-Policy"]


def test_the_admins_own_password_form_is_not_used(client: Visitor, olga: Client) -> None:
    client.force_login(olga)
    assert client.get("/admin/password_change/")["Location"] == "/accounts/password/change/"


def test_the_admins_own_sign_in_lets_nobody_become_somebody_else(client: Visitor, vera: Client, olga: Client) -> None:
    """It knows no limits and no second factor."""
    client.force_login(vera)
    answer = client.post("/admin/login/?next=/admin/", {"username": olga.email, "password": PASSWORD})
    assert answer["Location"] == "/accounts/login/?next=/admin/"
    assert client.get("/admin/").wsgi_request.user == vera
