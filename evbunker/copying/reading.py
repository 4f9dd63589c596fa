"""The reader: the whole source as lines."""

from typing import TextIO

from evbunker.checks import migrations_wait
from evbunker.copying.lines import say
from evbunker.copying.record_types import RecordType, copied_types, every_row
from evbunker.copying.refusing import Refused
from evbunker.copying.rows import Checksum, Form, Names
from evbunker.copying.standing_still import refuse_if_at_work
from evbunker.db import rough_count
from evbunker.db.whole import Changed, identity, one_state


def read_source(out: TextIO) -> None:
    """Write everything to `out`. Raises Refused if the source is not ready, or somebody writes to it meanwhile."""
    if migrations_wait():
        raise Refused("Migrations wait on the source: run `manage.py migrate` there first.")
    refuse_if_at_work("source")
    types = copied_types()
    try:
        with one_state([model._meta.db_table for model in types]):
            _read_all(types, out)
    except Changed:
        raise Refused("The source changed while it was copied. Stop the site; begin with an empty database.") from None
    say(out, done=True)


def _read_all(types: list[RecordType], out: TextIO) -> None:
    names = Names()
    say(out, source=identity())
    for model in types:
        _read(model, names, out)


def _read(model: RecordType, names: Names, out: TextIO) -> None:
    form, checksum, label = Form(model, names), Checksum(), model._meta.label
    say(out, begin=label, rows=rough_count(model))
    for record in every_row(model):
        line = form.line(record)
        checksum.add(line)
        out.write(line + "\n")
    say(out, end=label, rows=checksum.rows, checksum=str(checksum))
