"""Signing up, signing in, and being seen."""

import datetime as dt
import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from allauth.account.models import EmailAddress
from allauth.account.signals import email_changed
from allauth.mfa.models import Authenticator
from django.core import mail
from django.test import Client as Browser

from bookings.accounts import EmailUnverified, check_may_pay, may_pay
from bookings.models import Client
from bookings.signals import client_changed
from evbunker import clock
from evbunker.errors import Busy
from evbunker.models import Change
from tests.people import PASSWORD

SIGN_UP = {"email": "Nora@Example.ORG", "password1": "a long enough secret", "name": "Nora"}
NOON = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)


@pytest.fixture
def told() -> Any:
    """The ids that `client_changed` was sent with."""
    ids: list[object] = []

    def receive(client_id: object, **_facts: object) -> None:
        ids.append(client_id)

    client_changed.connect(receive, weak=False)
    yield ids
    client_changed.disconnect(receive)


def test_a_driver_signs_up_and_is_signed_in(client: Browser, told: list[object]) -> None:
    answer = client.post("/accounts/signup/", SIGN_UP)
    assert (answer.status_code, answer["Location"]) == (302, "/dashboard/")
    nora = Client.objects.get()
    assert (nora.email, nora.name, nora.is_staff) == ("nora@example.org", "Nora", False)
    assert nora.check_password(SIGN_UP["password1"])
    assert EmailAddress.objects.filter(user=nora, email="nora@example.org", verified=False, primary=True).exists()
    assert client.session["_auth_user_id"] == str(nora.pk)
    assert nora.pk in told
    assert [message.to for message in mail.outbox] == [["nora@example.org"]]


def test_a_name_is_not_needed(client: Browser) -> None:
    client.post("/accounts/signup/", SIGN_UP | {"name": ""})
    assert str(Client.objects.get()) == "nora@example.org"


def test_a_short_or_common_password_is_refused(client: Browser) -> None:
    for password in ("short", "password1234"):
        assert client.post("/accounts/signup/", SIGN_UP | {"password1": password}).status_code == 200
    assert not Client.objects.exists()


def test_nobody_learns_who_has_an_account(client: Browser, dara: Client) -> None:
    client.post("/accounts/signup/", SIGN_UP | {"email": "DARA@example.org"})
    assert Client.objects.count() == 1
    assert "_auth_user_id" not in client.session


def test_signing_in_takes_the_address_in_any_case(client: Browser, dara: Client) -> None:
    answer = client.post("/accounts/login/", {"login": "Dara@Example.org", "password": PASSWORD})
    assert answer.status_code == 302
    assert client.session["_auth_user_id"] == str(dara.pk)


def test_an_inactive_client_cannot_sign_in(client: Browser, dara: Client) -> None:
    Client.objects.update(is_active=False)
    client.post("/accounts/login/", {"login": dara.email, "password": PASSWORD})
    assert "_auth_user_id" not in client.session


def sign_in(password: str, email: str = "dara@example.org", address: str = "203.0.113.1") -> int:
    login = {"login": email, "password": password}
    return Browser(REMOTE_ADDR=address).post("/accounts/login/", login).status_code


def test_guessing_is_stopped_for_the_account_wherever_it_comes_from(dara: Client, settings: Any) -> None:
    settings.RATE_LIMITS = {"sign_in": (3, 3600)}
    assert [sign_in("wrong", address=f"203.0.113.{n}") for n in range(4)] == [200, 200, 200, 429]
    assert sign_in(PASSWORD, address="203.0.113.9") == 429, "refused before the password is looked at"
    assert sign_in("wrong", email="eli@example.org", address="203.0.113.9") == 200


def test_guessing_is_stopped_for_the_address_whatever_it_aims_at(dara: Client, settings: Any) -> None:
    settings.RATE_LIMITS = {"sign_in": (3, 3600)}
    assert [sign_in("wrong", email=f"{n}@example.org") for n in range(4)] == [200, 200, 200, 429]


def test_signing_in_rightly_is_no_guess(dara: Client, settings: Any) -> None:
    settings.RATE_LIMITS = {"sign_in": (2, 3600)}
    assert [sign_in(PASSWORD) for _ in range(5)] == [302] * 5


