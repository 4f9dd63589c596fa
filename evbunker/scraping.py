"""`/metrics`: what this process, or all that share a folder, counted, and what is read when Prometheus asks."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from evbunker import health, processes
from evbunker.metrics import CHECK_AGE, CHECK_OK, RELAY_LAG, Reading, registry
from evbunker.relay.standing import relay_lag_seconds

log = logging.getLogger(__name__)
KEPT_SECONDS = 5.0
"""Readings ask the database, so several scrapers, or an eager one, get the same ones."""
Value = float | Mapping[str, float] | None
Read = Callable[[], Mapping[Reading, Value]]


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' text, for whoever knows METRICS_TOKEN; 404 while there is none."""
    if not settings.METRICS_TOKEN:
        raise Http404
    if not constant_time_compare(request.headers.get("Authorization", ""), f"Bearer {settings.METRICS_TOKEN}"):
        return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer"})
    return HttpResponse(_counted() + generate_latest(_readings_registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)


def read_when_scraped(read: Read) -> None:
    """Let `read` say gauges at each scrape: for `AppConfig.ready`. A value of None is left out."""
    _reads.append(read)


def _counted() -> bytes:
    if not processes.FOLDER:
        return generate_latest(registry)
    processes.drop_dead()
    shared = CollectorRegistry()
    MultiProcessCollector(shared, path=processes.FOLDER)  # type: ignore[no-untyped-call]
    return generate_latest(shared)


class _Readings(Collector):
    """Asks all who registered, at most every KEPT_SECONDS."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.good_until = 0.0
        self.families: list[GaugeMetricFamily] = []

    def collect(self) -> Iterable[GaugeMetricFamily]:
        with self.lock:
            if time.monotonic() >= self.good_until:
                self.families = [family for read in _reads for family in _families(read)]
                self.good_until = time.monotonic() + KEPT_SECONDS
            return self.families

    def describe(self) -> Iterable[GaugeMetricFamily]:
        return []


def _families(read: Read) -> list[GaugeMetricFamily]:
    try:
        found = read()
    except Exception:  # the others are still worth telling
        log.warning("A reading for /metrics failed", exc_info=True)
        return []
    return [_family(reading, value) for reading, value in found.items() if value is not None]


def _family(reading: Reading, value: float | Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(reading.name, reading.help, labels=[reading.label] if reading.label else [])
    for label, one in value.items() if isinstance(value, Mapping) else [("", value)]:
        family.add_metric([label] if reading.label else [], one)
    return family


def _checks() -> Mapping[Reading, Value]:
    standings = health.watched()
    return {
        CHECK_OK: {name: float(one.state in {"ok", "not used"}) for name, one in standings.items()},
        CHECK_AGE: {name: one.age_seconds for name, one in standings.items() if one.age_seconds is not None},
        RELAY_LAG: relay_lag_seconds(),
    }


_reads: list[Read] = [_checks]
_readings_registry = CollectorRegistry()
readings = _Readings()
_readings_registry.register(readings)
