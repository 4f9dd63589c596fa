"""Requests that are repeated: by an impatient client, at once, and after a crash."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from uuid import UUID

import pytest
from django.db import connection

from bookings.idempotency import Answer, IdempotencyMismatch, InProgress, forget_old_keys, once
from bookings.models import Client, IdempotencyKey
from evbunker import clock
from evbunker.errors import Busy, DomainError


class Worker:
    """Work that counts its runs, with the ids it was given; its answers come one after the other."""

    def __init__(self, *answers: Answer | Exception) -> None:
        self.answers = list(answers) or [Answer(201, {"id": "first"})]
        self.ids: list[UUID] = []

    def __call__(self, made_id: UUID) -> Answer:
        self.ids.append(made_id)
        answer = self.answers[min(len(self.ids), len(self.answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return answer


def refusal(status: int) -> DomainError:
    error = DomainError("No.")
    error.status = status
    error.code = f"no_{status}"
    return error


def ask(client: Client, work: Worker, *, key: str | None = "k", request: str = "POST /x {}") -> Answer:
    return once(client=client, key=key, request=request, work=work)


def test_the_same_request_is_done_once_and_answered_alike(dara: Client) -> None:
    work = Worker(Answer(201, {"id": "first"}), Answer(201, {"id": "second"}))
    assert ask(dara, work) == ask(dara, work) == Answer(201, {"id": "first"})
    assert len(work.ids) == 1


def test_another_request_with_the_same_key_is_refused(dara: Client) -> None:
    ask(dara, Worker())
    with pytest.raises(IdempotencyMismatch):
        ask(dara, Worker(), request="POST /x {other}")


def test_keys_of_two_clients_have_nothing_to_do_with_each_other(dara: Client, eli: Client) -> None:
    work = Worker()
    ask(dara, work)
    ask(eli, work, request="something else")
    assert len(work.ids) == 2


def test_without_a_key_every_request_is_done(dara: Client) -> None:
    work = Worker()
    ask(dara, work, key=None)
    ask(dara, work, key=None)
    assert len(set(work.ids)) == 2
    assert not IdempotencyKey.objects.exists()


@pytest.mark.parametrize("status", [403, 404, 422])
def test_a_definitive_refusal_is_kept_as_it_was(dara: Client, status: int) -> None:
    work = Worker(refusal(status), Answer(201, {}))
    with pytest.raises(DomainError):
        ask(dara, work)
    kept = ask(dara, work)
    assert (kept.status, kept.body["code"]) == (status, f"no_{status}")
    assert len(work.ids) == 1


@pytest.mark.parametrize("error", [refusal(401), refusal(409), refusal(429), Busy(), RuntimeError("crash")])
def test_what_may_be_different_next_time_is_tried_again_at_once(dara: Client, error: Exception) -> None:
    work = Worker(error, Answer(201, {"id": "second"}))
    with pytest.raises(type(error)):
        ask(dara, work)
    assert ask(dara, work).body == {"id": "second"}
    assert work.ids[0] == work.ids[1], "the second run can find what the first one made"


def test_an_answer_that_is_not_final_is_not_kept(dara: Client) -> None:
    work = Worker(Answer(201, {"pay_url": ""}, final=False), Answer(201, {"pay_url": "/pay"}))
    ask(dara, work)
    assert ask(dara, work).body == {"pay_url": "/pay"}


def test_a_request_under_way_is_not_begun_again(dara: Client) -> None:
    begun, may_end = Event(), Event()

    def slow(_made_id: UUID) -> Answer:
        begun.set()
        may_end.wait(10)
        return Answer(201, {})

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(run_in_thread, lambda: once(client=dara, key="k", request="r", work=slow))
        begun.wait(10)
        with pytest.raises(InProgress) as refused:
            ask(dara, Worker(), request="r")
        may_end.set()
        assert first.result() == Answer(201, {})
    assert refused.value.retry_after_seconds


def test_after_a_crash_the_lease_ends_and_the_next_one_gets_the_same_id(dara: Client) -> None:
    crashed = Worker()
    noon = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)
    with clock.moved_to(noon):
        ask(dara, crashed)
        # as if the process had died between its commit and its answer
        IdempotencyKey.objects.update(status_code=None, answer=None)
    with clock.moved_to(noon + dt.timedelta(seconds=59)), pytest.raises(InProgress):
        ask(dara, Worker())
    with clock.moved_to(noon + dt.timedelta(seconds=60)):
        second = Worker()
        ask(dara, second)
    assert second.ids == crashed.ids


@pytest.mark.race
def test_of_many_repeats_at_once_one_does_the_work(dara: Client) -> None:
    work, barrier = Worker(), Barrier(12)

    def repeat(_n: int) -> int:
        barrier.wait(10)
        try:
            return ask(dara, work).status
        except InProgress:
            return 409

    with ThreadPoolExecutor(12) as pool:
        statuses = list(pool.map(lambda n: run_in_thread(lambda: repeat(n)), range(12)))
    assert len(work.ids) == 1
    assert set(statuses) <= {201, 409}
    assert 201 in statuses


def test_old_keys_are_forgotten(dara: Client) -> None:
    with clock.moved_to(clock.now() - dt.timedelta(hours=25)):
        ask(dara, Worker(), key="old")
    ask(dara, Worker(), key="new")
    assert forget_old_keys() == 1
    assert list(IdempotencyKey.objects.values_list("key", flat=True)) == ["new"]


def run_in_thread(task: object) -> object:
    """Close the thread's own connection behind it."""
    try:
        return task()  # type: ignore[operator]
    finally:
        connection.close()
