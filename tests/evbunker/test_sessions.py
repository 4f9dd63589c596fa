"""Sign-in sessions: served from the cache, never lost with it."""

import datetime as dt
import time

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from bookings.models import Client
from evbunker import sessions
from evbunker.models import SignInSession
from evbunker.sessions import SessionStore, forget_old_sessions
from tests.outage import Outage
from tests.people import PASSWORD
from tests.plans import no_scans

SIGN_IN = "/accounts/login/"


def is_signed_in(browser: Browser) -> bool:
    return browser.get("/profile/").status_code == 200


def test_a_cache_that_forgets_signs_nobody_out(dara: Client) -> None:
    browser = Browser()
    browser.force_login(dara)
    cache.clear()
    assert is_signed_in(browser)


def test_a_copy_saves_the_look_into_the_database(dara: Client) -> None:
    browser = Browser()
    browser.force_login(dara)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert is_signed_in(browser)
    assert not [query for query in asked if SignInSession._meta.db_table in query["sql"]]


@pytest.mark.engines
def test_without_a_cache_people_sign_in_and_out(dara: Client, outage: Outage) -> None:
    browser = Browser()
    assert browser.post(SIGN_IN, {"login": dara.email, "password": PASSWORD}).status_code == 302
    assert is_signed_in(browser)
    cookie = browser.cookies["session"].value
    browser.post("/accounts/logout/")
    browser.cookies["session"] = cookie
    assert not is_signed_in(browser)
    assert not SignInSession.objects.exists()


@pytest.mark.engines
def test_who_signs_out_while_the_cache_is_gone_stays_so(
    dara: Client, outage: Outage, monkeypatch: pytest.MonkeyPatch
) -> None:
    outage.lasts = False
    monkeypatch.setattr(sessions, "COPIED_SECONDS", 1)
    browser = Browser()
    browser.force_login(dara)
    cookie = browser.cookies["session"].value
    outage.lasts = True
    browser.post("/accounts/logout/")
    outage.lasts = False
    time.sleep(1.1)
    browser.cookies["session"] = cookie
    assert not is_signed_in(browser)


def test_a_session_is_found_by_an_index(dara: Client) -> None:
    browser = Browser()
    browser.force_login(dara)
    cache.clear()
    with no_scans():
        assert SessionStore(browser.cookies["session"].value).get("_auth_user_id") == str(dara.pk)
        assert SessionStore("0" * 32).get("_auth_user_id") is None
        forget_old_sessions()


def test_only_old_sessions_are_forgotten(dara: Client) -> None:
    browsers = [Browser(), Browser()]
    for browser in browsers:
        browser.force_login(dara)
    key = browsers[0].cookies["session"].value
    SignInSession.objects.filter(pk=key).update(expire_date=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    forget_old_sessions()
    forget_old_sessions()
    assert [row.pk for row in SignInSession.objects.all()] == [browsers[1].cookies["session"].value]
