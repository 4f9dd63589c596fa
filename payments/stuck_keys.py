"""Making a thing at a gateway once, also when its key is of no use any more.

Gateways repeat the first answer under a key, some of them failures too, and forget keys after a day. So what an earlier
try may have made is looked for by our own id; only if there is nothing, a new key is saved, and the next try uses it.
"""

import datetime as dt
from collections.abc import Callable
from typing import TypeVar

from evbunker import clock
from evbunker.db import atomic, claim
from payments.gateways.base import GatewayStuck
from payments.models import Payment, Refund

KEYS_LAST = dt.timedelta(hours=23)
"""Stripe forgets them after 24 hours at the earliest (https://docs.stripe.com/api/idempotent_requests)."""

Made = TypeVar("Made")


def make_once(of: Payment | Refund, *, ask: Callable[[], Made], find: Callable[[], Made | None]) -> Made:
    """What `ask` makes under the key of `of`, or what an earlier try made: `find` knows it by our id.

    Raises GatewayDown. After GatewayStuck there is a new key, which the next try reads.
    """
    if clock.now() - of.created_at >= KEYS_LAST and (found := find()) is not None:
        return found
    try:
        return ask()
    except GatewayStuck:
        if (found := find()) is not None:
            return found
        _renew_key(of)
        raise


@atomic
def _renew_key(of: Payment | Refund) -> bool:
    """Give it the next key; False if another worker did."""
    stem, _, number = of.idempotency_key.rpartition(":")
    same = type(of)._default_manager.filter(pk=of.pk, idempotency_key=of.idempotency_key)
    return claim(same, idempotency_key=f"{stem}:{int(number) + 1}")
