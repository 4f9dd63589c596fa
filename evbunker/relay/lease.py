"""One leads. No machine's clock is compared with another's: a row's counter shows that its holder lives.

The holder raises the counter, and stops by its own clock when it could not for STOPS_AFTER_SECONDS. Who waits takes
over a counter that stood still for longer than that by its own clock.
"""

import logging
import os
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.db import IntegrityError
from django.db.models import QuerySet

from evbunker import clock
from evbunker.db import DATABASE_ERRORS
from evbunker.models import Relay
from evbunker.relay.stream import patience

log = logging.getLogger(__name__)
NAME = "relay"
RENEWED_EVERY_SECONDS = 2.0
"""And so often its place is saved: what was told since may be told again by the next who leads."""
STOPS_AFTER_SECONDS = 6.0
TAKEN_OVER_AFTER_SECONDS = 7.0
"""A second more than the holder goes on without renewing, for what it was just telling."""
LOOKED_AT_EVERY_SECONDS = 0.5


class LeaseLost(Exception):
    """Somebody else leads, or may by now."""


@dataclass(frozen=True)
class Place:
    """How far the telling came; see `Relay`."""

    token: Mapping[str, Any] | None
    told_until: datetime | None


class Lease:
    """This process's part in it; every process has a name that nobody had before."""

    def __init__(self) -> None:
        self.holder = f"{socket.gethostname()[:40]} {os.getpid()} {uuid4().hex}"
        self.counter = 0
        self.renewed_at = 0.0
        self.seen: tuple[str, int] | None = None
        self.seen_since = 0.0

    def try_to_lead(self) -> Place | None:
        """Take the lease if nobody holds it, or its holder has been silent for too long: how far the telling came.

        Asked every LOOKED_AT_EVERY_SECONDS by who waits. Raises one of DATABASE_ERRORS.
        """
        asked_at = time.monotonic()
        with patience():
            row = Relay.objects.filter(name=NAME).first() or _first_row()
            if row is None or not self._is_free(row) or not _take(row, self.holder):
                return None
        self.counter, self.renewed_at = row.counter + 1, asked_at
        return Place(row.token, row.told_until)

    def check(self) -> None:
        """Raise LeaseLost if somebody else may lead by now: asked before anything is told."""
        if time.monotonic() - self.renewed_at > STOPS_AFTER_SECONDS:
            raise LeaseLost("The database did not take a sign of life in time.")

    def renew(self, place: Place) -> None:
        """`save` when it is time again."""
        if time.monotonic() - self.renewed_at >= RENEWED_EVERY_SECONDS:
            self.save(place)

    def save(self, place: Place) -> None:
        """Give a sign of life and save how far it came. Raises LeaseLost if somebody else may lead."""
        try:
            self._write(place, self.holder)
        except DATABASE_ERRORS as error:
            log.warning("The relay could not renew its lease: %s", error)
        self.check()

    def release(self, place: Place) -> None:
        """Save how far it came and let whoever waits lead at once; if that fails, it waits a little longer."""
        try:
            self._write(place, "")
        except (LeaseLost, *DATABASE_ERRORS) as error:
            log.warning("The relay could not give up its lease: %s", error)

    def _is_free(self, row: Relay) -> bool:
        now, state = time.monotonic(), (row.holder, row.counter)
        if state != self.seen:
            self.seen, self.seen_since = state, now
        return row.holder in ("", self.holder) or now - self.seen_since > TAKEN_OVER_AFTER_SECONDS

    def _write(self, place: Place, holder: str) -> None:
        asked_at = time.monotonic()
        self.counter += 1  # whether it arrives or not: the next must differ from it
        with patience():
            held = _compare_and_set(
                Relay.objects.filter(name=NAME, holder=self.holder),
                holder=holder, counter=self.counter, token=place.token, told_until=place.told_until,
            )  # fmt: skip
        if not held:
            raise LeaseLost("Another process leads.")
        self.renewed_at = asked_at


def _take(row: Relay, holder: str) -> bool:
    free = Relay.objects.filter(pk=row.pk, holder=row.holder, counter=row.counter)
    return _compare_and_set(free, holder=holder, counter=row.counter + 1)


def _compare_and_set(rows: "QuerySet[Relay]", **changes: Any) -> bool:
    """One write of one document, which MongoDB does whole or not at all: no unit of work.

    A unit cut off before its commit would lock the row for a minute, against whoever wants to take over.
    """
    return rows.update(**changes, updated_at=clock.now()) == 1


def _first_row() -> Relay | None:
    """The row, made now; None if another made it at the same time."""
    try:
        return Relay.objects.create(name=NAME)
    except IntegrityError:
        return None
