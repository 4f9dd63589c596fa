"""Writing the audit trail."""

from typing import Any, Protocol
from uuid import UUID

from evbunker.logs import current_request_id
from evbunker.models import Change, Record


class Actor(Protocol):
    """Whoever acts: a client's record."""

    id: UUID
    email: str


def record_change(
    *, actor: Actor | str, action: str, record: Record, before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None, reason: str = "",
) -> Change:  # fmt: skip
    """Note one act, inside the unit of work that does it. `actor` is a client, or the name of a job or gateway."""
    change = change_of(actor=actor, action=action, record=record, before=before, after=after, reason=reason)
    change.save(force_insert=True)
    return change


def change_of(
    *, actor: Actor | str, action: str, record: Record, before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None, reason: str = "",
) -> Change:  # fmt: skip
    """The note of one act, for whoever writes it together with the act."""
    return Change(
        actor_id=None if isinstance(actor, str) else actor.id,
        actor=actor if isinstance(actor, str) else actor.email,
        action=action,
        record_type=record._meta.label_lower,
        record_id=record.id,
        before=before or {},
        after=after or {},
        reason=reason,
        request_id=current_request_id(),
    )
