"""Which acts of the audit trail somebody looks for: the rarest filter chooses the index, the others are compared."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from adminpanel.walking import AT_ONCE, Search, between
from evbunker.models import Change
from evbunker.paging import Place, following


@dataclass(frozen=True)
class Wanted:
    """What the acts have in common. `actor` is the name of a job or gateway, where nobody in particular acted; `since`
    and `until` bound when it was, half-open. Empty: any."""

    record_id: UUID | None = None
    actor_id: UUID | None = None
    actor: str = ""
    action: str = ""
    record_type: str = ""
    since: dt.datetime | None = None
    until: dt.datetime | None = None

    def fits(self, change: Change) -> bool:
        return all(
            (
                self.record_id is None or change.record_id == self.record_id,
                self.actor_id is None or change.actor_id == self.actor_id,
                not self.actor or (change.actor_id is None and change.actor == self.actor),
                not self.action or change.action == self.action,
                not self.record_type or change.record_type == self.record_type,
                self.since is None or change.created_at >= self.since,
                self.until is None or change.created_at < self.until,
            )
        )

    def _narrowest(self) -> dict[str, Any]:
        """The one filter that chooses the index."""
        if self.record_id:
            return {"record_id": self.record_id}
        if self.actor_id:
            return {"actor_id": self.actor_id}
        if self.action:
            return {"action": self.action}
        if self.record_type:
            return {"record_type": self.record_type}
        return {"actor_id": None} if self.actor else {}

    def rows(self) -> QuerySet[Change]:
        """What an index has in the order of time."""
        return between(Change.objects.filter(**self._narrowest()), "created_at", self.since, self.until)

    def search(self) -> Search[Change]:
        return Search(self.rows(), "created_at", self.fits)


def everything(wanted: Wanted, *, before: Change) -> Iterator[list[Change]]:
    """All acts that are wanted and were noted before `before`, newest first; AT_ONCE are read by each query."""
    place = Place.of(before, "created_at")
    while batch := following(wanted.rows(), by="created_at", place=place, limit=AT_ONCE):
        yield [change for change in batch if wanted.fits(change)]
        place = Place.of(batch[-1], "created_at")
        if len(batch) < AT_ONCE:
            return
