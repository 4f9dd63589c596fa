"""Saving what a form changed, and nothing that somebody else changed while it was open."""

import hashlib
import json
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.forms import BaseForm
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from bookings.models import Evse, Station, Tariff
from bookings.stations import EVSE_FIELDS, STATION_FIELDS, TARIFF_FIELDS
from evbunker.db import atomic
from evbunker.errors import DomainError
from evbunker.models import Record

R = TypeVar("R", bound=Record)
SEEN = "seen"
"""The hidden field that says what stood in the form when it was opened."""
WATCHED: dict[type[Record], tuple[str, ...]] = {
    Station: tuple(name for name in STATION_FIELDS if name != "tariff_id"),
    Evse: EVSE_FIELDS,
    Tariff: TARIFF_FIELDS,
}
"""What a form of each record shows: a change of anything else does not concern it."""


class Meanwhile(DomainError):
    """Somebody saved what a form shows while it was open; nothing was written."""

    code = "changed"
    message = _("Somebody else has saved this while your form was open. Nothing of yours is saved yet.")


class Differs(NamedTuple):
    """A field in which what is saved and what was typed are not the same."""

    label: str | Promise
    now: str
    typed: str


def seen_of(record: Record) -> str:
    """What a form shows of `record`, as a digest: it differs when any of it does."""
    shown = {name: getattr(record, name) for name in WATCHED[type(record)]}
    return hashlib.sha256(json.dumps(shown, sort_keys=True, cls=DjangoJSONEncoder).encode()).hexdigest()


@atomic
def save_seen(record: R, *, seen: str, fields: dict[str, Any], save: Callable[[R], object]) -> R:
    """Set `fields` of the row as it is now and `save` it. Raises Meanwhile if a form would now show something else.

    A row that is not there is new, and made of `record`.
    """
    kept = type(record)._default_manager.filter(pk=record.pk).first()
    if kept is not None and seen_of(kept) != seen:
        raise Meanwhile
    saved: R = record if kept is None else kept
    for name, value in fields.items():
        setattr(saved, name, value)
    save(saved)
    return saved


def differing(form: BaseForm, now: dict[str, Any], show: Callable[[str, Any], str]) -> list[Differs]:
    """The fields of a valid `form` whose value is not the one that is saved `now`."""
    return [
        Differs(field.label or name, show(name, now[name]), show(name, form.cleaned_data[name]))
        for name, field in form.fields.items()
        if name in now and now[name] != form.cleaned_data.get(name)
    ]


def digest(sentences: Iterable[str]) -> str:
    """Tells whether somebody has read just these sentences; empty for none."""
    said = "\n".join(sentences)
    return hashlib.sha256(said.encode()).hexdigest()[:32] if said else ""


def id_of(text: str) -> UUID | None:
    """The id that a form carries; None if it is none."""
    try:
        return UUID(text)
    except ValueError:
        return None
