"""Jobs outside requests: each is one worker's at a time, and taken over when that worker is gone."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import OperationalError

from adminpanel.models import StationImport
from adminpanel.working import BROKEN, LEASE, MOST_TAKES, Lost, _take, fail, finish, progress, take_next, work_through
from evbunker import clock
from evbunker.errors import DomainError
from tests.bookings.test_hold_races import at_once

STATE = ("state", "done", "total", "error", "taken")


def asked(name: str = "stations.csv", **fields: Any) -> StationImport:
    return StationImport.objects.create(source="csv", file_name=name, **fields)


def stands(job: StationImport) -> tuple[Any, ...]:
    return StationImport.objects.values_list(*STATE).get(pk=job.pk)


@contextmanager
def lease_over() -> Iterator[None]:
    with clock.shifted(LEASE + dt.timedelta(seconds=1)):
        yield


def test_jobs_are_taken_oldest_first_and_each_once() -> None:
    now = clock.now()
    later, first = asked(created_at=now), asked(created_at=now - dt.timedelta(minutes=1))
    taken = [take_next(StationImport), take_next(StationImport), take_next(StationImport)]
    assert taken == [first, later, None]
    assert stands(first) == ("running", 0, 0, "", 1)


def test_progress_keeps_the_job_and_finishing_ends_it() -> None:
    asked()
    job = take_next(StationImport)
    with clock.shifted(LEASE - dt.timedelta(seconds=1)):
        progress(job, 3, 10)
        assert stands(job) == ("running", 3, 10, "", 1)
    with lease_over():
        assert take_next(StationImport) is None, "progress renewed the lease"
        finish(job, summary={"new": 7})
    assert stands(job) == ("done", 10, 10, "", 1)
    assert StationImport.objects.get().summary == {"new": 7}


def test_a_worker_that_is_gone_is_followed_by_another_and_writes_nothing_more() -> None:
    asked()
    gone = take_next(StationImport)
    with lease_over():
        follower = take_next(StationImport)
        assert follower == gone
        assert follower.taken == 2
        for late in (lambda: progress(gone, 1, 2), lambda: finish(gone), lambda: fail(gone, "no")):
            with pytest.raises(Lost), clock.shifted(dt.timedelta(seconds=2)):
                late()
        assert stands(follower) == ("running", 0, 0, "", 2)
        finish(follower)


def test_what_kills_every_worker_is_given_up() -> None:
    job = asked()
    for turn in range(MOST_TAKES):
        with clock.shifted(turn * 2 * LEASE):
            assert take_next(StationImport) == job
    with clock.shifted(MOST_TAKES * 2 * LEASE):
        assert take_next(StationImport) is None
    assert stands(job)[0] == "failed"
    assert str(MOST_TAKES) in stands(job)[3]


@pytest.mark.race
def test_of_many_workers_one_gets_it() -> None:
    jobs = [asked() for _number in range(3)]
    got: list[StationImport | None] = []
    outcome = at_once([lambda: got.append(take_next(StationImport)) for _number in range(8)])
    assert set(outcome) <= {"won", "busy"}
    taken = [job.pk for job in got if job]
    assert len(taken) == len(set(taken)), "no job twice"
    assert set(taken) <= {job.pk for job in jobs}


def test_who_reads_a_job_that_another_then_takes_gets_nothing() -> None:
    asked()
    one, other = StationImport.objects.get(), StationImport.objects.get()
    assert (_take(one), _take(other)) == (True, False)


def test_whoever_asked_reads_why_it_failed_and_the_rest_goes_on() -> None:
    now = clock.now()
    refused, broken, fine = (asked(str(n), created_at=now + dt.timedelta(seconds=n)) for n in range(3))

    def work(job: StationImport) -> None:
        if job == refused:
            raise DomainError("There is nothing in it.")
        if job == broken:
            raise ZeroDivisionError
        finish(job)

    assert work_through(StationImport, work) == 1
    assert [stands(job)[0] for job in (refused, broken, fine)] == ["failed", "failed", "done"]
    assert stands(refused)[3] == "There is nothing in it."
    assert stands(broken)[3] == str(BROKEN)


def test_while_the_database_is_away_nothing_is_noted_and_it_is_taken_again() -> None:
    job = asked()

    def work(_job: StationImport) -> None:
        raise OperationalError("gone")

    with pytest.raises(OperationalError):
        work_through(StationImport, work)
    assert stands(job) == ("running", 0, 0, "", 1)
    with lease_over():
        assert work_through(StationImport, finish) == 1
