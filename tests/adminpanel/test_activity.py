"""The feed: every record once, in order, page after page; by kind; what changed comes as one line."""

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client as Browser

from adminpanel.feeding import KINDS, feed, newer
from bookings.charging import start_session
from bookings.models import Booking, ChargingSession, Client, Evse, Station
from bookings.stations import set_evse_status
from evbunker import clock
from evbunker.models import Change
from payments.models import Payment
from tests.adminpanel.payment_rows import bare_booking, many, row
from tests.booking_steps import paid
from tests.people import make_client

PAGE = "/operations/activity/"


@pytest.fixture
def desk(vera: Client) -> Browser:
    signed_in = Browser()
    signed_in.force_login(vera)
    return signed_in


def lines(page: str) -> list[tuple[str, str]]:
    """The kind and the id of each line."""
    return re.findall(r'<li id="row-([a-z]+)-([^"]+)"', page)


def shown(desk: Browser, **asked: Any) -> list[tuple[str, str]]:
    return lines(desk.get(PAGE, asked).content.decode())


def page_after_page(desk: Browser, **asked: Any) -> list[tuple[str, str]]:
    seen: list[tuple[str, str]] = []
    while True:
        page = desk.get(PAGE, asked).content.decode()
        seen += lines(page)
        following = re.search(r'rel="next"[^>]*href="\?[^"]*cursor=([^"&]+)"', page)
        if following is None:
            return seen
        asked["cursor"] = following[1]


def test_pages_of_all_kinds_follow_each_other_without_a_gap(
    desk: Browser, dara: Client, opal: Client, evse: Evse
) -> None:
    booking = paid(dara, evse, in_minutes=0)
    with clock.shifted(booking.starts_at - clock.now()):
        start_session(booking=booking, actor=dara)
        set_evse_status(evse=evse, status=Evse.Status.FAULTED, actor=opal)
    begun = clock.now() - dt.timedelta(hours=2)
    Payment.objects.bulk_create(row(booking, created_at=begun) for _number in range(60))  # within one second
    many(booking, 30, created_at=begun + dt.timedelta(minutes=1))
    for number in range(40):
        bare_booking(dara, evse, created_at=begun + dt.timedelta(seconds=20 * number))
    extension = bare_booking(dara, evse, extends=booking)
    seen = page_after_page(desk)
    rows = {
        ("booking", pk) for pk in Booking.objects.exclude(pk=extension.pk).values_list("pk", flat=True)
    } | {("payment", pk) for pk in Payment.objects.values_list("pk", flat=True)}  # fmt: skip
    rows |= {("client", pk) for pk in Client.objects.values_list("pk", flat=True)}
    rows |= {("station", evse.station_id), ("session", ChargingSession.objects.get().pk)}
    rows |= {("act", pk) for pk in Change.objects.filter(actor_id=opal.pk).values_list("pk", flat=True)}
    assert len(seen) > 130
    assert sorted(seen) == sorted((kind, str(pk)) for kind, pk in rows)
    by_kind = [line for kind in KINDS for line in page_after_page(desk, kind=kind)]
    assert sorted(by_kind) == sorted(seen)
    places = [item.place for item in feed().items]
    assert places == sorted(places, reverse=True)


def test_what_is_newer_and_what_stands_above(desk: Browser, dara: Client, evse: Evse) -> None:
    booking = bare_booking(dara, evse)
    old = many(booking, 60)
    first = feed("payment")
    fresh = many(booking, 2, created_at=clock.now() + dt.timedelta(minutes=1))
    assert [item.id for item in newer("payment", after=first.items[0].place.cursor)] == [
        str(fresh[1].pk),
        str(fresh[0].pk),
    ]
    assert shown(desk, kind="payment", after=first.items[0].place.cursor)[0] == ("payment", str(fresh[1].pk))
    above = shown(desk, kind="payment", down_to=first.next)
    assert [pk for _kind, pk in above] == [str(one.pk) for one in (*reversed(fresh), *reversed(old[10:]))]
    more = desk.get(PAGE, {"kind": "payment", "cursor": first.next}, headers={"HX-Request": "true"})
    assert more.content.decode().lstrip().startswith("<ol")
    assert len(lines(more.content.decode())) == 10
    assert desk.get(PAGE, {"cursor": "nonsense"}).status_code == 422


def test_a_line_tells_how_its_record_stands_and_leads_to_it(desk: Browser, dara: Client, evse: Evse) -> None:
    booking = paid(dara, evse, in_minutes=0)
    payment = Payment.objects.get()
    with clock.shifted(booking.starts_at - clock.now() + dt.timedelta(minutes=1)):
        start_session(booking=booking, actor=dara)
        page = desk.get(PAGE).content.decode()
        line = desk.get(f"/live/panels/activity-session:{ChargingSession.objects.get().pk}/").content.decode()
    assert "Dara began to charge at Harbour, 1" in page
    assert "Dara began to charge at Harbour, 1" in line
    assert f'href="/operations/payments/{payment.pk}/"' in page
    assert desk.get(f"/live/panels/activity-booking:{booking.pk}/").status_code == 200
    extension = bare_booking(dara, evse, extends=booking)
    for unknown in (f"booking:{extension.pk}", f"payment:{booking.pk}", "client:nobody"):
        assert desk.get(f"/live/panels/activity-{unknown}/").status_code == 404


def test_an_empty_site_says_so(client: Browser, station: Station) -> None:
    client.force_login(make_client("vera", role="viewer"))
    assert "Nothing has happened yet" in client.get(PAGE, {"kind": "payment"}).content.decode()


def test_drivers_find_no_feed(client: Browser, dara: Client) -> None:
    client.force_login(dara)
    assert client.get(PAGE).status_code == 404
    assert client.get("/live/panels/activity-act/").status_code == 404
