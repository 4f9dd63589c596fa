"""The reader: the whole source as lines."""

from typing import TextIO

from evbunker.checks import migrations_wait
from evbunker.copying.lines import say
from evbunker.copying.record_types import RecordType, copied_types, every_row
from evbunker.copying.refusing import Refused
from evbunker.copying.rows import Checksum, Form, Names
from evbunker.db import rough_count
from evbunker.db.whole import identity


def read_source(out: TextIO) -> None:
    """Write everything to `out`. Raises Refused if the source is not ready."""
    if migrations_wait():
        raise Refused("Migrations wait on the source: run `manage.py migrate` there first.")
    names = Names()
    say(out, source=identity())
    for model in copied_types():
        _read(model, names, out)
    say(out, done=True)


def _read(model: RecordType, names: Names, out: TextIO) -> None:
    form, checksum, label = Form(model, names), Checksum(), model._meta.label
    say(out, begin=label, rows=rough_count(model))
    for record in every_row(model):
        line = form.line(record)
        checksum.add(line)
        out.write(line + "\n")
    say(out, end=label, rows=checksum.rows, checksum=str(checksum))
