"""What the sandbox gateway does wrong on purpose: the faults of real ones, for tests and demos.

`SANDBOX_KNOBS` names those that are on, such as `SANDBOX_KNOBS=duplicate,reorder`; none is without SANDBOX_ALLOWED, and
no server starts with them then (`payments.checks`). The other faults need no knob: see `payments.sandbox`.
"""

import itertools
from enum import StrEnum
from typing import TypeVar

from django.conf import settings

from payments.gateways.base import GatewayDown

T = TypeVar("T")
LATE_SECONDS = 5.0
"""So much later come webhooks that are late: longer than anybody waits for an answer."""
_calls = itertools.count()


class Knob(StrEnum):
    """One fault each. `drop`, `duplicate`, `delay` and `reorder` (every other one is late) are of webhooks."""

    DROP = "drop"
    DUPLICATE = "duplicate"
    DELAY = "delay"
    REORDER = "reorder"
    WRONG_AMOUNT = "wrong_amount"
    """The payer pays one minor unit more than we asked for."""
    ANSWER_LOST = "answer_lost"
    """A payment or refund is made, but the call that made it raises GatewayDown; the same call again answers."""
    REFUND_FAILURE = "refund_failure"
    """Refunds are taken and fail."""


def is_on(knob: Knob) -> bool:
    return settings.SANDBOX_ALLOWED and knob in settings.SANDBOX_KNOBS


def unanswered(made: T) -> T:
    """What was just made, unless its answer is to get lost: then GatewayDown."""
    if is_on(Knob.ANSWER_LOST):
        raise GatewayDown("the sandbox did not answer, on purpose")
    return made


def pauses(seconds: float) -> list[float]:
    """After how many seconds, each, a webhook is called that is due in `seconds`."""
    if is_on(Knob.DROP):
        return []
    late = is_on(Knob.DELAY) or (is_on(Knob.REORDER) and next(_calls) % 2 == 0)
    due = seconds + (LATE_SECONDS if late else 0.0)
    return [due, due] if is_on(Knob.DUPLICATE) else [due]
