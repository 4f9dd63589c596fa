"""No filter of clients or of the audit trail, and no two together, reads in full what grows."""

from itertools import pairwise

from allauth.mfa.models import Authenticator

from adminpanel.client_acts import ACTS
from adminpanel.client_notes import add_note
from adminpanel.staff_acts import ACTS as STAFF_ACTS
from bookings.client_words import index_client
from bookings.models import Booking, Client, Station
from bookings.standing import restore_client, suspend_client
from evbunker.models import Change
from tests.adminpanel.desks import desk_of
from tests.plans import no_scans

CLIENTS, AUDIT, STAFF = "/operations/clients/", "/operations/audit/", "/operations/staff/"


def test_whatever_is_asked_of_clients(harbour: Station, past: Booking, dara: Client, opal: Client) -> None:
    index_client(dara.pk)
    desk = desk_of(opal)
    mine = [("q", "filler"), ("q", "dara"), ("country", "DE"), ("kind", "staff"), ("kind", "driver"), ("seen", "7")]
    mine += [("state", state) for state in ("active", "suspended", "deactivated", "deleted")]
    asked = [{}, *({name: value} for name, value in mine), *(dict([mine[0], other]) for other in mine[2:])]
    asked += [dict([mine[2], other]) for other in mine[3:]]
    asked += [{"q": term} for term in ("dara@example.org", str(dara.pk), "filler 14")]
    with no_scans():
        for query in asked:
            assert desk.get(CLIENTS, query).status_code == 200, query
        for query in ({}, {"q": "filler"}):
            cursor, pages = "", 0
            while cursor is not None:
                found = desk.get(CLIENTS, query | ({"cursor": cursor} if cursor else {})).context["found"]
                cursor, pages = found.next or None, pages + 1
            assert pages == 4 - len(query), query


def test_one_client_and_what_is_done_with_it(
    harbour: Station, past: Booking, dara: Client, opal: Client, olga: Client
) -> None:
    Authenticator.objects.create(user=dara, type="totp", data={})
    add_note(client=dara, text="Kind", author=opal)
    desk, page, one = desk_of(olga), f"{CLIENTS}{dara.pk}/", {"client": str(dara.pk)}
    with no_scans():
        for path in (page, *(f"{page}{name}/" for name in ACTS), STAFF, f"{STAFF}invite/", f"{STAFF}{opal.pk}/role/"):
            assert desk.get(path).status_code == 200, path
        for name in STAFF_ACTS:
            assert desk.get(f"{STAFF}{opal.pk}/{name}/").status_code == 200
        for name in ("suspend", "restore"):
            assert desk.get(f"{CLIENTS}{name}/", one).status_code == 200
        for name in ("password", "factor", "data"):
            assert desk.post(f"{page}{name}/", {"note": "asked"}).status_code < 400, name
        assert desk.post(f"{page}notes/", {"text": "Calm"}).status_code == 303
        assert suspend_client(client=dara, actor=olga, reason="unpaid")
        assert desk.get(page).status_code == 200
        assert restore_client(client=dara, actor=olga)
        invited = {"email": "new@example.org", "role": "viewer", "name": "New"}
        assert desk.post(f"{STAFF}invite/", invited).status_code == 303
        assert desk.post(f"{STAFF}{opal.pk}/role/", {"role": "viewer", "note": "leave"}).status_code == 303
        assert desk.post(f"{STAFF}{opal.pk}/remove/", {"note": "gone"}).status_code == 303


def test_whatever_is_asked_of_the_audit_trail(harbour: Station, past: Booking, dara: Client, opal: Client) -> None:
    desk, change = desk_of(opal), Change.objects.all()[:1].get()
    mine = [("who", str(change.actor_id or dara.pk)), ("who", "work_outbox"), ("action", "booking.held")]
    mine += [("kind", "bookings.client"), ("record", str(change.record_id)), ("since", "2020-01-01")]
    mine += [("until", "2040-01-01"), ("who", "dara@example.org"), ("action", "client.changed")]
    # the rare action before the common one: MongoDB keeps the plan that was good for the first
    asked = [{}, *({name: value} for name, value in mine), *(dict(pair) for pair in pairwise(mine))]
    with no_scans():
        for query in asked:
            assert desk.get(AUDIT, query).status_code == 200, query
            if len(query) < 2:
                desk.post(f"{AUDIT}export/", query).getvalue()
        cursor, pages = "", 0
        while cursor is not None:
            found = desk.get(AUDIT, {"cursor": cursor} if cursor else {}).context["found"]
            cursor, pages = found.next or None, pages + 1
        assert pages >= 4
