"""Live pieces of the pages of reports. No event tells of jobs, so they look again every few seconds."""

from uuid import UUID

from adminpanel.models import ReportJob, ReportPart, ReportSchedule
from adminpanel.report_jobs import KEPT
from adminpanel.report_schedules import last_month, terms_of
from adminpanel.report_terms import KINDS, ROWS, Terms
from evbunker.db import newest
from evbunker.live import panel

SOON = 2
"""While a report is made, its progress is looked at so often."""
SHOWN = 20


def job_of(key: str) -> ReportJob:
    """The report with the id `key`; raises LookupError."""
    try:
        found = ReportJob.objects.filter(pk=UUID(key)).first()
    except ValueError as error:
        raise LookupError(key) from error
    if found is None:
        raise LookupError(key)
    return found


def described(job: ReportJob) -> dict[str, object]:
    """What a page says of one report that is made, or is going to be."""
    terms = Terms.from_json(job.kind, job.terms)
    return {"job": job, "title": terms.title, "by": ROWS[terms.by], "until": job.created_at + KEPT}


@panel(
    "operations-report", audience="operators", stale_on=set(), ttl=SOON, by_time=True, keyed=True,
    template="adminpanel/reports/_job.html",
)  # fmt: skip
def operations_report(key: str) -> dict[str, object]:
    """How far one report is, then its file."""
    job = job_of(key)
    return {**described(job), "parts": ReportPart.objects.filter(job=job).count()}


@panel(
    "report-files", audience="operators", stale_on=set(), ttl=5 * SOON, by_time=True,
    template="adminpanel/reports/_files.html",
)  # fmt: skip
def report_files() -> dict[str, object]:
    """The reports that were asked for last."""
    return {"files": [described(job) for job in newest(ReportJob.objects.all(), by="created_at", limit=SHOWN)]}


def schedules() -> list[dict[str, object]]:
    """Every report that is sent monthly: few."""
    rows = newest(ReportSchedule.objects.all(), by="id", limit=100)
    return [
        {"schedule": one, "kind": KINDS.get(one.kind, one.kind), "by": ROWS[one.terms["by"]], "place": _place(one)}
        for one in rows
    ]


def _place(schedule: ReportSchedule) -> str:
    return terms_of(schedule, *last_month(schedule)).place
