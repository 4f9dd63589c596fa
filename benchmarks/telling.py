"""Makes events happen, in a process of its own as gunicorn's workers are: a unit of work, then its signal's event.

Reads orders as lines of JSON, as `socketio/emitter.mjs` does: {} for one event, {rate, seconds} for a burst, {shown}
for what a panel must show now. The answer to events is when each was committed, in ns of the monotonic clock.
"""

import itertools
import json
import sys
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import django

django.setup()

from bookings.models import Evse  # noqa: E402
from evbunker.db import atomic, claim, on_commit  # noqa: E402
from evbunker.live import Event, publish  # noqa: E402
from evbunker.live.panels import ref_of  # noqa: E402
from evbunker.live.rendering import render  # noqa: E402

CHANGE_EVERY = 20
"""Events of a burst for one change of what is shown: the rest of 200 writes a second would measure the database."""


def main() -> None:
    station_id = UUID(sys.argv[1])
    evses = itertools.cycle(Evse.objects.filter(station=station_id).order_by("label"))
    for line in sys.stdin:
        order = json.loads(line)
        if "shown" in order:
            answer: Any = render(ref_of(order["shown"]), None)
        elif "rate" in order:
            answer = burst(evses, station_id, order["rate"], order["seconds"])
        else:
            answer = [change(next(evses), station_id)]
        print(json.dumps(answer), flush=True)


def change(evse: Evse, station_id: UUID) -> int:
    """Let the EVSE be occupied, or free again; when that was committed."""
    committed: list[int] = []
    other = Evse.Status.OCCUPIED if evse.status == Evse.Status.AVAILABLE else Evse.Status.AVAILABLE

    @atomic
    def work() -> None:
        assert claim(Evse.objects.filter(pk=evse.pk, status=evse.status), status=other)
        on_commit(lambda: committed.append(time.monotonic_ns()))
        on_commit(lambda: publish(Event("station_update", station=station_id)))

    work()
    evse.status = other
    return committed[0]


def burst(evses: Iterator[Evse], station_id: UUID, rate: int, seconds: float) -> list[int]:
    """As many events at that rate, the last of which follows a change. No two changes in a row are of one EVSE."""
    began, times = time.monotonic(), []
    count = int(rate * seconds)
    for n in range(count):
        time.sleep(max(0.0, began + n / rate - time.monotonic()))
        if n % CHANGE_EVERY == 0 or n == count - 1:
            times.append(change(next(evses), station_id))
        else:
            times.append(time.monotonic_ns())
            publish(Event("station_update", station=station_id))
    return times


if __name__ == "__main__":
    main()
