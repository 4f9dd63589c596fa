"""The only module that knows which database runs."""

import functools
import logging
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.db import models, transaction

from evbunker import clock

P = ParamSpec("P")
R = TypeVar("R")
log = logging.getLogger(__name__)


def atomic(function: Callable[P, R]) -> Callable[P, R]:
    """Run the whole service as one unit of work."""

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with transaction.atomic():
            return function(*args, **kwargs)

    return run


def on_commit(callback: Callable[[], object]) -> None:
    """Run `callback` once after the unit of work committed."""
    transaction.on_commit(callback, robust=True)


def claim(queryset: models.QuerySet, **changes: object) -> bool:  # type: ignore[type-arg]
    """Compare and set: change the one row that `queryset` names; False if none matched."""
    return queryset.update(updated_at=clock.now(), **changes) == 1
