"""Shutting a client out: at once and everywhere, with no money lost, and letting it in again."""

import asyncio
import re
from typing import Any
from unittest.mock import patch

import pytest
from channels.db import database_sync_to_async
from django.conf import settings
from django.test import Client as Browser

from adminpanel import client_standing
from bookings.leaving import deactivate_account, delete_account
from bookings.models import Booking, Client, Evse
from bookings.refusals import NotCancellable
from bookings.standing import suspend_client
from bookings.tokens import create_token
from evbunker.models import Change
from payments.errands import ERRANDS
from payments.integrity import check_integrity
from payments.models import Payment, Refund
from payments.outbox import work_outbox
from payments.settling import settle
from tests.adminpanel.desks import desk_of
from tests.booking_steps import decide, held, paid, pending
from tests.bookings.test_hold_races import at_once
from tests.evbunker.live.conftest import Socket
from tests.payments.books import send_no_letters
from tests.people import PASSWORD, make_client

SUSPEND, RESTORE = "/operations/clients/suspend/", "/operations/clients/restore/"


@pytest.fixture
def desk(opal: Client) -> Browser:
    return desk_of(opal)


def confirm(desk: Browser, path: str, *clients: Client, **asked: str) -> Any:
    """Open the page that says what will happen, and agree to it."""
    page = desk.post(path, {"client": [str(one.pk) for one in clients]}).content.decode()
    seen = re.search(r'name="seen" value="([^"]+)"', page)
    chosen = re.findall(r'name="client" value="([^"]+)"', page)
    filled = {"client": chosen, "step": "do", "seen": seen[1] if seen else "", "note": "chargeback", "bookings": "stay"}
    return desk.post(path, filled | asked)


def test_it_is_out_at_once_with_session_token_and_password(client: Browser, desk: Browser, dara: Client) -> None:
    client.force_login(dara)
    token = Browser(headers={"authorization": f"Bearer {create_token(client=dara, name='car')[1]}"})
    assert token.get("/api/v1/bookings").status_code == client.get("/dashboard/").status_code == 200
    answer = confirm(desk, SUSPEND, dara, note="Chargeback of <b>May</b>")
    assert (answer.status_code, answer["Location"]) == (303, f"/operations/clients/{dara.pk}/")
    assert token.get("/api/v1/bookings").status_code == 401
    assert client.get("/dashboard/")["Location"].startswith("/accounts/login/")
    told = client.post("/accounts/login/", {"login": dara.email, "password": PASSWORD})
    assert told.status_code == 403
    assert "Chargeback of &lt;b&gt;May&lt;/b&gt;" in told.content.decode()
    wrong = client.post("/accounts/login/", {"login": dara.email, "password": "a wrong secret"}).content.decode()
    assert "Chargeback" not in wrong
    assert "suspended" not in wrong.lower()
    change = Change.objects.get(action="client.suspended")
    assert (change.record_id, change.before, change.after) == (dara.pk, {"is_active": True}, {"is_active": False})
    page = desk.get(f"/operations/clients/{dara.pk}/").content.decode()
    assert "Chargeback of &lt;b&gt;May&lt;/b&gt;" in page
    assert 'id="act-suspend"' not in page
    assert confirm(desk, RESTORE, dara).status_code == 303
    assert token.get("/api/v1/bookings").status_code == 200
    assert client.post("/accounts/login/", {"login": dara.email, "password": PASSWORD}).status_code == 302
    dara.refresh_from_db()
    assert (dara.is_active, dara.suspended_at) == (True, None)


@pytest.mark.asyncio
async def test_its_open_sockets_close(transactional_db: None, dara: Client, opal: Client) -> None:
    from evbunker.asgi import application

    token = (await database_sync_to_async(create_token)(client=dara, name="car"))[1]
    headers = [(b"host", b"testserver"), (b"origin", settings.SITE_URL.encode())]
    by_cookie = Socket(application, "/live/?panels=impact", list(headers))
    by_cookie.client = dara
    by_token = Socket(application, "/live/?format=json", [*headers, (b"authorization", f"Bearer {token}".encode())])
    sockets = [await socket.opened() for socket in (by_cookie, by_token)]
    await by_cookie.frame()
    await database_sync_to_async(suspend_client)(client=dara, actor=opal, reason="unpaid")
    assert await asyncio.gather(*(socket.close_code() for socket in sockets)) == [4401, 4401]
    for socket in sockets:
        await socket.disconnect()


