"""Asking Stripe through its official library, and what its failures mean."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import stripe
from django.conf import settings

from payments.gateways.base import GatewayDown, GatewayStuck
from payments.gateways.patience import timeout

log = logging.getLogger(__name__)
stripe.enable_telemetry = False

LIVE_KEYS = ("sk_live_", "rk_live_")
KEYS = ("sk_test_", "rk_test_", *LIVE_KEYS)
"""How keys begin, secret and restricted ones, and those that move real money (https://docs.stripe.com/keys)."""
TIMEOUT_SECONDS = (2.0, 4.0)
"""To connect, to read: a webhook is to be answered within 5 s, a person waits no longer either. The outbox retries."""
LATER = {"resource_missing", "balance_insufficient", "lock_timeout", "rate_limit", "idempotency_key_in_use"}
"""Refusals that say nothing about what was asked: a wrong key's books, an empty balance, too much at once
(https://docs.stripe.com/error-codes)."""


def api() -> Any:
    """The API under our key, over connections that are kept."""
    return _client(settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE, timeout(TIMEOUT_SECONDS)).v1


@lru_cache(maxsize=8)
def _client(key: str, base: str, timeout: tuple[float, float]) -> stripe.StripeClient:
    return stripe.StripeClient(
        key,
        base_addresses={"api": base} if base else {},
        max_network_retries=0,
        http_client=stripe.RequestsClient(timeout=timeout),
    )


@contextmanager
def asking() -> Iterator[None]:
    """Let what Stripe's library raises be GatewayDown or GatewayStuck."""
    try:
        yield
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        log.error("Stripe refuses our key: HTTP %s, request %s.", error.http_status, error.request_id)
        raise GatewayDown(f"Stripe refuses our key (HTTP {error.http_status})") from error
    except stripe.StripeError as error:
        raise (GatewayStuck if _is_stuck(error) else GatewayDown)(words(error)) from error


def _is_stuck(error: stripe.StripeError) -> bool:
    """Will this key never give another answer? A failure is kept under it for a day, as are its parameters.

    https://docs.stripe.com/api/idempotent_requests
    """
    if isinstance(error, stripe.IdempotencyError):
        return error.code != "idempotency_key_in_use"
    replayed: str = (error.headers or {}).get("Idempotent-Replayed", "")
    return (error.http_status or 0) >= 500 and replayed == "true"


def is_final(error: stripe.StripeError) -> bool:
    return error.code not in LATER


def words(error: stripe.StripeError) -> str:
    """What it says, short, with the number under which Stripe's support finds it."""
    words = " ".join((error.user_message or type(error).__name__).split())
    status = (
        f"HTTP {error.http_status}, {error.request_id or 'no request number'}" if error.http_status else "no answer"
    )
    return f"{words[:200]} ({status})"
