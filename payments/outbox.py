"""What must be done outside the database: leased, done under one key, repeated after a crash."""

import datetime as dt
import logging
from collections.abc import Iterable

from django.db.models import Q, QuerySet

from evbunker import clock
from evbunker.db import atomic, claim
from payments.errands import ERRANDS
from payments.models import GatewayCommand
from payments.unused import NotOver

log = logging.getLogger(__name__)
LEASE = dt.timedelta(seconds=60)
LONGEST_PAUSE_SECONDS = 3600
AT_ONCE = 200
NOT_OVER_SECONDS = 30
MOST_ATTEMPTS = 20
"""With doubling pauses about half a day; then a person must look."""


def work_outbox() -> int:
    """Do what is due; how many succeeded. Safe to repeat and to run at once."""
    return run(GatewayCommand.objects.filter(state=GatewayCommand.State.WAITING, next_at__lte=clock.now())[:AT_ONCE])


def run(commands: Iterable[GatewayCommand]) -> int:
    """Do those of `commands` that wait and that nobody else is doing; how many succeeded."""
    waiting = [command for command in commands if command.state == GatewayCommand.State.WAITING]
    return sum(_run(command) for command in waiting)


def _run(command: GatewayCommand) -> bool:
    if not _lease(command):
        return False
    try:
        ERRANDS[GatewayCommand.Kind(command.kind)](command)
    except NotOver as error:  # no failure: it is asked again, however long the booking's end is not noted
        _postpone(command, error, attempts=0)
        return False
    except Exception as error:  # whatever it was, it is written down and tried again
        log.warning("Outbox: %s of payment %s failed: %s", command.kind, command.payment_id, error, exc_info=True)
        _postpone(command, error, attempts=command.attempts + 1)
        return False
    _finish(command)
    return True


@atomic
def _lease(command: GatewayCommand) -> bool:
    """Take the command for a while; False if somebody else has it."""
    now = clock.now()
    free = GatewayCommand.objects.filter(pk=command.pk, state=GatewayCommand.State.WAITING).filter(
        Q(lease_until__isnull=True) | Q(lease_until__lte=now)
    )
    return claim(free, lease_until=now + LEASE, attempts=command.attempts + 1)


@atomic
def _finish(command: GatewayCommand) -> None:
    claim(_mine(command), state=GatewayCommand.State.DONE, lease_until=None, last_error="")


@atomic
def _postpone(command: GatewayCommand, error: Exception, *, attempts: int) -> None:
    pause = dt.timedelta(seconds=min(2**attempts, LONGEST_PAUSE_SECONDS) if attempts else NOT_OVER_SECONDS)
    state = GatewayCommand.State.GIVEN_UP if attempts >= MOST_ATTEMPTS else GatewayCommand.State.WAITING
    said = f"{type(error).__name__}: {error}"[:300]
    claim(
        _mine(command), state=state, attempts=attempts, lease_until=None, next_at=clock.now() + pause, last_error=said
    )


def _mine(command: GatewayCommand) -> QuerySet[GatewayCommand]:
    return GatewayCommand.objects.filter(pk=command.pk, state=GatewayCommand.State.WAITING, lease_until__isnull=False)
