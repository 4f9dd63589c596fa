"""Importing from the page: a file is handed in, a worker looks through it, a person agrees, a worker takes it in.

Both walks are `bookings.importers.storing.Import`, the first one dry. Every step is safe to repeat: a worker that
breaks off is followed by another, which reads the file from its beginning and finds what is there.
"""

import datetime as dt
import gzip
from collections.abc import Iterable
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from adminpanel.acts import NotPossible
from adminpanel.models import JobState, StationImport, StationImportPart
from adminpanel.working import finish, progress, work_through
from bookings.importers.files import GZIP, SourceFile
from bookings.importers.kinds import JSON_FORMATS, READERS
from bookings.importers.reading import Options
from bookings.importers.rows import NotStations
from bookings.importers.storing import Found, Import, Tally
from bookings.models import Client, Tariff
from evbunker import clock
from evbunker.audit import record_change
from evbunker.db import atomic, claim, lowest

MOST_BYTES = 16 * 2**20
MOST_UNPACKED_BYTES = 256 * 2**20
"""Of a packed file: more is no list of stations."""
MOST_ROWS = 100_000
PART_BYTES = 2**20
SHOWN = 50
"""So many stations of each kind, and so many refused rows, are kept to be shown."""
KEPT_FOR = dt.timedelta(days=7)
"""A file that nobody agreed to is then deleted."""
CHUNK = 2**16


def work_imports() -> int:
    """Look through, or take in, what waits; delete files that nobody wanted. Safe to repeat and to run at once."""
    forget_old_files()
    return work_through(StationImport, work)


@atomic
def hand_in(
    *, pieces: Iterable[bytes], file_name: str, source: str, terms: dict[str, Any], actor: Client, job_id: UUID
) -> StationImport:
    """Keep a file, to be looked through. A second one with the same `job_id` is the first."""
    known = StationImport.objects.filter(pk=job_id).first()
    if known is not None:
        return known
    job = StationImport.objects.create(
        pk=job_id, source=source, file_name=file_name[-200:], terms=terms, asked_by=actor
    )
    for number, data in zip(count(), pieces, strict=False):
        StationImportPart.objects.create(job=job, number=number, data=data)
    record_change(
        actor=actor, action="import.handed_in", record=job, after={"file": job.file_name, "source": source, **terms}
    )
    return job


def work(job: StationImport) -> None:
    """Look through the file, or take it in if somebody has agreed to that; whichever worker has taken the job."""
    with TemporaryDirectory(prefix="import-") as folder:
        path = Path(folder) / "stations"
        _write_out(job, path)
        summary = _walk(job, path)
    if job.agreed_at is None:
        finish(job, summary=summary)
    else:
        finish(job, summary={**job.summary, "did": summary})
        forget_file(job)


def _write_out(job: StationImport, path: Path) -> None:
    numbers = StationImportPart.objects.filter(job=job).order_by("number").values_list("pk", flat=True)
    with path.open("wb") as out:
        for pk in list(numbers):
            out.write(bytes(StationImportPart.objects.get(pk=pk).data))
    _refuse_too_large(path)


def _refuse_too_large(path: Path) -> None:
    with path.open("rb") as source:
        if source.read(2) != GZIP:
            return
    unpacked = 0
    try:
        with gzip.open(path) as source:
            while piece := source.read(CHUNK):
                unpacked += len(piece)
                if unpacked > MOST_UNPACKED_BYTES:
                    raise NotPossible(_("Unpacked, the file is far too large to be a list of stations."))
    except (OSError, EOFError) as error:
        raise NotPossible(_("The file is damaged: it cannot be unpacked.")) from error


