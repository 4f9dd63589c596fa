"""Is this process alive, and can it reach what it needs?"""

import logging
import time
from collections.abc import Callable
from uuid import UUID

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.core.cache import cache
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from evbunker.models import Change

log = logging.getLogger(__name__)


@require_safe
@never_cache
def healthz(_request: HttpRequest) -> JsonResponse:
    """Alive: asks nobody."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def readyz(_request: HttpRequest) -> JsonResponse:
    """Ready, or 503; each dependency with its state and how long it took to answer."""
    states = {name: _asked(name, ask) for name, ask in DEPENDENCIES.items()}
    ready = all(state["state"] == "ok" for state in states.values())
    return JsonResponse({"status": "ok" if ready else "unavailable", "checks": states}, status=200 if ready else 503)


def _asked(name: str, ask: Callable[[], None]) -> dict[str, object]:
    started = time.monotonic()
    try:
        ask()
        state = "ok"
    except Exception:  # whatever it is, the dependency cannot be used; strangers are not told more
        log.warning("Not ready: %s", name, exc_info=True)
        state = "unavailable"
    return {"state": state, "milliseconds": round((time.monotonic() - started) * 1000, 1)}


def _ask_database() -> None:
    Change.objects.filter(pk=UUID(int=0)).exists()


def _ask_cache() -> None:
    cache.set("readyz", "1", 5)
    if cache.get("readyz") != "1":
        raise LookupError("the cache forgot what it was told")


def _ask_channel_layer() -> None:
    layer = get_channel_layer()
    async_to_sync(layer.group_send)("readyz", {"type": "nobody.listens"})


DEPENDENCIES: dict[str, Callable[[], None]] = {
    "database": _ask_database,
    "cache": _ask_cache,
    "channel_layer": _ask_channel_layer,
}
