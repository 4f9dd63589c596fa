"""How long a call to a gateway may take: what its module says, or less where a gateway itself waits for our answer."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from payments.gateways.base import GatewayDown

BEGIN_WITHIN_SECONDS = 2.0
HURRIED = (1.0, 1.5)
"""To connect, and between two bytes. The last call begins within 2 s and ends 2.5 s later: under the 5 s in which
Razorpay wants its answer (razorpay.com/docs/webhooks). A gateway that sends its answer byte by byte could take longer.
"""
_until: ContextVar[float | None] = ContextVar("gateway_calls_until", default=None)


@contextmanager
def in_a_hurry() -> Iterator[None]:
    """Let calls to gateways be short in this block, and none begin after BEGIN_WITHIN_SECONDS."""
    token = _until.set(time.monotonic() + BEGIN_WITHIN_SECONDS)
    try:
        yield
    finally:
        _until.reset(token)


def timeout(usual: tuple[float, float]) -> tuple[float, float]:
    """How long the next call may take, to connect and to read; GatewayDown if none may begin any more."""
    until = _until.get()
    if until is None:
        return usual
    if time.monotonic() > until:
        raise GatewayDown("There is no time left to ask now.")
    return min(usual, HURRIED)