class TestBookings:
    def test_they_stay_and_a_payment_under_way_still_counts(self, desk: Browser, dara: Client, evse: Evse) -> None:
        payment = pending(held(dara, evse))
        later = paid(dara, evse, in_minutes=300)
        page = desk.get(SUSPEND, {"client": str(dara.pk)}).content.decode()
        amount = f"€{Payment.objects.get(booking=later).captured_minor / 100:.2f}"
        assert f"2 bookings to come; closing them sends {amount} back." in page
        assert confirm(desk, SUSPEND, dara).status_code == 303
        decide(payment)
        settle(payment)
        assert set(Booking.objects.values_list("status", flat=True)) == {"confirmed"}
        assert not Refund.objects.exists()
        assert check_integrity() == []

    def test_closed_ones_send_everything_back_whenever_the_money_comes(
        self, desk: Browser, dara: Client, evse: Evse
    ) -> None:
        waiting = pending(held(dara, evse))
        later = Payment.objects.get(booking=paid(dara, evse, in_minutes=300))
        decide(waiting)  # the driver has paid at the gateway, and nobody has told us yet
        assert confirm(desk, SUSPEND, dara, bookings="close").status_code == 303
        assert set(Booking.objects.values_list("status", flat=True)) == {"cancelled"}
        settle(waiting)
        with patch.dict(ERRANDS, send_no_letters()):
            for _turn in range(3):
                work_outbox()
        for payment in (waiting, later):
            payment.refresh_from_db()
            assert payment.captured_minor == payment.refunded_minor > 0
        assert check_integrity() == []

    def test_one_that_cannot_be_closed_stops_no_other(
        self, desk: Browser, dara: Client, eli: Client, evse: Evse, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stuck, other = paid(dara, evse), paid(eli, evse, in_minutes=300)
        close = client_standing.close_booking

        def refusing(*, booking: Booking, **asked: Any) -> bool:
            if booking.pk == stuck.pk:
                raise NotCancellable
            return close(booking=booking, **asked)

        monkeypatch.setattr(client_standing, "close_booking", refusing)
        answer = confirm(desk, SUSPEND, dara, eli, bookings="close")
        told = " ".join(str(message) for message in desk.get(answer["Location"]).context["messages"])
        assert "Not closed: " in told
        assert "2 clients are suspended." in told
        assert "1 booking is closed." in told
        other.refresh_from_db()
        assert other.status == "cancelled"


class TestWhoMay:
    def test_a_page_tells_of_each_and_the_refused_are_left_out(
        self, desk: Browser, dara: Client, eli: Client, vera: Client, opal: Client
    ) -> None:
        suspend_client(client=eli, actor=opal)
        page = desk.post(SUSPEND, {"client": [str(one.pk) for one in (dara, eli, vera, opal)]}).content.decode()
        assert "1 client will be suspended:" in page
        assert "Left as they are" in page
        assert "Already suspended." in page
        assert page.count("Staff accounts are suspended and restored by another owner.") == 2
        answer = confirm(desk, SUSPEND, dara, eli, vera, opal)
        assert answer["Location"] == f"/operations/clients/{dara.pk}/", "who was left out is not asked for again"
        assert set(Client.objects.filter(is_active=False).values_list("name", flat=True)) == {"Dara", "Eli"}

    def test_owners_suspend_staff_but_not_themselves(self, olga: Client, opal: Client) -> None:
        desk = desk_of(olga)
        confirm(desk, SUSPEND, olga, opal)
        assert list(Client.objects.filter(is_active=False)) == [opal]
        answer = desk.post(
            SUSPEND, {"client": str(olga.pk), "step": "do", "seen": "", "note": "oops", "bookings": "stay"}
        )
        assert answer.status_code == 200
        assert Client.objects.get(pk=olga.pk).is_active

    def test_a_reason_is_due_and_the_page_must_still_be_true(
        self, desk: Browser, dara: Client, opal: Client, evse: Evse
    ) -> None:
        assert confirm(desk, SUSPEND, dara, note="").status_code == 422
        assert confirm(desk, SUSPEND, dara, bookings="").status_code == 422
        page = desk.get(SUSPEND, {"client": str(dara.pk)}).content.decode()
        seen = re.search(r'name="seen" value="([^"]+)"', page)[1]
        paid(dara, evse)
        asked = {"client": str(dara.pk), "step": "do", "seen": seen, "note": "unpaid", "bookings": "close"}
        assert desk.post(SUSPEND, asked).status_code == 409
        assert Client.objects.get(pk=dara.pk).is_active
        for path in (SUSPEND, RESTORE):
            for chosen in ({}, {"client": "x"}, {"client": "0" * 32}):
                assert "No client was chosen." in desk.post(path, chosen).content.decode()

    @pytest.mark.race
    def test_of_two_operators_one_suspends(self, dara: Client) -> None:
        staff = [make_client(f"opal{number}", role="operator") for number in range(2)]
        done: list[bool] = []
        tasks = [lambda one=one: done.append(suspend_client(client=dara, actor=one, reason="unpaid")) for one in staff]
        assert at_once(tasks) == {"won": 2}
        assert sorted(done) == [False, True]
        assert Change.objects.filter(action="client.suspended").count() == 1


def test_restoring_undoes_a_deactivation_but_not_a_deletion(desk: Browser, dara: Client, eli: Client) -> None:
    deactivate_account(client=dara)
    delete_account(client=eli)
    page = desk.post(RESTORE, {"client": [str(dara.pk), str(eli.pk)]}).content.decode()
    assert "It was the client who deactivated the account." in page
    assert "This account was deleted" in page
    confirm(desk, RESTORE, dara, eli)
    assert Client.objects.get(pk=dara.pk).is_active
    assert not Client.objects.get(pk=eli.pk).is_active
