"""One client's page: what it says, what can be done there, who may, and what is forgotten with the account."""

import json
import re

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core import mail
from django.test import Client as Browser

from adminpanel import client_panels
from adminpanel.client_notes import add_note
from adminpanel.models import ClientNote
from bookings.leaving import delete_account
from bookings.models import Booking, ChargingSession, Client, ClientTotal, Evse
from bookings.personal_data import export_of
from bookings.roles import set_role
from bookings.standing import Forgotten
from evbunker.models import Change
from payments.models import Payment
from tests.adminpanel.desks import desk_of
from tests.booking_steps import paid
from tests.people import PASSWORD


@pytest.fixture
def desk(opal: Client) -> Browser:
    return desk_of(opal)


def page_of(client: Client) -> str:
    return f"/operations/clients/{client.pk}/"


def test_it_says_what_is_known_and_leads_to_the_rest(
    desk: Browser, dara: Client, evse: Evse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_panels, "LATEST", 1)
    empty = desk.get(page_of(dara)).content.decode()
    for nothing in ("No bookings yet.", "No payments yet.", "No sessions yet.", "Nobody has noted anything."):
        assert nothing in empty
    assert "not confirmed" in empty
    assert "not set up" in empty
    EmailAddress.objects.create(user=dara, email=dara.email, verified=True, primary=True)
    Authenticator.objects.create(user=dara, type="totp", data={})
    bookings = [paid(dara, evse), paid(dara, evse, in_minutes=300)]
    page = desk.get(page_of(dara)).content.decode()
    assert "not confirmed" not in page
    assert "not set up" not in page
    payment, session = (kind.objects.get(booking=bookings[1]) for kind in (Payment, ChargingSession))
    for kind, record in (("bookings", bookings[1]), ("payments", payment), ("sessions", session)):
        assert f'href="/operations/{kind}/{record.pk}/"' in page
        assert f'href="/operations/{kind}/?client={dara.pk}"' in page
    assert f'id="booking-{bookings[0].pk}"' not in page, "the newest first, and no more than fit"
    total = ClientTotal.objects.get(client=dara)
    assert f"{total.energy_wh / 1000:.1f}" in page
    assert "100 % of the energy, and what follows from it, is estimated" in page
    assert f"/operations/audit/?record={dara.pk}" in page


class TestNotes:
    def test_they_are_added_shown_as_text_and_never_edited(
        self, desk: Browser, dara: Client, opal: Client, vera: Client
    ) -> None:
        path = f"{page_of(dara)}notes/"
        answer = desk.post(path, {"text": "<script>alert(1)</script>\nCalled twice"})
        assert (answer.status_code, answer["Location"]) == (303, f"{page_of(dara)}#notes")
        page = desk.get(page_of(dara)).content.decode()
        assert "&lt;script&gt;alert(1)&lt;/script&gt;\nCalled twice" in page
        assert f"· {opal.email}" in page
        assert desk.post(path, {"text": " "}).status_code == 422
        assert desk.post(path, {"text": "x" * 2001}).status_code == 422
        assert ClientNote.objects.count() == 1
        assert desk.get(path).status_code == 405
        watching = Browser()
        watching.force_login(vera)
        assert watching.post(path, {"text": "me too"}).status_code == 403
        assert f'action="{path}"' not in watching.get(page_of(dara)).content.decode()
        assert Change.objects.get(action="client.noted").after == {}, "what it says is in the note alone"

    def test_they_are_the_clients_own_data_and_go_with_the_account(
        self, dara: Client, eli: Client, opal: Client, olga: Client
    ) -> None:
        add_note(client=dara, text="Drives a van", author=opal)
        add_note(client=eli, text="Drives none", author=opal)
        (exported,) = export_of(dara.pk)["notes_about_you"]
        assert exported["text"] == "Drives a van"
        assert "author" not in exported
        assert "author_id" not in exported
        set_role(client=opal, role=None, actor=olga)
        delete_account(client=dara)
        delete_account(client=opal)
        (left,) = ClientNote.objects.all()
        assert (left.client_id, left.author) == (eli.pk, f"deleted-{opal.pk.hex}@deleted.invalid")
        with pytest.raises(Forgotten):
            add_note(client=dara, text="too late", author=olga)
        said = [(change.reason, change.before, change.after) for change in Change.objects.filter(record_id=dara.pk)]
        assert set(map(str, said)) == {"('', {}, {})"}


