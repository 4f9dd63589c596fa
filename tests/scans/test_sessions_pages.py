"""No filter of the operators' sessions and bookings reads in full what grows, nor does one of them."""

from itertools import combinations

from bookings.charging import start_session
from bookings.models import Booking, ChargingSession, Client, Evse, Station
from evbunker import clock
from tests.adminpanel.desks import desk_of
from tests.people import make_client
from tests.plans import no_scans


def test_whatever_operators_look_for(harbour: Station, past: Booking, dara: Client, evse: Evse, opal: Client) -> None:
    with clock.shifted(past.starts_at - clock.now()):
        start_session(booking=past, actor=dara)
    session = ChargingSession.objects.get(booking=past)
    desk = desk_of(opal)
    mine = [("client", str(dara.pk)), ("station", str(harbour.pk)), ("since", "2020-01-01"), ("until", "2040-01-01")]
    asked = {
        "sessions": [*mine, ("energy", "estimated"), ("state", "active"), ("state", "completed")],
        "bookings": [*mine, ("state", "held"), ("state", "completed")],
    }
    pages = [f"sessions/{session.pk}/", f"sessions/{session.pk}/stop/", f"sessions/{session.pk}/end/"]
    pages += [f"bookings/{past.pk}/", "sessions/stuck/"]
    terms = ("dara@example.org", str(past.pk), str(session.pk), "x")
    with no_scans():
        for name, filters in asked.items():
            queries = [dict(chosen) for many in (0, 1, 2) for chosen in combinations(filters, many)]
            for query in [*queries, *({"q": term} for term in terms)]:
                assert desk.get(f"/operations/{name}/", query).status_code == 200, query
        for page in pages:
            assert desk.get(f"/operations/{page}").status_code == 200, page
        answer = desk.post("/operations/sessions/stuck/", {"session": str(session.pk), "note": "It hangs."})
        assert answer.status_code == 303


def test_page_after_page(harbour: Station, past: Booking) -> None:
    desk = desk_of(make_client("vera", role="viewer"))
    for name in ("sessions", "bookings"):
        cursor, pages = "", 0
        with no_scans():
            while cursor is not None:
                found = desk.get(f"/operations/{name}/", {"cursor": cursor} if cursor else {}).context["found"]
                cursor, pages = found.next or None, pages + 1
        assert pages == 4
