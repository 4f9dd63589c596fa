"""Moving, extending and shortening by API."""

import datetime as dt

import pytest

from bookings.models import Booking, Client, Evse
from evbunker import clock
from payments.models import Payment, Refund
from payments.settling import settle
from tests.api.conftest import Caller, fields_of, refusal
from tests.booking_steps import decide, held, paid, slot_in
from tests.places import make_evse


@pytest.fixture
def booking(dara: Client, evse: Evse) -> Booking:
    return paid(dara, evse, in_minutes=300)


def path(booking: Booking, action: str) -> str:
    return f"/bookings/{booking.pk}/{action}"


def test_it_moves_and_answers_the_booking(as_dara: Caller, booking: Booking) -> None:
    wanted = booking.starts_at + dt.timedelta(hours=3)
    answers = [as_dara.post(path(booking, "move"), {"starts_at": wanted.isoformat()}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].data["starts_at"] == f"{wanted:%Y-%m-%dT%H:%M:%SZ}"
    assert answers[0].data["extension"] is None


def test_it_moves_to_another_evse_of_the_station(as_dara: Caller, booking: Booking) -> None:
    other = make_evse(booking.station, "2")
    wish = {"starts_at": booking.starts_at.isoformat(), "evse_id": str(other.pk)}
    assert as_dara.post(path(booking, "move"), wish).data["evse_label"] == "2"
    wish["evse_id"] = str(booking.pk)
    assert refusal(as_dara.post(path(booking, "move"), wish)) == (404, "unknown_evse")


@pytest.mark.parametrize(
    ("starts_at", "expected"),
    [
        ("2030-01-01T10:00:00", (422, "time_without_zone")),
        ("2030-01-01T10:07:00Z", (422, "off_grid")),
        ("2020-01-01T10:00:00Z", (422, "slot_in_past")),
        ("2050-01-01T10:00:00Z", (422, "too_far_ahead")),
        ("soon", (422, "invalid")),
    ],
)
def test_a_move_is_refused_like_a_hold(
    as_dara: Caller, booking: Booking, starts_at: str, expected: tuple[int, str]
) -> None:  # fmt: skip
    assert refusal(as_dara.post(path(booking, "move"), {"starts_at": starts_at})) == expected


def test_a_move_onto_others_is_refused(as_dara: Caller, eli: Client, evse: Evse, booking: Booking) -> None:
    held(eli, evse, in_minutes=600)
    wish = {"starts_at": slot_in(600).isoformat()}
    assert refusal(as_dara.post(path(booking, "move"), wish)) == (409, "slot_taken")


def test_it_holds_more_time_which_is_paid_like_any(as_dara: Caller, booking: Booking) -> None:
    wish, key = {"minutes": 30, "energy_wh": 1000}, {"idempotency-key": "more"}
    answers = [as_dara.post(path(booking, "extend"), wish, **key) for _ in range(2)]
    assert answers[0].data == answers[1].data
    waiting = answers[0].data["extension"]
    assert (waiting["minutes"], waiting["quote_minor"], waiting["currency"]) == (30, 195, "EUR")
    assert as_dara.get(f"/bookings/{booking.pk}").data["extension"] == waiting
    attempt = as_dara.post(path(booking, "payments"), {"gateway": "sandbox"})
    assert (attempt.data["booking_id"], attempt.data["amount_minor"]) == (waiting["id"], 195)
    payment = Payment.objects.get(pk=attempt.data["id"])
    decide(payment)
    settle(payment)
    now = as_dara.get(f"/bookings/{booking.pk}").data
    assert (now["extension"], now["quote_minor"], now["energy_wh"]) == (None, 1495, 21_000)
    assert [row["id"] for row in as_dara.get("/bookings").data["items"]] == [str(booking.pk)]


def test_with_less_than_nothing_it_shortens_once_a_key(as_dara: Caller, booking: Booking) -> None:
    for _ in range(2):
        answer = as_dara.post(path(booking, "extend"), {"minutes": -30}, **{"idempotency-key": "less"})
        assert (answer.status_code, answer.data["quote_minor"]) == (200, 1150)
    assert Refund.objects.get().amount_minor == 150


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ({"minutes": 20}, (422, "off_grid")),
        ({"minutes": -20}, (422, "off_grid")),
        ({"minutes": 0}, (422, "too_short")),
        ({"minutes": -60}, (422, "too_short")),
        ({"minutes": 15 * 10**18}, (422, "too_long")),
        ({"minutes": 30, "energy_wh": 10**18}, (422, "energy_out_of_range")),
        ({"minutes": "30"}, (422, "invalid")),
        ({}, (422, "invalid")),
    ],
)
def test_a_length_is_refused_like_a_hold_s(
    as_dara: Caller, booking: Booking, wish: dict[str, object], expected: tuple[int, str]
) -> None:  # fmt: skip
    answer = as_dara.post(path(booking, "extend"), wish)
    assert refusal(answer) == expected
    assert fields_of(answer) or expected[1] != "invalid"


def test_what_is_not_paid_or_has_begun_stays_as_it_is(as_dara: Caller, dara: Client, evse: Evse) -> None:
    begun, hold = paid(dara, evse, in_minutes=0), held(dara, evse, in_minutes=120)
    assert refusal(as_dara.post(path(hold, "extend"), {"minutes": 30})) == (409, "not_extendable")
    with clock.shifted(begun.starts_at - clock.now()):
        wish = {"starts_at": slot_in(600).isoformat()}
        assert refusal(as_dara.post(path(begun, "move"), wish)) == (409, "not_movable")
        assert refusal(as_dara.post(path(begun, "extend"), {"minutes": -15})) == (409, "not_extendable")


@pytest.mark.parametrize("action", ["move", "extend"])
def test_others_find_nothing_there(as_eli: Caller, as_opal: Caller, booking: Booking, action: str) -> None:
    wish = {"starts_at": slot_in(600).isoformat(), "minutes": 30}
    for stranger in (as_eli, as_opal):
        assert refusal(stranger.post(path(booking, action), wish)) == (404, "not_found")
    assert Booking.objects.count() == 1