class TestActs:
    def test_the_second_factor_is_taken_away_and_the_client_told(self, desk: Browser, dara: Client) -> None:
        path = f"{page_of(dara)}factor/"
        assert "There is no second factor to take away." in desk.get(path).content.decode()
        for kind in ("totp", "recovery_codes"):
            Authenticator.objects.create(user=dara, type=kind, data={})
        assert desk.post(path).status_code == 422, "it asks why"
        assert desk.post(path, {"note": "lost the phone, called back"}).status_code == 303
        assert not Authenticator.objects.exists()
        (told,) = mail.outbox
        assert told.to == [dara.email]
        assert "taken the second factor of your account away" in told.body
        assert "called back" not in told.body
        change = Change.objects.get(action="client.factor_reset")
        assert change.before == {"second_factors": ["recovery_codes", "totp"]}
        assert (change.reason, change.actor) == ("lost the phone, called back", "opal@example.org")
        assert desk.post(path, {"note": "again"}).status_code == 409

    def test_of_staff_only_by_an_owner_and_never_the_own_one(
        self, desk: Browser, vera: Client, opal: Client, olga: Client
    ) -> None:
        for staff in (vera, opal, olga):
            Authenticator.objects.create(user=staff, type="totp", data={})
        for staff in (vera, olga, opal):
            assert desk.post(f"{page_of(staff)}factor/", {"note": "lost"}).status_code == 403
            assert desk.post(f"{page_of(staff)}data/", {"note": "look"}).status_code == (200 if staff == opal else 403)
        owner = desk_of(olga)
        assert owner.post(f"{page_of(olga)}factor/", {"note": "lost"}).status_code == 403
        assert owner.post(f"{page_of(vera)}factor/", {"note": "lost"}).status_code == 303
        assert set(Authenticator.objects.values_list("user_id", flat=True)) == {opal.pk, olga.pk}

    def test_the_data_is_handed_out_as_a_file_and_noted(self, desk: Browser, dara: Client, vera: Client) -> None:
        answer = desk.post(f"{page_of(dara)}data/", {"note": "asked by letter"})
        assert answer["Content-Disposition"] == f'attachment; filename="client-{dara.pk}.json"'
        assert answer["Cache-Control"] == "no-store"
        handed = json.loads(answer.content)
        assert set(handed) == set(export_of(dara.pk))
        assert handed["account"][0]["email"] == dara.email
        assert "password" not in handed["account"][0]
        assert Change.objects.get(action="client.data_exported").reason == "asked by letter"
        watching = desk_of(vera)
        assert watching.post(f"{page_of(dara)}data/", {"note": "curious"}).status_code == 403

    def test_a_link_for_a_new_password_works_once_and_ends_other_sessions(
        self, client: Browser, desk: Browser, dara: Client
    ) -> None:
        client.force_login(dara)
        assert desk.post(f"{page_of(dara)}password/").status_code == 303
        (link,) = re.findall(r"https?://[^/]+(/accounts/password/reset/key/\S+)", mail.outbox[0].body)
        assert client.get("/dashboard/").status_code == 200
        visitor = Browser()
        form = visitor.get(link)
        assert (
            visitor.post(form["Location"], dict.fromkeys(("password1", "password2"), "another long secret")).status_code
            == 302
        )
        assert client.get("/dashboard/").status_code == 302
        dara.refresh_from_db()
        assert dara.check_password("another long secret")
        assert not dara.check_password(PASSWORD)
        assert "password1" not in Browser().get(link, follow=True).content.decode(), "once"

    def test_a_deleted_account_offers_nothing_and_names_nobody(self, desk: Browser, dara: Client) -> None:
        delete_account(client=dara)
        page = desk.get(page_of(dara)).content.decode()
        assert "Deleted account" in page
        assert "dara@example.org" not in page
        assert "act-" not in page.replace("client-acts", "")
        for name in ("password", "factor", "data"):
            assert desk.post(f"{page_of(dara)}{name}/", {"note": "sorry"}).status_code == 409
        assert desk.post(f"{page_of(dara)}notes/", {"text": "sorry"}).status_code == 409


def test_a_viewer_sees_all_of_it_and_no_button(vera: Client, dara: Client, evse: Evse) -> None:
    paid(dara, evse)
    watching = Browser()
    watching.force_login(vera)
    page = watching.get(page_of(dara)).content.decode()
    assert 'id="act-' not in page
    assert str(Booking.objects.get().pk) in page
    assert watching.get(f"/operations/clients/{evse.pk}/").status_code == 404
