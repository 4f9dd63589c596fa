"""How far an import is, live."""

from typing import Any
from uuid import UUID

from adminpanel.models import JobState, StationImport
from evbunker.live import panel

TWO_SECONDS = 2
"""No event tells of progress; who watches is shown it again and again."""


@panel(
    "station-import", audience="operators", stale_on=set(), ttl=TWO_SECONDS, by_time=True, keyed=True,
    template="adminpanel/imports/_import.html",
)  # fmt: skip
def station_import(key: str) -> dict[str, object]:
    """One import: its progress, or what was found, or what was done."""
    try:
        job = StationImport.objects.filter(pk=UUID(key)).first()
    except ValueError as error:
        raise LookupError(key) from error
    if job is None:
        raise LookupError(key)
    return {"job": job, **standing(job)}


def standing(job: StationImport) -> dict[str, Any]:
    """How it stands in words for the template: `phase`, and the summary to show."""
    over = job.state in {JobState.DONE, JobState.FAILED}
    if job.state == JobState.FAILED:
        phase = "failed"
    elif over:
        phase = "looked" if job.agreed_at is None else "taken"
    else:
        phase = "looking" if job.agreed_at is None else "taking"
    summary = job.summary.get("did", job.summary) if phase == "taken" else job.summary
    return {"phase": phase, "is_over": over, "summary": summary if phase in {"looked", "taken"} else {}}
