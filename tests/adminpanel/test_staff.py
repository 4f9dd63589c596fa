"""Staff: invited by e-mail, given and denied a role by owners alone, with effect at once."""

import re

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.conf import LazySettings
from django.core import mail
from django.test import Client as Browser

from bookings.models import ApiToken, Client
from bookings.roles import OwnerNoMore, set_role
from bookings.tokens import create_token
from evbunker.models import Change
from tests.adminpanel.desks import desk_of
from tests.bookings.test_hold_races import at_once
from tests.people import PASSWORD, make_client

STAFF, INVITE = "/operations/staff/", "/operations/staff/invite/"
SECRET = "a secret of nora's own"


@pytest.fixture
def desk(olga: Client) -> Browser:
    return desk_of(olga)


def link_in(body: str) -> str:
    """Where an invitation leads to set a password."""
    (link,) = re.findall(r"https?://[^/]+(/accounts/password/reset/key/\S+)", body)
    return str(link)


def test_the_invited_set_a_password_then_a_second_factor_and_are_in(desk: Browser, settings: LazySettings) -> None:
    invited = {"email": "Nora@Example.org", "name": "Nora", "role": "operator"}
    answer = desk.post(INVITE, invited)
    assert (answer.status_code, answer["Location"]) == (303, STAFF)
    assert "nora@example.org" in desk.get(STAFF).content.decode()
    (message,) = mail.outbox
    assert message.to == ["nora@example.org"]
    assert "as Operator" in message.body
    assert "good for 3 days" in message.body
    nora = Browser()
    assert nora.post("/accounts/login/", {"login": "nora@example.org", "password": ""}).status_code == 200
    form = nora.get(link_in(message.body))
    assert nora.post(form["Location"], dict.fromkeys(("password1", "password2"), SECRET)).status_code == 302
    signed_in = nora.post("/accounts/login/", {"login": "nora@example.org", "password": SECRET})
    assert signed_in.status_code == 302
    settings.STAFF_SECOND_FACTOR = True
    for page in ("/operations/overview/", "/operations/clients/", "/admin/"):
        assert nora.get(page)["Location"] == "/accounts/2fa/"
    Authenticator.objects.create(user=Client.objects.get(email="nora@example.org"), type="totp", data={})
    assert nora.get("/operations/clients/").status_code == 200
    assert nora.get(STAFF).status_code == 403
    assert "password1" not in Browser().get(link_in(message.body), follow=True).content.decode(), "the link worked once"


def test_a_driver_keeps_the_password_and_an_address_nobody_confirmed_loses_it(
    desk: Browser, dara: Client, eli: Client
) -> None:
    EmailAddress.objects.create(user=dara, email=dara.email, verified=True, primary=True)
    EmailAddress.objects.create(user=eli, email=eli.email, verified=False, primary=True)
    create_token(client=eli, name="squatter")
    squatter = Browser()
    squatter.force_login(eli)
    for invited in (dara, eli):
        assert desk.post(INVITE, {"email": invited.email, "role": "viewer"}).status_code == 303
        invited.refresh_from_db()
    to_dara, to_eli = mail.outbox
    assert "Sign in as you do now" in to_dara.body
    assert dara.check_password(PASSWORD)
    assert dara.role() == eli.role() == "viewer"
    assert not eli.has_usable_password()
    assert not ApiToken.objects.exists()
    assert squatter.get("/operations/clients/")["Location"].startswith("/accounts/login/")
    assert link_in(to_eli.body)
    assert EmailAddress.objects.get(user=eli).verified


def test_what_cannot_be_is_said_and_an_invitation_can_be_sent_again(
    desk: Browser, olga: Client, opal: Client, dara: Client
) -> None:
    Client.objects.filter(pk=dara.pk).update(is_active=False)
    for email, said in (
        (opal.email, "is staff already"), (olga.email, "is staff already"), (dara.email, "Restore it first."),
        ("nobody", "valid email"),
    ):  # fmt: skip
        answer = desk.post(INVITE, {"email": email, "role": "owner"})
        assert answer.status_code in (409, 422)
        assert said in answer.content.decode()
    assert desk.post(INVITE, {"email": "new@example.org", "role": "emperor"}).status_code == 422
    assert mail.outbox == []
    desk.post(INVITE, {"email": "new@example.org", "role": "viewer"})
    new = Client.objects.get(email="new@example.org")
    assert desk.post(f"{STAFF}{new.pk}/again/").status_code == 303
    assert [message.to for message in mail.outbox] == [["new@example.org"]] * 2
    assert desk.post(f"{STAFF}{opal.pk}/again/").status_code == 409, "Opal has a password"
    assert [change.actor for change in Change.objects.filter(action="client.invited")] == [olga.email] * 2


def test_a_role_changes_at_once_and_never_the_own_one(desk: Browser, olga: Client, opal: Client, vera: Client) -> None:
    operator = desk_of(opal)
    assert operator.get("/operations/clients/suspend/").status_code == 200
    assert desk.post(f"{STAFF}{opal.pk}/role/", {"role": "viewer", "note": "on leave"}).status_code == 303
    assert operator.get("/operations/clients/suspend/").status_code == 403
    assert operator.get("/operations/clients/").status_code == 200
    assert desk.post(f"{STAFF}{opal.pk}/remove/", {"note": "gone"}).status_code == 303
    assert operator.get("/operations/clients/").status_code == 404
    told = Change.objects.filter(action="client.role", record_id=opal.pk).order_by("pk")
    assert [(one.before["role"], one.after["role"], one.reason) for one in told] == [
        (["operator"], ["viewer"], "on leave"),
        (["viewer"], [], "gone"),
    ]
    assert desk.post(f"{STAFF}{olga.pk}/role/", {"role": "viewer", "note": "tired"}).status_code == 409
    assert desk.post(f"{STAFF}{olga.pk}/remove/", {"note": "tired"}).status_code == 409
    assert Client.objects.get(pk=olga.pk).role() == "owner"
    assert desk.post(f"{STAFF}{vera.pk}/role/", {"role": "owner", "note": ""}).status_code == 422
    assert desk.get(f"{STAFF}{opal.pk}/role/").status_code == 404, "no staff any more"


def test_only_owners_come_in_and_prove_again_who_they_are(olga: Client, opal: Client, vera: Client) -> None:
    for staff in (opal, vera):
        desk = desk_of(staff)
        for path in (STAFF, INVITE, f"{STAFF}{olga.pk}/role/", f"{STAFF}{olga.pk}/remove/"):
            assert desk.get(path).status_code == 403
            assert desk.post(path, {"role": "owner", "note": "mine"}).status_code in (403, 405)
    signed_in = Browser()
    signed_in.force_login(olga)
    for path in (INVITE, f"{STAFF}{opal.pk}/role/", f"{STAFF}{opal.pk}/remove/"):
        assert "/accounts/reauthenticate/" in signed_in.get(path)["Location"]
    assert "olga@example.org" in signed_in.get(STAFF).content.decode()


@pytest.mark.race
def test_two_owners_who_throw_each_other_out_leave_one() -> None:
    one, two = (make_client(name, role="owner") for name in ("ola", "odd"))

    def throws(actor: Client, other: Client) -> None:
        set_role(client=Client.objects.get(pk=other.pk), role=None, actor=Client.objects.get(pk=actor.pk))

    outcome = at_once([lambda: throws(one, two), lambda: throws(two, one)])
    assert outcome == {"won": 1, OwnerNoMore.code: 1}
    assert sorted(client.role() or "" for client in Client.objects.all()) == ["", "owner"]
