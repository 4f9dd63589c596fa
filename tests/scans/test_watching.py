"""The feed, the search and the alerts read by indexes alone, whatever is asked of them."""

from adminpanel.alerts import record_alerts
from adminpanel.feeding import KINDS
from bookings.client_words import index_client
from bookings.models import Booking, Client, Evse, Station
from bookings.stations import set_evse_status
from evbunker.db import newest
from payments.models import Payment, Receipt
from tests.people import make_client
from tests.plans import no_scans
from tests.scans.test_no_scans import signed_in

FEED = "/operations/activity/"


def test_the_feed_page_after_page(harbour: Station, past: Booking, opal: Client, evse: Evse) -> None:
    set_evse_status(evse=evse, status=Evse.Status.FAULTED, actor=opal)
    desk = signed_in(make_client("vera", role="viewer"))
    with no_scans():
        for kind in ("", *KINDS):
            cursor, pages = "", 0
            while cursor is not None and pages < 4:
                found = desk.get(FEED, {"kind": kind} | ({"cursor": cursor} if cursor else {})).context["found"]
                cursor, pages = found.next or None, pages + 1
            assert desk.get(FEED, {"kind": kind, "after": found.items[0].place.cursor}).status_code == 200
            assert desk.get(FEED, {"kind": kind, "down_to": found.items[0].place.cursor}).status_code == 200


def test_whatever_is_searched_for(harbour: Station, past: Booking, dara: Client, evse: Evse) -> None:
    index_client(dara.pk)
    desk = signed_in(make_client("vera", role="viewer"))
    payment = Payment.objects.get(booking=past)
    words = ["dara@example.org", "dara", "dara example", "harbour berlin", payment.gateway_ref]
    ids = [
        past.pk,
        payment.pk,
        dara.pk,
        evse.pk,
        harbour.pk,
        *(row.pk for row in newest(Receipt.objects.all(), by="id", limit=1)),
    ]
    with no_scans():
        for text in (*words, *map(str, ids)):
            assert desk.get("/operations/search/", {"q": text}).status_code == 200, text


def test_alerts(harbour: Station, past: Booking, evse: Evse, opal: Client) -> None:
    set_evse_status(evse=evse, status=Evse.Status.FAULTED, actor=opal)
    desk = signed_in(opal)
    with no_scans():
        for _again in range(2):
            record_alerts()
            assert desk.get("/operations/alerts/").status_code == 200
