"""Is this process alive, and can it reach what it needs?"""

import datetime as dt
import logging
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Literal
from uuid import UUID

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.core.cache import cache
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from evbunker import clock
from evbunker.copying.marker import copy_under_way
from evbunker.db import replica_set
from evbunker.models import Change

log = logging.getLogger(__name__)
State = Literal["ok", "late", "unavailable", "not used"]


@dataclass(frozen=True)
class Standing:
    """How something stands. `age_seconds` is since its last sign of life; `replica_set` names the one whose primary
    answered. None is left out."""

    state: State
    age_seconds: int | None = None
    replica_set: str | None = None

    @classmethod
    def aged(cls, moment: dt.datetime, *, late_after_seconds: int) -> "Standing":
        """Ok or late, as long ago as `moment` is."""
        age = max(0, int((clock.now() - moment).total_seconds()))
        return cls("late" if age > late_after_seconds else "ok", age)

    def as_json(self) -> dict[str, object]:
        """What strangers learn: no host, no error."""
        return {name: value for name, value in asdict(self).items() if value is not None}


Check = Callable[[], Standing]


@require_safe
@never_cache
def healthz(_request: HttpRequest) -> JsonResponse:
    """Alive: asks nobody."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def readyz(_request: HttpRequest) -> JsonResponse:
    """Each check's state and age; 503 only if the database, the cache or the channel layer cannot be used."""
    needed = {name: _asked(name, check) for name, check in NEEDED.items()}
    watched = {name: _asked(name, check) for name, check in _watched.items()}
    ready = all(check["state"] == "ok" for check in needed.values())
    body = {"status": "ok" if ready else "unavailable", "checks": needed | watched}
    return JsonResponse(body, status=200 if ready else 503)


def register(name: str, check: Check) -> None:
    """Show `check` on /readyz as `name`: for `AppConfig.ready`. It says how things stand, and never makes it 503."""
    _watched[name] = check


def watched() -> dict[str, Standing]:
    """How everything stands that never makes it 503."""
    return {name: _standing(name, check) for name, check in _watched.items()}


def _standing(name: str, check: Check) -> Standing:
    try:
        return check()
    except Exception:  # whatever it is, it cannot be used; strangers are not told more
        log.warning("Not ready: %s", name, exc_info=True)
        return Standing("unavailable")


def _asked(name: str, check: Check) -> dict[str, object]:
    started = time.monotonic()
    standing = _standing(name, check)
    milliseconds = round((time.monotonic() - started) * 1000, 1)
    return {**standing.as_json(), "milliseconds": milliseconds}


def _ask_database() -> Standing:
    Change.objects.filter(pk=UUID(int=0)).exists()
    if copy_under_way():
        raise LookupError("the database holds an unfinished copy")
    return Standing("ok", replica_set=replica_set() or None)


def _ask_cache() -> Standing:
    cache.set("readyz", "1", 5)
    if cache.get("readyz") != "1":
        raise LookupError("the cache forgot what it was told")
    return Standing("ok")


def _ask_channel_layer() -> Standing:
    layer = get_channel_layer()
    async_to_sync(layer.group_send)("readyz", {"type": "nobody.listens"})
    return Standing("ok")


NEEDED: dict[str, Check] = {"database": _ask_database, "cache": _ask_cache, "channel_layer": _ask_channel_layer}
_watched: dict[str, Check] = {}
