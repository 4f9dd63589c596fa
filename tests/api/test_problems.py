"""Whatever goes wrong, the answer is a problem."""

import pytest

from evbunker.errors import Busy, CommitUnknown
from tests.api.conftest import Caller, fields_of, refusal

HUGE = 3_000_000


@pytest.mark.parametrize("path", ["/nothing", "/bookings/", "/bookings/not-an-id", "/stations/0/availability", "/"])
def test_an_address_that_is_not_there(as_dara: Caller, path: str) -> None:
    assert refusal(as_dara.get(path)) == (404, "not_found")


def test_a_method_that_is_not_taken(as_dara: Caller) -> None:
    answer = as_dara("DELETE", "/bookings")
    assert refusal(answer) == (405, "method_not_allowed")
    assert set(answer["Allow"].split(", ")) == {"GET", "POST"}


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", "[" * 100_000, "1" * 5000])
def test_a_body_that_is_no_json(as_dara: Caller, body: str | bytes) -> None:
    assert refusal(as_dara.post("/bookings", body)) == (400, "bad_json")


@pytest.mark.parametrize("body", ["[]", '"text"', "null", "1", "NaN"])
def test_json_that_is_no_object(as_dara: Caller, body: str) -> None:
    assert refusal(as_dara.post("/bookings", body)) == (422, "invalid")


def test_every_field_that_does_not_parse_is_named(as_dara: Caller) -> None:
    answer = as_dara.post("/bookings", {"evse_id": "x", "minutes": "60", "energy_wh": True})
    assert refusal(answer) == (422, "invalid")
    assert fields_of(answer) == ["evse_id", "starts_at", "minutes", "energy_wh"]
    assert all(error["message"] for error in answer.data["errors"])


def test_a_body_that_is_too_large(as_dara: Caller) -> None:
    assert refusal(as_dara.post("/bookings", "x" * HUGE)) == (413, "body_too_large")


def test_a_crash_tells_nothing_of_the_inside(as_dara: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_args: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("bookings.api.bookings.newest_first", crash)
    answer = as_dara.get("/bookings")
    assert refusal(answer) == (500, "internal_error")
    assert b"secret" not in answer.content


@pytest.mark.parametrize("error", [Busy(), CommitUnknown()])
def test_a_busy_database_says_when_to_come_back(
    as_dara: Caller, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def busy(*_args: object) -> None:
        raise error

    monkeypatch.setattr("bookings.api.bookings.newest_first", busy)
    answer = as_dara.get("/bookings")
    assert refusal(answer) == (503, error.code)
    assert int(answer["Retry-After"]) > 0


def test_no_answer_is_kept_on_the_way(as_dara: Caller) -> None:
    assert as_dara.get("/bookings")["Cache-Control"] == "no-store"


def test_a_problem_names_its_request(as_dara: Caller) -> None:
    answer = as_dara.get("/nothing")
    assert answer.data["request_id"] == answer["X-Request-ID"]
