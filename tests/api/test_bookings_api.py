"""Holding, looking at, giving up, starting and stopping a booking by API."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from bookings.models import Booking, Client, Evse, IdempotencyKey, SlotClaim, Station
from bookings.tokens import create_token
from evbunker import clock
from tests.api.conftest import Caller, caller, fields_of, refusal
from tests.booking_steps import held, paid, slot_in
from tests.people import make_client
from tests.places import make_evse, make_station
from tests.plans import no_scans

FIELDS = {
    "id", "status", "evse_id", "station_id", "starts_at", "ends_at", "expires_at", "energy_wh", "quote_minor",
    "currency", "price_lines",
}  # fmt: skip


def wish(evse: Evse, **changes: Any) -> dict[str, Any]:
    """An hour from the next whole hour or so on, for 20 kWh."""
    known = {"evse_id": str(evse.pk), "starts_at": slot_in(60).isoformat(), "minutes": 60, "energy_wh": 20_000}
    return known | changes


def test_it_holds_an_evse(as_dara: Caller, evse: Evse) -> None:
    asked = wish(evse)
    answer = as_dara.post("/bookings", asked)
    assert answer.status_code == 201
    booking = answer.data
    assert set(booking) >= FIELDS
    assert (booking["status"], booking["evse_id"], booking["energy_wh"]) == ("held", str(evse.pk), 20_000)
    starts_at, ends_at = (dt.datetime.fromisoformat(booking[name]) for name in ("starts_at", "ends_at"))
    assert (starts_at, ends_at - starts_at) == (slot_in(60), dt.timedelta(minutes=60))
    assert (booking["quote_minor"], booking["currency"]) == (100 + 300 + 20 * 45, "EUR")
    assert sum(line["amount_minor"] for line in booking["price_lines"]) == booking["quote_minor"]
    assert Booking.objects.get().pk.hex == booking["id"].replace("-", "")


def test_it_takes_any_offset_and_ignores_what_it_does_not_know(as_dara: Caller, evse: Evse) -> None:
    starts_at = slot_in(60).astimezone(dt.timezone(dt.timedelta(hours=5, minutes=45))).isoformat()
    answer = as_dara.post("/bookings", wish(evse, starts_at=starts_at, colour="green"))
    assert answer.status_code == 201


def far(days: int) -> str:
    return (slot_in(60) + dt.timedelta(days=days)).isoformat()


@pytest.mark.parametrize(
    ("changes", "expected", "field"),
    [
        ({"evse_id": str(uuid4())}, (404, "unknown_evse"), "evse_id"),
        ({"starts_at": "2026-05-01T10:00:00"}, (422, "time_without_zone"), "starts_at"),
        ({"starts_at": "2026-05-01T10:07:00Z"}, (422, "off_grid"), "starts_at"),
        ({"starts_at": "2026-05-01T10:00:00.001Z"}, (422, "off_grid"), "starts_at"),
        ({"minutes": 50}, (422, "off_grid"), "starts_at"),
        ({"minutes": 0}, (422, "too_short"), "minutes"),
        ({"minutes": -15}, (422, "too_short"), "minutes"),
        ({"minutes": 495}, (422, "too_long"), "minutes"),
        ({"minutes": 15 * 10**30}, (422, "too_long"), "minutes"),
        ({"starts_at": "2020-05-01T10:00:00Z"}, (422, "slot_in_past"), "starts_at"),
        ({"starts_at": "9999-12-31T23:45:00Z"}, (422, "too_far_ahead"), "starts_at"),
        ({"energy_wh": 0}, (422, "energy_out_of_range"), "energy_wh"),
        ({"energy_wh": 60_001}, (422, "energy_out_of_range"), "energy_wh"),
        ({"energy_wh": 10**30}, (422, "energy_out_of_range"), "energy_wh"),
        # the earlier refusal wins
        ({"starts_at": "2020-05-01T10:07:00Z", "minutes": 0, "energy_wh": 0}, (422, "off_grid"), "starts_at"),
        ({"starts_at": "2020-05-01T10:00:00", "minutes": 0, "energy_wh": 0}, (422, "time_without_zone"), "starts_at"),
        ({"evse_id": str(uuid4()), "starts_at": "2020-05-01T10:00:00"}, (404, "unknown_evse"), "evse_id"),
    ],
)
def test_it_refuses_in_the_order_of_the_contract(
    as_dara: Caller, evse: Evse, changes: dict[str, Any], expected: tuple[int, str], field: str
) -> None:
    answer = as_dara.post("/bookings", wish(evse, **changes))
    assert refusal(answer) == expected
    assert fields_of(answer) == [field]
    assert not Booking.objects.exists()


@pytest.mark.parametrize(
    "starts_at",
    [
        "tomorrow", "2026-05-01", "10:00", 1_777_629_600, "1777629600", "2026-02-30T10:00:00Z", "2026-05-01T25:00:00Z",
        "0001-01-01T00:00:00+14:00", "9999-12-31T23:45:00-12:00", "2026-05-01T10:00:00+99:00", None, ["2026"], "\ud800",
    ],
)  # fmt: skip
def test_it_refuses_what_is_no_time(as_dara: Caller, evse: Evse, starts_at: Any) -> None:
    answer = as_dara.post("/bookings", wish(evse, starts_at=starts_at))
    assert refusal(answer) == (422, "invalid")
    assert fields_of(answer) == ["starts_at"]


def test_it_refuses_what_cannot_be_booked(as_dara: Caller, evse: Evse) -> None:
    broken = make_evse(evse.station, "broken", status=Evse.Status.FAULTED)
    priceless = make_evse(make_station("Free", tariff=None))
    for one in (broken, priceless):
        assert refusal(as_dara.post("/bookings", wish(one, minutes=7))) == (409, "not_bookable")


def test_a_retired_stations_evse_is_not_there(as_dara: Caller, evse: Evse) -> None:
    Station.objects.update(status=Station.Status.RETIRED)
    assert refusal(as_dara.post("/bookings", wish(evse))) == (404, "unknown_evse")


def test_it_refuses_what_is_taken(as_dara: Caller, as_eli: Caller, evse: Evse) -> None:
    other = make_evse(evse.station, "2")
    assert as_dara.post("/bookings", wish(evse)).status_code == 201
    assert refusal(as_eli.post("/bookings", wish(evse))) == (409, "slot_taken")
    assert refusal(as_dara.post("/bookings", wish(other))) == (409, "own_overlap")
    assert as_dara.post("/bookings", wish(other, starts_at=slot_in(180).isoformat())).status_code == 201
    third = wish(other, starts_at=slot_in(300).isoformat())
    assert refusal(as_dara.post("/bookings", third)) == (409, "too_many_holds")


def test_it_refuses_who_asks_too_often(as_dara: Caller, evse: Evse, settings: Any) -> None:
    settings.RATE_LIMITS = {"hold": (1, 3600)}
    first = as_dara.post("/bookings", wish(evse))
    assert as_dara.post(f"/bookings/{first.data['id']}/cancel").status_code == 200
    answer = as_dara.post("/bookings", wish(evse))
    assert refusal(answer) == (429, "rate_limited")
    assert 0 < int(answer["Retry-After"]) <= 3600


def test_a_repeat_with_the_same_key_gets_the_same_answer(as_dara: Caller, evse: Evse) -> None:
    asked = wish(evse)
    first = as_dara.post("/bookings", asked, **{"idempotency-key": "k1"})
    reordered = dict(reversed(asked.items())) | {"unknown": 1}
    again = as_dara.post("/bookings", reordered, **{"idempotency-key": "k1"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.data == again.data
    assert Booking.objects.count() == 1
    other = as_dara.post("/bookings", asked | {"minutes": 30}, **{"idempotency-key": "k1"})
    assert refusal(other) == (422, "idempotency_mismatch")


def test_a_definitive_refusal_is_repeated_and_a_passing_one_is_not(as_dara: Caller, as_eli: Caller, evse: Evse) -> None:
    bad = wish(evse, minutes=50)
    first, again = (as_dara.post("/bookings", bad, **{"idempotency-key": "k1"}) for _ in range(2))
    assert refusal(first) == refusal(again) == (422, "off_grid")
    assert first.data["request_id"] == again.data["request_id"]
    taken = as_eli.post("/bookings", wish(evse)).data
    assert refusal(as_dara.post("/bookings", wish(evse), **{"idempotency-key": "k2"})) == (409, "slot_taken")
    as_eli.post(f"/bookings/{taken['id']}/cancel")
    assert as_dara.post("/bookings", wish(evse), **{"idempotency-key": "k2"}).status_code == 201


def test_after_a_crash_the_repeat_finds_the_booking(as_dara: Caller, evse: Evse) -> None:
    first = as_dara.post("/bookings", wish(evse), **{"idempotency-key": "k1"})
    # as if the process had died after the commit of the hold
    IdempotencyKey.objects.update(status_code=None, answer=None, lease_until=clock.now() - dt.timedelta(seconds=1))
    again = as_dara.post("/bookings", wish(evse), **{"idempotency-key": "k1"})
    assert (again.status_code, again.data) == (201, first.data)
    assert SlotClaim.objects.count() == 4


def test_a_repeat_under_way_has_to_wait(as_dara: Caller, evse: Evse) -> None:
    as_dara.post("/bookings", wish(evse), **{"idempotency-key": "k1"})
    IdempotencyKey.objects.update(status_code=None, answer=None)
    answer = as_dara.post("/bookings", wish(evse), **{"idempotency-key": "k1"})
    assert refusal(answer) == (409, "in_progress")
    assert int(answer["Retry-After"]) > 0


def test_a_key_must_be_of_use(as_dara: Caller, evse: Evse) -> None:
    for key in ("", "x" * 201):
        answer = as_dara.post("/bookings", wish(evse), **{"idempotency-key": key})
        assert refusal(answer) == (422, "invalid")
        assert fields_of(answer) == ["Idempotency-Key"]


def test_a_booking_is_its_clients_alone(
    as_dara: Caller, as_eli: Caller, as_opal: Caller, dara: Client, evse: Evse
) -> None:
    booking = held(dara, evse)
    assert as_dara.get(f"/bookings/{booking.pk}").data["id"] == str(booking.pk)
    assert [item["id"] for item in as_dara.get("/bookings").data["items"]] == [str(booking.pk)]
    for stranger in (as_eli, as_opal):
        assert stranger.get("/bookings").data == {"items": [], "next": None}
        assert refusal(stranger.get(f"/bookings/{booking.pk}")) == (404, "not_found")
        for act in ("cancel", "start", "stop", "payments"):
            assert refusal(stranger.post(f"/bookings/{booking.pk}/{act}", {"gateway": "sandbox"})) == (404, "not_found")
    assert Booking.objects.get().status == "held"


def test_it_cancels_a_hold_and_says_so_twice(as_dara: Caller, dara: Client, evse: Evse) -> None:
    booking = held(dara, evse)
    for _ in range(2):
        answer = as_dara.post(f"/bookings/{booking.pk}/cancel")
        assert (answer.status_code, answer.data["status"]) == (200, "cancelled")


def test_a_paid_booking_is_cancelled_until_it_begins(as_dara: Caller, dara: Client, evse: Evse) -> None:
    booking, begun = paid(dara, evse, in_minutes=300), paid(dara, evse)
    with clock.shifted(begun.starts_at - clock.now()):
        assert refusal(as_dara.post(f"/bookings/{begun.pk}/cancel")) == (409, "not_cancellable")
    for _ in range(2):
        assert as_dara.post(f"/bookings/{booking.pk}/cancel").data["status"] == "cancelled"
    [payment] = [row for row in as_dara.get("/payments").data["items"] if row["booking_id"] == str(booking.pk)]
    assert (payment["refund_reserved_minor"], payment["refunded_minor"]) == (booking.quote_minor, 0)


def test_it_starts_and_stops_to_charge(as_dara: Caller, dara: Client, evse: Evse) -> None:
    booking = paid(dara, evse, in_minutes=0)
    path = f"/bookings/{booking.pk}"
    assert as_dara.get(path).data["session"]["status"] == "scheduled"
    assert refusal(as_dara.post(f"{path}/stop")) == (409, "not_charging")
    with clock.moved_to(booking.starts_at - dt.timedelta(seconds=1)):
        assert refusal(as_dara.post(f"{path}/start")) == (409, "too_early")
    with clock.moved_to(booking.starts_at + dt.timedelta(minutes=1)):
        for _ in range(2):
            answer = as_dara.post(f"{path}/start")
            assert (answer.data["status"], answer.data["session"]["status"]) == ("in_use", "active")
    with clock.moved_to(booking.starts_at + dt.timedelta(minutes=31)):
        answer = as_dara.post(f"{path}/stop")
    assert (answer.data["status"], answer.data["session"]["status"]) == ("completed", "completed")
    assert 0 < answer.data["session"]["energy_wh"] <= 20_000


def test_lists_go_page_by_page_and_lose_nothing(dara: Client, evse: Evse) -> None:
    """51 bookings of one moment: ties must not be skipped."""
    first = held(dara, evse)
    for _ in range(51):
        copy_of(first)
    call, seen, cursor = caller(dara), [], ""
    while cursor is not None:
        page = call.get(f"/bookings?cursor={cursor}").data
        assert len(page["items"]) <= 50
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]
    assert len(seen) == len(set(seen)) == Booking.objects.count() == 52
    assert seen == sorted(seen, reverse=True)


def copy_of(booking: Booking) -> Booking:
    """Another row like it, as far as a list is concerned."""
    fields = {f.attname: getattr(booking, f.attname) for f in Booking._meta.concrete_fields if f.name != "id"}
    return Booking.objects.create(**fields | {"status": "completed"})


def test_a_cursor_of_something_else_is_refused(as_dara: Caller) -> None:
    answer = as_dara.get("/bookings?cursor=page-2")
    assert refusal(answer) == (422, "invalid")
    assert fields_of(answer) == ["cursor"]


def test_a_new_client_has_no_trouble_with_a_token_of_an_old_one(evse: Evse) -> None:
    """Two clients, the same key: neither sees the other's answer."""
    callers = [Caller(create_token(client=make_client(name), name="t")[1]) for name in ("ann", "bob")]
    answers = [
        call.post("/bookings", wish(evse, starts_at=slot_in(60 + 120 * n).isoformat()), **{"idempotency-key": "same"})
        for n, call in enumerate(callers)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].data["id"] != answers[1].data["id"]


