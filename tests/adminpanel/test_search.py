"""The search over everything."""

import pytest
from django.test import Client as Browser

from adminpanel.searching import search
from bookings.client_words import index_client
from bookings.models import Booking, ChargingSession, Client, Evse, Station
from bookings.stations import refresh_station
from payments.models import Payment, Receipt
from payments.outbox import work_outbox
from payments.refunding import refund_by_hand
from tests.booking_steps import paid
from tests.people import make_client


@pytest.fixture
def booking(dara: Client, evse: Evse, station: Station) -> Booking:
    made = paid(dara, evse)
    work_outbox()
    refresh_station(station)
    index_client(dara.pk)
    return made


def found(text: str, viewer: Client) -> dict[str, list[str]]:
    """The titles of each group."""
    return {str(group.label): [hit.title for hit in group.hits] for group in search(text, viewer=viewer)}


def test_it_finds_whatever_an_operator_pastes(booking: Booking, dara: Client, opal: Client, evse: Evse) -> None:
    payment = Payment.objects.get()
    session = ChargingSession.objects.get()
    receipt = Receipt.objects.get()
    refund = refund_by_hand(payment=payment, amount_minor=100, note="sorry", actor=opal, once="test")
    amount, place = "€" + f"{payment.amount_minor / 100:.2f}", "Harbour, 1"
    assert found("DARA@example.org ", opal) == {"Clients": ["Dara"]}
    assert found("dar", opal) == {"Clients": ["Dara"]}
    assert found("dara exam", opal) == {"Clients": ["Dara"]}
    assert found("harb", opal) == {"Stations": ["Harbour"]}
    assert found(str(dara.pk), opal) == {"Clients": ["Dara"]}
    assert found(str(evse.pk), opal) == {"Stations": ["Harbour"]}
    assert found(str(session.pk), opal) == {"Sessions": [place]}
    for text in (str(booking.pk), str(payment.pk), booking.pk.hex, payment.gateway_ref):
        assert found(text, opal) == {"Bookings": [place], "Payments": [amount]}, text
    for text in (receipt.reference, receipt.reference.lower()):
        assert found(text, opal)["Receipts"] == [receipt.reference]
    assert found(str(refund.pk), opal)["Refunds"] == ["€1.00 back"]
    for text in ("", "h", "nobody@example.org", "zzz", "0" * 32):
        assert found(text, opal) == {}


def test_the_page_shows_it_and_drivers_do_not_find_it(client: Browser, booking: Booking, dara: Client) -> None:
    client.force_login(dara)
    assert client.get("/operations/search/", {"q": "harb"}).status_code == 404
    client.force_login(make_client("vera", role="viewer"))
    page = client.get("/operations/search/", {"q": "harb"}).content.decode()
    assert "Harbour</a>" in page
    assert 'value="harb"' in page
    assert "Nothing found" in client.get("/operations/search/", {"q": "<b>nothing\0"}).content.decode()
    assert "Write at least two letters" in client.get("/operations/search/", {"q": "x"}).content.decode()
    assert "What are you looking for?" in client.get("/operations/search/").content.decode()
