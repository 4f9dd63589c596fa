"""Every metric of the product, with its help text; `docs/operating.md` says the same to people.

Whoever does something counts it here, `evbunker.scraping` answers Prometheus. Labels are bounded: patterns of
addresses, codes, names of panels; never a path or an id.
"""

from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

from evbunker import processes

processes.share()
disable_created_metrics()  # type: ignore[no-untyped-call]
registry = CollectorRegistry()
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

# -- Requests ---------------------------------------------------------------------------------------------------------
REQUESTS = Counter("evbunker_requests_total", "Requests answered.", ["method", "route", "status"], registry=registry)
REQUEST_SECONDS = Histogram(
    "evbunker_request_seconds", "Time from a request to its answer.", ["method", "route"], buckets=SECONDS,
    registry=registry,
)  # fmt: skip
REFUSALS = Counter("evbunker_refusals_total", "Refusals by a rule of the product.", ["code"], registry=registry)

# -- Bookings and payments --------------------------------------------------------------------------------------------
HOLDS = Counter("evbunker_holds_total", "Holds made.", registry=registry)
CONFIRMATIONS = Counter("evbunker_confirmations_total", "Bookings confirmed.", registry=registry)
PAYMENTS = Counter(
    "evbunker_payments_total", "Payments that came so far: lines of their ledgers.", ["outcome"], registry=registry
)
WEBHOOKS = Counter(
    "evbunker_webhooks_total", "Webhooks kept or worked off again, by what became of them.", ["gateway", "state"],
    registry=registry,
)  # fmt: skip

# -- Live -------------------------------------------------------------------------------------------------------------
SOCKETS = Gauge("evbunker_live_sockets", "Open sockets.", multiprocess_mode="livesum", registry=registry)
FRAMES = Counter("evbunker_live_frames_total", "Frames sent to sockets.", registry=registry)
FRAME_BYTES = Counter("evbunker_live_bytes_total", "Bytes of text in those frames.", registry=registry)
EVENTS = Counter("evbunker_live_events_total", "Messages of groups that hubs heard.", ["event"], registry=registry)
LAG_SECONDS = Histogram(
    "evbunker_live_lag_seconds", "Time from publishing an event to the frames that show it.", buckets=SECONDS,
    registry=registry,
)  # fmt: skip
PUBLISH_FAILURES = Counter(
    "evbunker_live_publish_failures_total", "Times that events could not be sent to Redis.", registry=registry
)
RENDERS = Counter("evbunker_live_renders_total", "Panels rendered.", ["panel"], registry=registry)

# -- Cached figures ---------------------------------------------------------------------------------------------------
CACHE_READS = Counter("evbunker_cache_reads_total", "Cached figures asked for.", ["result"], registry=registry)
CACHE_WAITS = Counter(
    "evbunker_cache_waits_total", "Figures that waited for somebody else to compute them.", registry=registry
)

# -- Units of work ----------------------------------------------------------------------------------------------------
UNIT_RETRIES = Counter("evbunker_unit_retries_total", "Units of work begun again.", registry=registry)

processes.hold_live_gauges()


class Reading(NamedTuple):
    """A gauge that is read when Prometheus asks."""

    name: str
    help: str
    label: str = ""


CHECK_OK = Reading("evbunker_check_ok", "1 unless a check of /readyz is late or unavailable.", "check")
CHECK_AGE = Reading("evbunker_check_age_seconds", "Time since the last sign of life that a check knows.", "check")
RELAY_LAG = Reading("evbunker_relay_lag_seconds", "How far the relay of change streams is behind.")
OUTBOX_WAITING = Reading("evbunker_outbox_waiting", "Commands to gateways that wait; counts to 1000.")
OUTBOX_OLDEST = Reading("evbunker_outbox_oldest_seconds", "Age of the oldest of those commands.")
OUTBOX_GIVEN_UP = Reading("evbunker_outbox_given_up", "Commands to gateways that were given up; counts to 1000.")
IN_REVIEW = Reading("evbunker_payments_in_review", "Payments that a person must look at; counts to 1000.")
MONEY_ADRIFT = Reading(
    "evbunker_payments_adrift",
    "Payments of the last week that confirmed nothing and have not gone back in 15 minutes; counts to 1000.",
)
REFUNDS_FAILED = Reading("evbunker_refunds_failed", "Refunds that failed and wait for a person; counts to 1000.")
DAYS_DIFFERING = Reading("evbunker_days_differing", "Days on which a gateway's books and ours differ; counts to 1000.")
READINGS = (
    CHECK_OK, CHECK_AGE, RELAY_LAG, OUTBOX_WAITING, OUTBOX_OLDEST, OUTBOX_GIVEN_UP, IN_REVIEW, MONEY_ADRIFT,
    REFUNDS_FAILED, DAYS_DIFFERING,
)  # fmt: skip
