"""The scheduler's pulse: a row, because the process that asks is not always the one that runs the jobs."""

from django.db import IntegrityError

from adminpanel.models import Beat
from evbunker import clock
from evbunker.db import atomic, claim
from evbunker.health import Standing

NAME = "scheduler"
LATE_AFTER_SECONDS = 60
"""Jobs run every few seconds; a minute without one means that the scheduler stands still."""


def beat(name: str = NAME) -> None:
    """Note that a job, or what `name` says, was finished now. Safe from several processes at once."""
    if _beat_again(name):
        return
    try:
        _beat_first(name)
    except IntegrityError:  # another process's first beat came first
        _beat_again(name)


def scheduler_standing() -> Standing:
    """How long ago any scheduler finished a job; late without an age when none ever did."""
    last = Beat.objects.filter(name=NAME).first()
    if last is None:
        return Standing("late")
    return Standing.aged(last.beaten_at, late_after_seconds=LATE_AFTER_SECONDS)


@atomic
def _beat_again(name: str) -> bool:
    return claim(Beat.objects.filter(name=name), beaten_at=clock.now())


@atomic
def _beat_first(name: str) -> None:
    Beat.objects.create(name=name, beaten_at=clock.now())