@pytest.mark.race
def test_of_many_repeats_at_once_one_books(dara: Client, evse: Evse) -> None:
    token, asked, barrier = caller(dara).token, wish(evse), Barrier(10)

    def repeat(_number: int) -> tuple[int, str]:
        barrier.wait(10)
        try:
            answer = Caller(token).post("/bookings", asked, **{"idempotency-key": "same"})
            return answer.status_code, answer.data.get("code", answer.data.get("id", ""))
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        answers = set(pool.map(repeat, range(10)))
    made = str(Booking.objects.get().pk)
    assert answers <= {(201, made), (409, "in_progress")}
    assert (201, made) in answers


def test_nothing_is_found_by_reading_everything(as_dara: Caller, evse: Evse) -> None:
    """The driver's journey by API, on a database that says how it read."""
    with no_scans():
        as_dara.get("/stations?near=52.5,13.4&q=harbour")
        as_dara.get(f"/stations/{evse.station_id}")
        as_dara.get(f"/stations/{evse.station_id}/availability")
        booking = as_dara.post("/bookings", wish(evse), **{"idempotency-key": "k"}).data
        as_dara.get("/bookings")
        as_dara.get(f"/bookings/{booking['id']}")
        payment = as_dara.post(f"/bookings/{booking['id']}/payments", {"gateway": "sandbox"}).data
        as_dara.get("/payments")
        as_dara.get(f"/payments/{payment['id']}")
        as_dara.post(f"/bookings/{booking['id']}/cancel")
        as_dara.get("/dashboard/environmental-impact")
