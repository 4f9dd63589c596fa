"""The operators' list of payments: found by whatever they know, page after page, however many there are."""

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client as Browser

from adminpanel import finding
from adminpanel.finding import Wanted, find
from bookings.models import Booking, Client, Evse
from evbunker import clock
from evbunker.money import parse_money
from payments.models import Payment, Receipt, Refund
from payments.refunding import refund_by_hand
from tests.adminpanel.payment_rows import bare_booking, many, row
from tests.booking_steps import paid
from tests.people import make_client

LIST = "/operations/payments/"


@pytest.fixture
def desk(vera: Client) -> Browser:
    signed_in = Browser()
    signed_in.force_login(vera)
    return signed_in


@pytest.fixture
def booking(dara: Client, evse: Evse) -> Booking:
    return bare_booking(dara, evse)


def shown(desk: Browser, **asked: Any) -> list[str]:
    """The ids of the rows on a page of the list."""
    return re.findall(r'<tr id="row-payment-([^"]+)"', desk.get(LIST, asked).content.decode())


def ids(payments: list[Payment]) -> list[str]:
    return [str(payment.pk) for payment in payments]


def test_pages_follow_each_other_without_a_gap_even_within_one_second(desk: Browser, booking: Booking) -> None:
    same_second = [row(booking, created_at=clock.now()) for _number in range(70)]
    Payment.objects.bulk_create(same_second)
    earlier = many(booking, 80, created_at=clock.now() - dt.timedelta(hours=1))
    seen, cursor = [], ""
    while True:
        page = desk.get(LIST, {"cursor": cursor} if cursor else {}).content.decode()
        seen += re.findall(r'<tr id="row-payment-([^"]+)"', page)
        following = re.search(r'rel="next"[^>]*href="\?cursor=([^"&]+)"', page)
        if following is None:
            break
        cursor = following[1]
    assert seen == [*sorted(ids(same_second), reverse=True), *reversed(ids(earlier))]


def test_htmx_gets_the_next_rows_alone(desk: Browser, booking: Booking) -> None:
    many(booking, 60)
    cursor = find(Wanted()).next
    answer = desk.get(LIST, {"cursor": cursor}, headers={"HX-Request": "true"})
    assert answer.content.decode().lstrip().startswith("<tbody>")
    assert answer.content.decode().count("<tr id=") == 10
    assert "HX-Request" in answer["Vary"]


def test_what_came_on_top_is_fetched_down_to_where_the_next_page_begins(desk: Browser, booking: Booking) -> None:
    first = many(booking, 60)
    bottom = find(Wanted()).next
    newer = many(booking, 3, created_at=clock.now() + dt.timedelta(minutes=1))
    assert shown(desk, down_to=bottom) == ids([*reversed(newer), *reversed(first[10:])])


def test_every_filter_finds_its_own(desk: Browser, booking: Booking, dara: Client, eli: Client, evse: Evse) -> None:
    failed = many(booking, 1)[0]
    other = many(bare_booking(eli, evse, currency="JPY", quote_minor=980), 1, gateway="stripe", status="pending")[0]
    assert shown(desk, state="failed") == ids([failed])
    assert shown(desk, gateway="sandbox") == ids([failed])
    assert shown(desk, currency="EUR", at_least="10", at_most="10.00") == ids([failed])
    assert shown(desk, currency="EUR", at_least="10.01") == []
    assert shown(desk, client=eli.pk) == ids([other])
    assert shown(desk, station=evse.station_id) == ids([other, failed]) or len(shown(desk)) == 2
    assert shown(desk, station=evse.pk) == []
    assert shown(desk, since="2020-01-01", until="2020-02-01") == []
    assert len(shown(desk, since="2020-01-01")) == 2
    assert shown(desk, client=dara.pk, state="pending", gateway="stripe") == []


def test_what_needs_a_look_has_filters_of_its_own(desk: Browser, dara: Client, evse: Evse, booking: Booking) -> None:
    payment = Payment.objects.get(booking=paid(dara, evse))
    many(booking, 2)
    assert shown(desk, state="disputed") == shown(desk, state="refund_failed") == []
    Payment.objects.filter(pk=payment.pk).update(disputed_at=clock.now())
    refund = refund_by_hand(payment=payment, amount_minor=100, note="sorry", actor=dara, once="a")
    Refund.objects.filter(pk=refund.pk).update(status=Refund.Status.FAILED)
    assert shown(desk, state="disputed") == shown(desk, state="refund_failed") == ids([payment])


