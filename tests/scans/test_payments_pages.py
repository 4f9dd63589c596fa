"""No filter of the operators' payments, and no two of them together, reads in full what grows."""

import datetime as dt
from itertools import combinations

from adminpanel.payment_acts import ACTS
from bookings.models import Booking, Client, Station
from evbunker.db import newest
from payments.models import GatewayCommand, Payment, Reconciliation
from tests.adminpanel.desks import desk_of
from tests.people import make_client
from tests.plans import no_scans
from tests.scans.test_no_scans import signed_in

LIST = "/operations/payments/"
STATES = ("captured", "failed", "review", "refund_failed", "disputed")


def test_whatever_operators_combine(harbour: Station, past: Booking, dara: Client) -> None:
    desk = signed_in(make_client("vera", role="viewer"))
    mine = [("client", str(dara.pk)), ("station", str(harbour.pk)), ("gateway", "sandbox"), ("since", "2020-01-01")]
    mine += [("until", "2040-01-01"), ("currency", "EUR"), *(("state", state) for state in STATES)]
    asked = [dict(chosen) for many in (0, 1, 2) for chosen in combinations(mine, many)]
    asked += [{"currency": "EUR", "at_least": "5", "at_most": "5000"}, {"client": str(dara.pk), "state": "failed"}]
    payment = newest(Payment.objects.all(), by="id", limit=1)[0]
    asked += [{"q": term} for term in ("dara@example.org", str(past.pk), str(payment.pk), "filler-1", "2026-1")]
    with no_scans():
        for query in asked:
            assert desk.get(LIST, query).status_code == 200, query


def test_page_after_page(harbour: Station, past: Booking) -> None:
    desk, cursor, pages = signed_in(make_client("vera", role="viewer")), "", 0
    with no_scans():
        while cursor is not None:
            found = desk.get(LIST, {"cursor": cursor} if cursor else {}).context["found"]
            cursor, pages = found.next or None, pages + 1
    assert pages == 4


def test_one_payment_and_what_needs_a_person(harbour: Station, past: Booking, opal: Client) -> None:
    payment = Payment.objects.get(booking=past)
    at = {"gateway": "filler", "state": "differs", "checked_at": past.starts_at}
    Reconciliation.objects.bulk_create(
        Reconciliation(day=past.starts_at.date() - dt.timedelta(days=n), **at) for n in range(3)
    )
    GatewayCommand.objects.filter(payment=payment).update(state="given_up", last_error="no")
    desk = desk_of(opal)
    pages = ["/operations/payments/review/", f"/operations/payments/{payment.pk}/", "/operations/overview/"]
    pages += [f"/operations/payments/{payment.pk}/{name}/" for name in (*ACTS, "refund")]
    with no_scans():
        for page in pages:
            assert desk.get(page).status_code == 200, page
        asked = {"amount": "1", "note": "sorry", "step": "send", "once": str(payment.pk)}
        assert desk.post(f"/operations/payments/{payment.pk}/refund/", asked).status_code == 303
