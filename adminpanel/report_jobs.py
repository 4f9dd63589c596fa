"""Reports that are made into files by a worker, kept for a while, and sent where a schedule says so."""

import datetime as dt
import logging
import smtplib
from collections.abc import Iterable, Iterator

from django.db.models import QuerySet
from django.utils import translation

from adminpanel.models import JobState, ReportJob, ReportPart, ReportSchedule
from adminpanel.report_files import FORMS, PDF, csv_of
from adminpanel.report_mail import send_report
from adminpanel.report_tables import report_of
from adminpanel.report_terms import Terms
from adminpanel.working import finish, progress, work_through
from bookings.models import Client
from evbunker import clock
from evbunker.audit import record_change
from evbunker.db import atomic, lowest
from evbunker.models import new_id

log = logging.getLogger(__name__)
KEPT = dt.timedelta(days=30)
"""So long a file can be fetched; then it is made anew when it is asked for."""
PART_BYTES = 1_000_000
STEPS = 100
"""Progress is told in so many steps: half of them reading, half of them writing."""
FORGOTTEN_AT_ONCE = 50


@atomic
def ask_for_report(
    *, terms: Terms, form: str, actor: Client | str, once: str = "", schedule: ReportSchedule | None = None
) -> ReportJob:
    """Have the file made. `once` names what it is for, by default nothing else. Raises IntegrityError if it is not."""
    asked_by = None if isinstance(actor, str) else actor
    key = new_id()
    job = ReportJob.objects.create(
        pk=key, kind=terms.kind, terms=terms.as_json(), form=form, asked_by=asked_by, schedule=schedule,
        once=once or str(key),
    )  # fmt: skip
    record_change(actor=actor, action="report.asked", record=job, after={"report": terms.title, "format": form})
    return job


def make_reports() -> int:
    """Make what waits, and what a worker left behind; how many. Safe to repeat and to run at once."""
    return work_through(ReportJob, make_report)


def make_report(job: ReportJob) -> None:
    """Make the file of a job that this worker owns, and send it if its schedule wants it sent. Raises Lost.

    Whoever made a part of it before was cut off: it is made anew from the beginning. While the mail server takes
    nothing the job is left as it is, and taken again when its lease is over.
    """
    terms = Terms.from_json(job.kind, job.terms)
    _forget_parts(job)
    with translation.override(job.asked_by.language if job.asked_by else None):
        report = report_of(terms, told=lambda done, total: _tell(job, done, total, first_half=True))
        if job.form == PDF:
            from adminpanel.report_pdf import pdf_of  # what draws it is loaded by workers that print

            pieces = [pdf_of(report, told=lambda done, total: _tell(job, done, total, first_half=False))]
        else:
            pieces = [piece.encode() for piece in csv_of(report)]
        for number, data in enumerate(_in_parts(pieces)):
            _store(job, number, data)
        job.file_name = f"{terms.file_name}.{job.form}"
        if job.schedule_id and not _sent(job, terms):
            return
    finish(job, file_name=job.file_name)


def _tell(job: ReportJob, done: int, total: int, *, first_half: bool) -> None:
    share = done * STEPS // (2 * max(1, total))
    progress(job, share if first_half else STEPS // 2 + share, STEPS)


def _in_parts(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in parts of at most PART_BYTES."""
    waiting = b""
    for piece in pieces:
        waiting += piece
        while len(waiting) > PART_BYTES:
            yield waiting[:PART_BYTES]
            waiting = waiting[PART_BYTES:]
    yield waiting


@atomic
def _forget_parts(job: ReportJob) -> None:
    progress(job, 0, STEPS)
    ReportPart.objects.filter(job=job).delete()


@atomic
def _store(job: ReportJob, number: int, data: bytes) -> None:
    """Nothing is stored for a worker that has lost the job."""
    progress(job, STEPS - 1, STEPS)
    ReportPart.objects.create(job=job, number=number, data=data)


def _sent(job: ReportJob, terms: Terms) -> bool:
    assert job.schedule_id is not None, "a schedule asked for it"
    schedule = ReportSchedule.objects.filter(pk=job.schedule_id).first()
    if schedule is None:
        return True  # it was removed meanwhile: nobody waits for it
    try:
        send_report(job, terms, list(schedule.recipients), b"".join(content_of(job)))
    except (OSError, smtplib.SMTPException):
        log.exception("The report %s could not be sent", job.pk)
        return False
    return True


def content_of(job: ReportJob) -> Iterator[bytes]:
    """The file, a part after another."""
    number = 0
    while (part := ReportPart.objects.filter(job=job, number=number).first()) is not None:
        yield bytes(part.data)
        number += 1


def type_of(job: ReportJob) -> str:
    return FORMS[job.form]


def has_file(job: ReportJob) -> bool:
    return job.state == JobState.DONE


def forget_reports() -> int:
    """Delete files older than KEPT, and what is known of them but the audit trail; how many. Safe to repeat."""
    old: QuerySet[ReportJob] = ReportJob.objects.filter(created_at__lt=clock.now() - KEPT)
    gone = 0
    while jobs := lowest(old, by="created_at", limit=FORGOTTEN_AT_ONCE):
        for job in jobs:
            _forget(job)
        gone += len(jobs)
    return gone


@atomic
def _forget(job: ReportJob) -> None:
    ReportPart.objects.filter(job_id=job.pk).delete()
    ReportJob.objects.filter(pk=job.pk).delete()
