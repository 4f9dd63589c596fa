"""Which collection becomes which event, and which of its columns say whom it concerns."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import models

from evbunker.live.events import ID_NAMES, NAMES

BOOKKEEPING = frozenset({"updated_at"})
KEY = "_id"


@dataclass(frozen=True)
class Source:
    """A collection: the event its writes become, the columns of the event's ids, and columns that tell nothing."""

    event: str
    columns: dict[str, str]
    quiet: frozenset[str]

    @property
    def is_known_by_key(self) -> bool:
        """Does the key of a row alone say all that the event carries?"""
        return set(self.columns.values()) == {KEY}


SOURCES: dict[str, Source] = {}
"""By the collection's name."""


def relay(model: type[models.Model], event: str, *, quiet: Iterable[str] = (), **ids: str) -> None:
    """Let every write of `model` become `event`, with the `ids` read from these fields: for `AppConfig.ready`.

    `relay(Payment, "payment_update", payment="id", client="client", …)`. A change of nothing but `quiet` fields (and
    `updated_at`) is bookkeeping and becomes nothing. The ids must be those that the signal's receiver publishes.
    """
    assert event in NAMES, f"unknown event {event}"
    assert set(ids) <= set(ID_NAMES), f"unknown ids of {event}"
    columns = {name: _column(model, field) for name, field in ids.items()}
    SOURCES[model._meta.db_table] = Source(event, columns, BOOKKEEPING | {_column(model, field) for field in quiet})


def _column(model: type[models.Model], field: str) -> str:
    return str(model._meta.get_field(field).column)  # type: ignore[union-attr]
