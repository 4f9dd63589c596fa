"""Work that a page asks for and a worker does: owned under a lease, taken over when the lease runs out.

Every take counts `taken` up, and a worker writes only where the count is still the one it took the job with. So one
that was away for too long writes nothing more: it gets `Lost` and must leave the job alone.
"""

import datetime as dt
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from django.utils.translation import gettext_lazy as _

from adminpanel.models import Job, JobState
from evbunker import clock
from evbunker.db import DATABASE_ERRORS, atomic, claim, lowest
from evbunker.errors import Busy, CommitUnknown, DomainError

log = logging.getLogger(__name__)
J = TypeVar("J", bound=Job)

LEASE = dt.timedelta(seconds=60)
"""A worker that tells no progress for so long is taken for gone."""
MOST_TAKES = 5
"""Whatever is still not done after so many takes kills its workers, and is given up."""
AT_ONCE = 20
BROKEN_OFF = _("It was begun %(times)s times and broke off each time. Please tell whoever runs the server.")
BROKEN = _("Something is wrong with the program: it is in the log. Please tell whoever runs the server.")
LONGEST_ERROR = 500


class Lost(Exception):
    """Another worker has taken the job over: write nothing more about it."""


def take_next(model: type[J]) -> J | None:
    """The oldest job whose worker is gone, or else that waits, as this worker's own until its lease ends.

    None: there is nothing to do. Two workers never get the same one.
    """
    for job in [*_left_behind(model), *lowest(model._default_manager.filter(state=JobState.WAITING), **_OLDEST)]:
        if job.taken >= MOST_TAKES:
            _give_up(job)
        elif _take(job):
            return job
    return None


def progress(job: Job, done: int, total: int) -> None:
    """Say how far it is, and keep the job for another while. Written once a second at most. Raises Lost."""
    if job.updated_at == clock.now():
        job.done, job.total = done, total
    else:
        _set(job, done=done, total=total, lease_until=clock.now() + LEASE)


def finish(job: Job, **fields: Any) -> None:
    """Note that it is done, with whatever else it came to in `fields`. Raises Lost, and then nothing was written."""
    _set(job, state=JobState.DONE, lease_until=None, done=job.total, total=job.total, error="", **fields)


def fail(job: Job, why: object) -> None:
    """Note that it cannot be done, in a sentence for whoever asked. Raises Lost."""
    _set(job, state=JobState.FAILED, lease_until=None, error=str(why)[:LONGEST_ERROR])


def work_through(model: type[J], work: Callable[[J], object]) -> int:
    """Do what waits, one job after the other; how many were done. `work` calls `progress`, and at last `finish`.

    A DomainError that it raises is what whoever asked reads. While the database cannot be reached nothing is noted:
    the lease runs out, and the job is taken again.
    """
    done = 0
    while (job := take_next(model)) is not None:
        done += _worked(job, work)
    return done


def _worked(job: J, work: Callable[[J], object]) -> bool:
    try:
        work(job)
        return True
    except Lost:
        log.warning("%s %s was taken over by another worker", job._meta.label, job.pk)
    except (Busy, CommitUnknown, *DATABASE_ERRORS):
        raise
    except DomainError as error:
        _try_to_fail(job, error)
    except Exception:
        log.exception("%s %s failed", job._meta.label, job.pk)
        _try_to_fail(job, BROKEN)
    return False


def _try_to_fail(job: Job, why: object) -> None:
    with suppress(Lost):  # then another worker says how it ends
        fail(job, why)


_OLDEST: dict[str, Any] = {"by": "created_at", "limit": AT_ONCE}


def _left_behind(model: type[J]) -> list[J]:
    """Jobs whose worker's lease is over, the oldest first: few ever run at once."""
    running = lowest(model._default_manager.filter(state=JobState.RUNNING), **_OLDEST)
    return [job for job in running if job.lease_until is None or job.lease_until <= clock.now()]


@atomic
def _take(job: Job) -> bool:
    """Take the job as it was read; False if somebody else did, or its worker is alive after all."""
    as_read = {"state": job.state, "taken": job.taken, "lease_until": job.lease_until}
    taken = {"state": JobState.RUNNING, "taken": job.taken + 1, "lease_until": clock.now() + LEASE}
    if not claim(type(job)._default_manager.filter(pk=job.pk, **as_read), **taken):
        return False
    _remember(job, taken)
    return True


@atomic
def _give_up(job: Job) -> None:
    error = str(BROKEN_OFF % {"times": job.taken})
    as_read = type(job)._default_manager.filter(pk=job.pk, state=job.state, taken=job.taken)
    claim(as_read, state=JobState.FAILED, lease_until=None, error=error)


@atomic
def _set(job: Job, **fields: Any) -> None:
    """Write fields of a job that this worker still owns. Raises Lost."""
    mine = type(job)._default_manager.filter(pk=job.pk, state=JobState.RUNNING, taken=job.taken)
    if not claim(mine, **fields):
        raise Lost
    _remember(job, fields)


def _remember(job: Job, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        setattr(job, name, value)
    job.updated_at = clock.now()
