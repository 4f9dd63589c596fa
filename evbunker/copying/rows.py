"""How a row travels: one line of JSON, the same from whichever engine it comes."""

import base64
import datetime as dt
import hashlib
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db.models import Field, ForeignKey, Model

from evbunker.copying.record_types import RecordType, keeps_its_key, referred_by
from evbunker.copying.refusing import Refused

Change = Callable[[Any], Any]
NAMED = (ContentType, Permission, Group)
"""Each database numbers these for itself; their names are the same everywhere."""


class Names:
    """The names of one database's content types, permissions and groups: few, so they are read once, when asked for."""

    def __init__(self) -> None:
        self._of: dict[RecordType, dict[Any, list[str]]] = {}
        self._keys: dict[RecordType, dict[tuple[str, ...], Any]] = {}

    def of(self, model: RecordType, key: Any) -> list[str]:
        """What the row with this primary key is called."""
        self._read(model)
        return self._of[model][key]

    def key(self, model: RecordType, name: list[str]) -> Any:
        """The primary key of the row with this name; Refused if there is none."""
        self._read(model)
        try:
            return self._keys[model][tuple(name)]
        except KeyError:
            what = f"{model._meta.verbose_name} {'.'.join(name)}"
            raise Refused(f"The target has no {what}: is an app missing there that the source once had?") from None

    def _read(self, model: RecordType) -> None:
        if model not in self._of:
            assert model in NAMED, f"{model._meta.label} has no name that is the same everywhere"
            rows = model._base_manager.prefetch_related(
                *(f.name for f in model._meta.concrete_fields if referred_by(f))
            )
            self._of[model] = {row.pk: list(row.natural_key()) for row in rows}
            self._keys[model] = {tuple(name): key for key, name in self._of[model].items()}


class Form:
    """How rows of one record type become lines in one database, and lines rows."""

    def __init__(self, model: RecordType, names: Names) -> None:
        self.model = model
        fields = [f for f in model._meta.concrete_fields if keeps_its_key(model) or not f.primary_key]
        assert not any(getattr(f, "auto_now", False) or getattr(f, "auto_now_add", False) for f in fields), model
        self._attributes = [field.attname for field in fields]
        self._key_at = self._attributes.index(model._meta.pk.attname) if keeps_its_key(model) else None
        self._to_line = [_to_line(field, names) for field in fields]
        self._from_line = [_from_line(field, names) for field in fields]

    def line(self, record: Model) -> str:
        values = (getattr(record, name) for name in self._attributes)
        row = [value if change is None else change(value) for value, change in zip(values, self._to_line, strict=True)]
        return json.dumps(row, default=_plain, separators=(",", ":"))

    def record(self, line: str) -> Model:
        """A row as the line says, not saved."""
        row = zip(self._attributes, self._from_line, json.loads(line), strict=True)
        return self.model(**{name: None if value is None else change(value) for name, change, value in row})


def _to_line(field: "Field[Any, Any]", names: Names) -> Change | None:
    """What makes a value travel; None if it does as it is."""
    model = _named(field)
    return None if model is None else lambda key: None if key is None else names.of(model, key)


def _from_line(field: "Field[Any, Any]", names: Names) -> Change:
    if (model := _named(field)) is not None:
        return lambda name: names.key(model, name)
    return field.target_field.to_python if isinstance(field, ForeignKey) else field.to_python


def _named(field: "Field[Any, Any]") -> RecordType | None:
    """The record type that `field` refers to by name, if it does."""
    model = referred_by(field)
    return None if model is None or keeps_its_key(model) else model


def _plain(value: Any) -> str:
    """Instants in whole milliseconds, which is what MongoDB keeps."""
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat(timespec="milliseconds")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, bytes | memoryview):  # as `BinaryField.to_python` reads it
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} has no form to travel in")


class Checksum:
    """The SHA-256 of each line, added up: the same in whatever order the lines come."""

    def __init__(self) -> None:
        self.rows = 0
        self._sum = 0

    def add(self, line: str) -> None:
        self.rows += 1
        self._sum = (self._sum + int.from_bytes(hashlib.sha256(line.encode()).digest())) % 2**256

    def __str__(self) -> str:
        return f"{self._sum:064x}"
