"""Requests that may be repeated: the same key gives the same answer, and nothing is done twice."""

import datetime as dt
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import IntegrityError
from django.utils.translation import gettext_lazy as _

from bookings.models import Client, IdempotencyKey
from evbunker import clock
from evbunker.db import atomic, claim
from evbunker.errors import DomainError
from evbunker.models import new_id
from evbunker.problems import problem_of_refusal

LEASE = dt.timedelta(seconds=60)
"""Who has not answered by then has crashed: a unit of work lives for 10 seconds at most."""
KEPT = dt.timedelta(hours=24)
PASSING = (401, 409, 429)
"""Refusals that may be different next time; like everything from 500 on they are not kept."""


class IdempotencyMismatch(DomainError):
    code, status = "idempotency_mismatch", 422
    message = _("This Idempotency-Key was used for a different request. Use a new one.")
    field = "Idempotency-Key"


class InProgress(DomainError):
    code = "in_progress"
    message = _("The first request with this Idempotency-Key is still under way.")
    retry_after_seconds = 2


@dataclass(frozen=True)
class Answer:
    """What a call answers. One that is not `final` is not kept: repeating the request finds out more."""

    status: int
    body: dict[str, Any]
    final: bool = True


Work = Callable[[UUID], Answer]
"""Does what was asked for. It gets the id that the record it makes must have, and when it finds that record made
already, by a run that crashed before it could answer, it answers from it."""


def once(*, client: Client, key: str | None, request: str, work: Work) -> Answer:
    """Answer `request` (all that makes it the same request), doing `work` at most once for each key of `client`.

    Raises IdempotencyMismatch, InProgress, or what `work` raises.
    """
    if key is None:
        return work(new_id())
    row = _begin(client=client, key=key, request_hash=hashlib.sha256(request.encode()).hexdigest())
    if row.status_code is not None and row.answer is not None:
        return Answer(row.status_code, row.answer)
    try:
        answer = work(row.pk)
    except DomainError as refusal:
        _end(row, Answer(refusal.status, problem_of_refusal(refusal), final=_is_definitive(refusal)))
        raise
    except BaseException:
        _release(row)
        raise
    _end(row, answer)
    return answer


def _is_definitive(refusal: DomainError) -> bool:
    return 400 <= refusal.status < 500 and refusal.status not in PASSING


def _begin(*, client: Client, key: str, request_hash: str) -> IdempotencyKey:
    """The key's row: leased to us, or with its answer."""
    try:
        return _insert(client=client, key=key, request_hash=request_hash)
    except IntegrityError:
        row = IdempotencyKey.objects.get(client=client, key=key)
    if row.request_hash != request_hash:
        raise IdempotencyMismatch
    if row.status_code is None and not _take_over(row):
        raise InProgress
    return row


@atomic
def _insert(*, client: Client, key: str, request_hash: str) -> IdempotencyKey:
    lease_until = clock.now() + LEASE
    return IdempotencyKey.objects.create(client=client, key=key, request_hash=request_hash, lease_until=lease_until)


@atomic
def _take_over(row: IdempotencyKey) -> bool:
    """Lease what nobody works on; False if somebody does."""
    now = clock.now()
    idle = IdempotencyKey.objects.filter(pk=row.pk, status_code__isnull=True, lease_until__lte=now)
    return claim(idle, lease_until=now + LEASE)


def _end(row: IdempotencyKey, answer: Answer) -> None:
    if answer.final:
        _keep(row, answer)
    else:
        _release(row)


@atomic
def _keep(row: IdempotencyKey, answer: Answer) -> None:
    claim(IdempotencyKey.objects.filter(pk=row.pk), status_code=answer.status, answer=answer.body)


@atomic
def _release(row: IdempotencyKey) -> None:
    """Let the next one with this key try again at once."""
    claim(IdempotencyKey.objects.filter(pk=row.pk), lease_until=clock.now())


def forget_old_keys() -> int:
    """Delete the keys that are older than KEPT; how many. Hygiene; safe to repeat and to run at once."""
    deleted, _by_model = IdempotencyKey.objects.filter(created_at__lt=clock.now() - KEPT).delete()
    return deleted