def test_a_refused_sign_in_says_when_to_come_back(client: Browser, dara: Client, settings: Any) -> None:
    settings.RATE_LIMITS = {"sign_in": (0, 3600)}
    answer = client.post("/accounts/login/", {"login": dara.email, "password": PASSWORD})
    assert (answer.status_code, answer.templates[0].name) == (429, "refused.html")
    assert 0 < int(answer["Retry-After"]) <= 3600


def test_signing_up_is_limited(settings: Any) -> None:
    settings.RATE_LIMITS = {"sign_up": (2, 3600)}
    for number, expected in enumerate((302, 302, 429)):
        answer = Browser().post("/accounts/signup/", SIGN_UP | {"email": f"n{number}@example.org"})
        assert answer.status_code == expected
    assert Client.objects.count() == 2


def test_without_mail_everybody_may_pay_and_with_it_only_the_verified(dara: Client, settings: Any) -> None:
    assert may_pay(dara)
    settings.EMAIL_VERIFIED_TO_PAY = True
    address = EmailAddress.objects.create(user=dara, email=dara.email, verified=False, primary=True)
    with pytest.raises(EmailUnverified):
        check_may_pay(dara)
    address.verified = True
    address.save()
    check_may_pay(dara)
    EmailAddress.objects.update(email="other@example.org")
    assert not may_pay(dara), "it is the address that mail goes to that counts"


def seen_at(browser: Browser, client: Client, moment: dt.datetime) -> dt.datetime | None:
    with clock.moved_to(moment):
        browser.get("/profile/")
    client.refresh_from_db()
    return client.last_seen_at


def test_being_seen_is_written_every_five_minutes_and_told_after_an_hour_away(
    client: Browser, dara: Client, told: list[object]
) -> None:
    client.force_login(dara)
    told.clear()
    minutes = (0, 4, 5, 9, 71)
    seen = [seen_at(client, dara, NOON + dt.timedelta(minutes=m)) for m in minutes]
    assert seen == [NOON + dt.timedelta(minutes=m) for m in (0, 0, 5, 5, 71)]
    assert told == [dara.pk, dara.pk]


def test_an_answer_does_not_fail_because_it_cannot_be_noted(
    client: Browser, dara: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def busy(*_args: object) -> None:
        raise Busy

    monkeypatch.setattr("bookings.middleware._note", busy)
    client.force_login(dara)
    assert client.get("/profile/").status_code == 200
    assert "Could not note" in caplog.text


def test_an_address_is_confirmed_by_the_link_that_was_mailed(client: Browser) -> None:
    client.post("/accounts/signup/", SIGN_UP)
    (link,) = re.findall(r"https?://\S+/accounts/confirm-email/\S+", mail.outbox[0].body)
    answer = client.post(urlsplit(link).path)
    assert answer.status_code == 302
    assert EmailAddress.objects.get().verified


def test_passkeys_are_listed_and_renamed(client: Browser, dara: Client) -> None:
    client.force_login(dara)
    key = Authenticator.objects.create(user=dara, type="webauthn", data={"name": "Phone", "credential": {}})
    assert isinstance(key.pk, int)
    page = client.get("/accounts/2fa/webauthn/")
    assert page.status_code == 200
    assert f"/accounts/2fa/webauthn/keys/{key.pk}/edit/" in page.content.decode()


def test_a_new_address_is_noted_and_told(dara: Client, told: list[object]) -> None:
    old = EmailAddress.objects.create(user=dara, email=dara.email, verified=True, primary=True)
    new = EmailAddress.objects.create(user=dara, email="dara@new.example", verified=True)
    new.set_as_primary()
    email_changed.send(EmailAddress, request=None, user=dara, from_email_address=old, to_email_address=new)
    dara.refresh_from_db()
    assert dara.email == "dara@new.example"
    change = Change.objects.get(action="client.email")
    assert (change.before, change.after) == ({"email": "dara@example.org"}, {"email": "dara@new.example"})
    assert told == [dara.pk]
