"""The periodic jobs: every one safe to repeat and to run at once, so that two schedulers do no harm."""

import logging
from collections.abc import Callable
from typing import NamedTuple

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.schedulers.base import BaseScheduler
from apscheduler.schedulers.blocking import BlockingScheduler
from django.db import close_old_connections

from adminpanel.alerts import record_alerts
from adminpanel.beating import beat
from adminpanel.import_jobs import work_imports
from adminpanel.report_jobs import forget_reports, make_reports
from adminpanel.report_schedules import send_due_reports
from adminpanel.rollups import close_days
from bookings.charging import complete_sessions
from bookings.holding import expire_holds
from bookings.idempotency import forget_old_keys
from bookings.mending import mend_outages
from evbunker.logs import known_as
from evbunker.sessions import forget_old_sessions
from payments.comparing import compare_books
from payments.outbox import work_outbox
from payments.reconciling import reconcile_payments

log = logging.getLogger(__name__)


class Job(NamedTuple):
    """What is done how often."""

    name: str
    every_seconds: int
    work: Callable[[], object]


JOBS = (
    Job("work_outbox", 5, work_outbox),
    Job("work_imports", 5, work_imports),
    Job("expire_holds", 10, expire_holds),
    Job("complete_sessions", 20, complete_sessions),
    Job("reconcile_payments", 60, reconcile_payments),
    Job("compare_books", 600, compare_books),
    Job("close_days", 30, close_days),
    Job("mend_outages", 600, mend_outages),
    Job("record_alerts", 60, record_alerts),
    Job("make_reports", 5, make_reports),
    Job("send_due_reports", 300, send_due_reports),
    Job("forget_reports", 3600, forget_reports),
    Job("forget_old_keys", 3600, forget_old_keys),
    Job("forget_old_sessions", 3600, forget_old_sessions),
)


def run_job(job: Job) -> None:
    """Run one job and leave a beat; whatever it raises is logged, and the next turn tries again."""
    close_old_connections()
    with known_as(job.name):
        try:
            job.work()
            beat()
        except Exception:
            log.exception("The job %s failed", job.name)
        finally:
            close_old_connections()


def start_in_background() -> BaseScheduler:
    """Run the jobs in threads of this process, as the embedded server does."""
    return _started(BackgroundScheduler(timezone="UTC"))


def run_for_ever() -> None:
    """Run the jobs in this process until it is told to stop."""
    _started(BlockingScheduler(timezone="UTC"))


def _started(scheduler: BaseScheduler) -> BaseScheduler:
    for job in JOBS:
        scheduler.add_job(
            run_job, "interval", args=[job], seconds=job.every_seconds, id=job.name, max_instances=1, coalesce=True
        )
    scheduler.start()
    return scheduler
