"""Fields that Django and its MongoDB backend do not have."""

import secrets
import threading
import time
from typing import Any

from django.db import models

RANDOM_BITS = 22
_last = 0
_lock = threading.Lock()


def new_number() -> int:
    """A positive 63-bit number: milliseconds since the epoch, then RANDOM_BITS random bits.

    One process makes no number twice: what is not greater than its last becomes the next after that.
    """
    global _last
    with _lock:
        _last = max(_last + 1, (time.time_ns() // 1_000_000 << RANDOM_BITS) | secrets.randbits(RANDOM_BITS))
        return _last


class NumberField(models.AutoField):  # type: ignore[type-arg]
    """A primary key that is a whole number on MongoDB too, made here when the record is first saved.

    allauth writes its keys into JSON and reads them from addresses as integers, which an ObjectId is not.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "db_column": "_id"})

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("db_column", None)
        return name, path, args, kwargs

    def get_internal_type(self) -> str:
        return "BigIntegerField"

    def rel_db_type(self, connection: Any) -> str | None:
        return models.BigIntegerField().db_type(connection)

    def get_pk_value_on_save(self, instance: models.Model) -> int:
        return new_number()
