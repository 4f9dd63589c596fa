"""What is copied, and in which order."""

from collections.abc import Iterator
from graphlib import TopologicalSorter
from typing import Any, cast

from django.apps import apps
from django.db.models import Field, ForeignKey, Model

from evbunker.db import lowest
from evbunker.models import Record

SIGN_IN = "everybody signs in again"
MIGRATED = "migrate makes it"
NOT_COPIED = {
    "sessions.Session": SIGN_IN,
    "evbunker.SignInSession": SIGN_IN,
    "contenttypes.ContentType": MIGRATED,
    "auth.Permission": MIGRATED,
    "adminpanel.Beat": "jobs note anew when they were done",
    "evbunker.Relay": "the relay of changes begins anew",
}
"""The record types that stay behind, and why."""
KEEP_THEIR_NUMBERS = {"account", "mfa"}
"""Apps whose numbers are the same on both engines (`evbunker.fields.NumberField`): they stand in links and in JSON."""
AT_A_TIME = 500

RecordType = type[Model]


def copied_types() -> list[RecordType]:
    """Every record type that is copied, after the ones that it refers to."""
    found = [model for model in all_types() if model._meta.label not in NOT_COPIED]
    before = {model: [other for other in found if other in _referred(model)] for model in found}
    return list(TopologicalSorter(before).static_order())


def all_types() -> list[RecordType]:
    """Every record type that has a table of its own."""
    models = apps.get_models(include_auto_created=True)
    return [model for model in models if model._meta.managed and not model._meta.proxy]


def _referred(model: RecordType) -> set[RecordType]:
    return {other for field in model._meta.concrete_fields if (other := referred_by(field))} - {model}


def referred_by(field: "Field[Any, Any]") -> RecordType | None:
    """The record type that `field` refers to, if it is a foreign key."""
    return cast(RecordType, field.related_model) if isinstance(field, ForeignKey) else None


def keeps_its_key(model: RecordType) -> bool:
    """Whether a row has the same primary key on both sides; otherwise each database numbers for itself."""
    return issubclass(model, Record) or model._meta.app_label in KEEP_THEIR_NUMBERS


def comes_from_the_site(model: RecordType) -> bool:
    """Whether a row proves that a site has run here: migrations make groups, and hand them permissions."""
    return model._meta.app_label != "auth"


def every_row(model: RecordType) -> Iterator[Model]:
    """All rows in the order of their primary keys, never more than AT_A_TIME in memory."""
    rows, key = model._base_manager.all(), model._meta.pk.name
    page = lowest(rows, by=key, limit=AT_A_TIME)
    while page:
        yield from page
        page = lowest(rows.filter(pk__gt=page[-1].pk), by=key, limit=AT_A_TIME)
