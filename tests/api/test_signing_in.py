"""Who calls: a token, or the session cookie with its CSRF token."""

import pytest
from django.test import Client as Browser

from bookings.models import Client
from bookings.tokens import create_token
from tests.api.conftest import Caller, caller, refusal


def test_nobody_is_signed_out(anonymous: Caller) -> None:
    answer = anonymous.get("/bookings")
    assert refusal(answer) == (401, "signed_out")
    assert answer["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("header", ["Bearer nonsense", "Bearer", "Basic eDp5", "evb_", "Bearer \xff", ""])
def test_a_token_that_opens_nothing_is_refused_everywhere(anonymous: Caller, header: str) -> None:
    for path in ("/bookings", "/stations"):
        assert refusal(anonymous.get(path, authorization=header)) == (401, "signed_out")


def test_a_wrong_token_is_not_made_good_by_the_cookie(dara: Client) -> None:
    browser = Browser()
    browser.force_login(dara)
    answer = browser.get("/api/v1/bookings", headers={"authorization": "Bearer nonsense"})
    assert answer.status_code == 401


def test_an_inactive_client_is_signed_out(dara: Client) -> None:
    call = caller(dara)
    Client.objects.filter(pk=dara.pk).update(is_active=False)
    assert refusal(call.get("/bookings")) == (401, "signed_out")


def test_the_scheme_may_be_written_in_any_case(dara: Client, anonymous: Caller) -> None:
    _token, text = create_token(client=dara, name="Car")
    assert anonymous.get("/bookings", authorization=f"bEARER  {text} ").status_code == 200


def test_the_cookie_reads_and_changes_only_with_its_csrf_token(dara: Client) -> None:
    call = Caller(browser=Browser(enforce_csrf_checks=True, raise_request_exception=False))
    call.browser.force_login(dara)
    assert call.get("/bookings").status_code == 200
    assert refusal(call.post("/bookings")) == (403, "csrf_failed")
    call.browser.get("/profile/")
    token = call.browser.cookies["csrf"].value
    assert refusal(call.post("/bookings", **{"x-csrftoken": token})) == (422, "invalid")


def test_without_a_session_a_change_is_signed_out_and_not_a_csrf_failure() -> None:
    call = Caller(browser=Browser(enforce_csrf_checks=True, raise_request_exception=False))
    assert refusal(call.post("/bookings")) == (401, "signed_out")


def test_a_call_by_token_is_being_seen(dara: Client) -> None:
    caller(dara).get("/bookings")
    dara.refresh_from_db()
    assert dara.last_seen_at is not None
