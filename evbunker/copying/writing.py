"""The writer: lines into the target, each record type compared with what the reader counted."""

import time
from collections.abc import Callable
from typing import TextIO

from django.db import IntegrityError

from evbunker.checks import migrations_wait
from evbunker.copying.lines import Lines
from evbunker.copying.marker import copy_under_way, mark
from evbunker.copying.record_types import comes_from_the_site, copied_types, every_row, keeps_its_key
from evbunker.copying.refusing import Refused
from evbunker.copying.rows import Checksum, Form, Names
from evbunker.copying.standing_still import refuse_if_at_work
from evbunker.db import atomic, is_standalone
from evbunker.db.whole import identity

Say = Callable[[str], object]
TELL_EVERY_SECONDS = 5.0


def write_target(file: TextIO, say: Say, tell: Say) -> None:
    """Write all that `file` holds: `say` gets a sentence a record type, `tell` the progress of long ones.

    Repeating it goes on where it was cut off. Raises Refused if the target is not ready, holds anything else, or
    differs from the source afterwards.
    """
    lines, names, rows = Lines(file), Names(), 0
    types = {model._meta.label: model for model in copied_types()}
    resumed = _begin(lines.words()["source"], say)
    while "done" not in (words := lines.words()):
        progress = Progress(words["begin"], words["rows"], tell)
        form = Form(types[words["begin"]], names)
        _write(form, lines, progress, resumed=resumed)
        rows += _compare(form, lines.words(), say)
    say(f"{rows:,} rows of {len(types)} record types are the same on both sides.")


def _begin(source: str, say: Say) -> bool:
    """Mark the target; True if it holds the beginning of this same copy, else it must be empty."""
    if is_standalone():
        raise Refused("The target is a MongoDB server without a replica set, so it has no transactions.")
    if source == identity():
        raise Refused("Source and target are the same database.")
    if migrations_wait():
        raise Refused("Migrations wait on the target: run `manage.py migrate` there first.")
    refuse_if_at_work("target")
    earlier = copy_under_way()
    if earlier is None:
        _refuse_a_used_database()
        mark(source)
        return False
    if earlier != source:
        raise Refused(f"The target holds an unfinished copy of another database ({earlier}).")
    say("The target holds the beginning of this copy: going on.")
    return True


def _refuse_a_used_database() -> None:
    for model in filter(comes_from_the_site, copied_types()):
        if model._base_manager.exists():
            raise Refused(f"The target is not empty: it holds {model._meta.verbose_name_plural}.")


def _write(form: Form, lines: Lines, progress: "Progress", *, resumed: bool) -> None:
    put = complete if resumed and keeps_its_key(form.model) else add
    if not keeps_its_key(form.model):
        form.model._base_manager.all().delete()  # nothing says which of them is which row of the source
    for batch in lines.batches():
        try:
            put(form, batch)
        except IntegrityError as error:
            raise Refused(f"The target does not take {form.model._meta.verbose_name_plural}: {error}") from error
        progress.add(len(batch))


@atomic
def add(form: Form, batch: list[str]) -> None:
    """Save rows that are not there."""
    form.model._base_manager.bulk_create([form.record(line) for line in batch])


@atomic
def complete(form: Form, batch: list[str]) -> None:
    """Save those rows that are not there yet. Refused if one that is there differs."""
    missing = {record.pk: (record, line) for record, line in ((form.record(line), line) for line in batch)}
    for row in form.model._base_manager.filter(pk__in=list(missing)):
        _record, line = missing.pop(row.pk)
        if form.line(row) != line:
            raise Refused(f"The target has another {row._meta.verbose_name} with the id {row.pk}: it was in use.")
    form.model._base_manager.bulk_create([record for record, _line in missing.values()])


def _compare(form: Form, end: dict[str, object], say: Say) -> int:
    """Read it all again from the target; how many rows there are."""
    there = Checksum()
    for record in every_row(form.model):
        there.add(form.line(record))
    if (there.rows, str(there)) != (end["rows"], end["checksum"]):
        raise Refused(
            f"{end['end']} differs: {end['rows']} rows with checksum {end['checksum']} on the source, "
            f"{there.rows} with {there} on the target. Begin again with an empty database."
        )
    say(f"{end['end']:<28}{there.rows:>11,}  {there}  ok")
    return there.rows


class Progress:
    """Tells every few seconds how far a record type has come."""

    def __init__(self, label: str, expected: int, tell: Say) -> None:
        self._label, self._expected, self._tell = label, expected, tell
        self._done, self._told_at = 0, time.monotonic()

    def add(self, rows: int) -> None:
        self._done += rows
        if time.monotonic() - self._told_at > TELL_EVERY_SECONDS:
            self._told_at = time.monotonic()
            self._tell(f"{self._label}: {self._done:,} of {self._expected:,} rows")