def test_a_whole_word_of_what_an_operator_knows_finds_it(
    desk: Browser, dara: Client, evse: Evse, booking: Booking
) -> None:
    attempts = many(booking, 2)
    payment = Payment.objects.get(booking=paid(dara, evse))
    refund = refund_by_hand(payment=payment, amount_minor=100, note="sorry", actor=dara, once="a")
    Refund.objects.filter(pk=refund.pk).update(gateway_ref="re_1")
    for receipt in Receipt.objects.filter(payment=payment):
        assert shown(desk, q=receipt.reference.lower()) == ids([payment])
    for known in (payment.pk, payment.pk.hex, payment.booking_id, payment.gateway_ref, refund.pk, "re_1"):
        assert shown(desk, q=str(known)) == ids([payment]), known
    assert shown(desk, q=" DARA@example.org ") == ids([payment, *reversed(attempts)])
    assert shown(desk, q="dara@example.org", state="failed") == ids(attempts[::-1])
    for unknown in ("eli@example.org", "nobody", "'; DROP TABLE", "%", "\N{SNOWMAN}"):
        assert shown(desk, q=unknown) == [], unknown


def test_a_rare_thing_is_looked_for_a_bounded_way_back_and_the_page_says_so(
    desk: Browser, booking: Booking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "LOOKED_AT", 150)
    dear = many(booking, 1, amount_minor=99_900, created_at=clock.now() - dt.timedelta(days=2))[0]
    many(booking, 160)
    asked = {"currency": "EUR", "at_least": "999"}
    page = desk.get(LIST, asked).content.decode()
    assert "Look further back" in page
    assert "No such payment so far" in page
    cursor = find(Wanted(currency="EUR", at_least_minor=99_900)).next
    assert shown(desk, **asked, cursor=cursor) == ids([dear])


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"at_least": "5"}, "Choose the currency of the amount."),
        ({"at_least": "5.001", "currency": "EUR"}, "Write an amount in EUR"),
        ({"at_most": "-1", "currency": "EUR"}, "Write an amount in EUR"),
        ({"since": "2026-02-02", "until": "2026-02-01"}, "This day is before the first one."),
        ({"since": "yesterday"}, "Enter a valid date."),
        ({"state": "rich"}, "Select a valid choice"),
        ({"client": "dara"}, "No such payment"),
    ],
)
def test_what_cannot_be_asked_is_said_beside_its_field(
    desk: Browser, booking: Booking, asked: dict[str, str], said: str
) -> None:
    many(booking, 1)
    answer = desk.get(LIST, asked)
    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert "row-payment-" not in answer.content.decode()


@pytest.mark.parametrize("cursor", ["x", "1", "zz-00", "f" * 300, "5f-" + "0" * 31, "-" + "0" * 32])
def test_a_made_up_cursor_is_refused(desk: Browser, cursor: str) -> None:
    for name in ("cursor", "down_to"):
        assert desk.get(LIST, {name: cursor}).status_code in (200, 422)
        assert desk.get(LIST, {name: cursor, "state": "failed"}).status_code in (200, 422)


def test_names_are_shown_as_text(desk: Browser, evse: Evse) -> None:
    named = {"client_name": "<script>alert(1)</script>", "station_name": '"><img src=x onerror=alert(1)>'}
    many(bare_booking(make_client("mallory"), evse, **named), 1)
    page = desk.get(LIST).content.decode()
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_it_says_when_there_is_nothing(desk: Browser) -> None:
    assert "No payments yet" in desk.get(LIST).content.decode()
    assert "No such payment" in desk.get(LIST, {"q": "x"}).content.decode()


def test_a_page_costs_the_same_however_many_rows_it_has(
    desk: Browser, booking: Booking, django_assert_max_num_queries: Any
) -> None:
    many(booking, 120)
    desk.get(LIST)
    with django_assert_max_num_queries(9):
        assert len(shown(desk)) == 50


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12.5", "EUR", 1250), ("1,250.00", "EUR", 125000), ("€12.50", "EUR", 1250), ("EUR 12", "EUR", 1200),
        ("980", "JPY", 980), ("¥1,980", "JPY", 1980), ("980.0", "JPY", 980), ("980.5", "JPY", None),
        ("1.25", "KWD", 1250), ("KWD\N{NO-BREAK SPACE}1.250", "KWD", 1250), ("1.2505", "KWD", None),
        ("0.10", "EUR", 10), ("1.005", "EUR", None), ("12.500", "EUR", 1250), ("12.", "EUR", 1200), (".5", "EUR", None),
        ("", "EUR", None), ("-5", "EUR", None), ("1e3", "EUR", None), ("1,25", "EUR", None), ("12,50", "EUR", None),
        ("\N{ARABIC-INDIC DIGIT ONE}", "EUR", None), ("9" * 16, "EUR", None), ("$5", "EUR", None), ("NaN", "EUR", None),
    ],
)  # fmt: skip
def test_amounts_are_read_exactly(text: str, currency: str, minor: int | None) -> None:
    assert parse_money(text, currency) == minor
