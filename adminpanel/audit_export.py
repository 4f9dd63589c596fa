"""The audit trail as a file: a line an act, safe against formulas, sent while it is read."""

import json
from collections.abc import Iterator

from adminpanel.audit_finding import Wanted, everything
from bookings.models import Client
from evbunker.audit import record_change
from evbunker.db import atomic
from evbunker.models import Change
from payments.receipt_export import BOM, csv_lines, csv_text

COLUMNS = ("at (UTC)", "who", "who (id)", "act", "record", "record (id)", "before", "after", "why", "request", "id")


@atomic
def begin_export(*, actor: Client, asked: dict[str, str]) -> Change:
    """Note that `actor` takes what it `asked` for as a file."""
    return record_change(actor=actor, action="audit.exported", record=actor, after={"filter": asked})


def csv_of(wanted: Wanted, *, begun: Change) -> Iterator[str]:
    """Pieces of the file: all that is wanted and was noted before the export was `begun`, newest first."""
    yield BOM + csv_lines([COLUMNS])
    for batch in everything(wanted, before=begun):
        if batch:
            yield csv_lines([_cells(change) for change in batch])


def _cells(change: Change) -> tuple[str, ...]:
    return (
        f"{change.created_at:%Y-%m-%d %H:%M:%S}", csv_text(change.actor), str(change.actor_id or ""),
        csv_text(change.action), csv_text(change.record_type), str(change.record_id), _json(change.before),
        _json(change.after), csv_text(change.reason), csv_text(change.request_id), str(change.pk),
    )  # fmt: skip


def _json(values: dict[str, object]) -> str:
    """As it is kept; empty if nothing is. It begins with a brace, which no spreadsheet takes for a formula."""
    return json.dumps(values, ensure_ascii=False, sort_keys=True) if values else ""
