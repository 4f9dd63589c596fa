"""The scheduler's pulse."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

from django.db import connection

from adminpanel.beating import LATE_AFTER_SECONDS, beat, scheduler_standing
from adminpanel.models import Beat
from adminpanel.scheduling import Job, run_job
from evbunker import clock


def test_a_scheduler_that_never_ran_is_late() -> None:
    assert scheduler_standing().as_json() == {"state": "late"}


def test_a_job_leaves_a_beat() -> None:
    run_job(Job("nothing", 1, lambda: None))
    assert scheduler_standing().state == "ok"


def test_a_job_that_fails_leaves_none() -> None:
    run_job(Job("broken", 1, lambda: 1 / 0))
    assert scheduler_standing().as_json() == {"state": "late"}


def test_it_is_late_after_a_minute_and_well_again_with_the_next_beat() -> None:
    beat()
    with clock.shifted(dt.timedelta(seconds=LATE_AFTER_SECONDS + 5)):
        late = scheduler_standing()
        assert late.state == "late"
        assert late.age_seconds is not None
        assert late.age_seconds >= LATE_AFTER_SECONDS + 5
        beat()
        assert scheduler_standing().state == "ok"


def test_many_schedulers_share_one_row() -> None:
    def from_a_thread(_: int) -> None:
        try:
            beat()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(from_a_thread, range(8)))
    assert Beat.objects.count() == 1