def _walk(job: StationImport, path: Path) -> dict[str, Any]:
    """Read the file to its end, telling how far it is. Raises NotPossible with a sentence, and Lost."""
    tally = Tally(keep=SHOWN)
    shown: dict[str, list[dict[str, Any]]] = {}

    def tell(found: Found) -> None:
        if len(kept := shown.setdefault(found.kind, [])) < SHOWN:
            kept.append({"name": found.name, "city": found.city, "fields": _plain(found.fields)})

    into = Import(job.source, _tariff(job), dry_run=job.agreed_at is None, told=tell)
    try:
        file = SourceFile(path)
        rows = READERS[job.terms["format"]](file, Options(country=job.terms.get("country", ""), limit=MOST_ROWS))
        into.store(rows, tally, lambda: progress(job, file.percent, 100))
    except NotStations as error:
        raise NotPossible(str(error).replace("stations cannot", "The file cannot")) from error
    job.total = 100
    return _summary(job, tally, shown)


def _tariff(job: StationImport) -> Tariff | None:
    return Tariff.objects.filter(pk=job.terms["tariff"]).first() if job.terms.get("tariff") else None


def _plain(fields: dict[str, tuple[Any, Any]]) -> dict[str, list[str]]:
    return {name: [_short(was), _short(will)] for name, (was, will) in fields.items()}


def _short(value: Any) -> str:
    text = "; ".join(value) if isinstance(value, list) else str(value)
    return text if len(text) <= 120 else f"{text[:119]}…"


def _summary(job: StationImport, tally: Tally, shown: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    return {
        "at": clock.now().isoformat(),
        "rows": tally.read,
        "new": tally.created,
        "changed": tally.updated,
        "unchanged": tally.unchanged,
        "gone": tally.closed,
        "refused": tally.skipped.total(),
        "priced": tally.priced,
        "reasons": tally.skipped.most_common(),
        "notes": tally.notes.most_common(),
        "lines": [[row.line, row.reason, row.detail] for row in tally.kept],
        "unit": "record" if job.terms["format"] in JSON_FORMATS else "line",
        "shown": shown,
        "full": tally.read >= MOST_ROWS,
    }


@atomic
def agree(*, job: StationImport, actor: Client) -> bool:
    """Let a worker take it in; False if somebody has agreed before, or it cannot be."""
    looked_at = StationImport.objects.filter(pk=job.pk, state=JobState.DONE, agreed_at__isnull=True)
    if not claim(looked_at, state=JobState.WAITING, agreed_at=clock.now(), done=0, total=0):
        return False
    figures = {name: job.summary.get(name) for name in ("new", "changed", "gone", "refused")}
    record_change(actor=actor, action="import.agreed", record=job, after=figures)
    return True


@atomic
def look_again(*, job: StationImport, actor: Client) -> bool:
    """Let a worker look through it once more, for what is there may have changed; False if it cannot be."""
    if job.state not in {JobState.DONE, JobState.FAILED} or not has_file(job):
        return False
    as_read = StationImport.objects.filter(pk=job.pk, state=job.state, agreed_at=job.agreed_at)
    if not claim(as_read, state=JobState.WAITING, agreed_at=None, done=0, total=0, error=""):
        return False
    record_change(actor=actor, action="import.looked_again", record=job)
    return True


@atomic
def drop(*, job: StationImport, actor: Client | str) -> bool:
    """Delete the file and forget the matter; False if a worker has it, or it is over. Nothing that is there changes."""
    as_read = StationImport.objects.filter(pk=job.pk, state=JobState.DONE, agreed_at__isnull=True)
    error = _("It was dropped, and nothing was changed.")
    if not claim(as_read, state=JobState.FAILED, error=error):
        return False
    forget_file(job)
    record_change(actor=actor, action="import.dropped", record=job)
    return True


def has_file(job: StationImport) -> bool:
    return StationImportPart.objects.filter(job=job, number=0).exists()


def forget_file(job: StationImport) -> None:
    StationImportPart.objects.filter(job=job).delete()


def forget_old_files() -> None:
    """Delete the files that nobody has agreed to for KEPT_FOR; ids are made in the order of time."""
    for part in lowest(StationImportPart.objects.defer("data"), by="id", limit=1):
        if part.created_at < clock.now() - KEPT_FOR:
            job = StationImport.objects.get(pk=part.job_id)
            if not drop(job=job, actor="work_imports") and job.state in {JobState.DONE, JobState.FAILED}:
                forget_file(job)
