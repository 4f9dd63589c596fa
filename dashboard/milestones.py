"""Milestones: round figures of a driver's own, reached or next. Nothing is given that was not charged."""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain


@dataclass(frozen=True)
class Reached:
    """A milestone that was passed on `day`."""

    metric: str
    value: int
    day: dt.date


@dataclass(frozen=True)
class Next:
    """The next milestone of a metric, and how far it is there."""

    metric: str
    value: int
    now: int

    @property
    def percent(self) -> int:
        """Whole percents, never 100 before it is reached."""
        return max(0, self.now) * 100 // self.value


def rising(first: int) -> Iterator[int]:
    """`first` times 1, 2.5, 5, 10, 25, 50 and so on without an end."""
    while True:
        yield from (first, first * 5 // 2, first * 5)
        first *= 10


def steps(metric: str) -> Iterator[int]:
    """The milestones of a metric, in its base unit."""
    firsts = {"energy_wh": 10_000, "co2_saved_g": 10_000, "distance_m": 100_000}
    return rising(firsts[metric]) if metric in firsts else chain((1, 5), rising(10))


def progress(metric: str, days: Iterable[tuple[dt.date, int]]) -> tuple[list[Reached], Next]:
    """What was passed, in order, and what comes next. `days` are (day, what was added on it), in order.

    A sum that shrinks again later (a dirty grid) takes nothing away.
    """
    ahead, now, passed = steps(metric), 0, []
    target = next(ahead)
    for day, added in days:
        now += added
        while now >= target:
            passed.append(Reached(metric, target, day))
            target = next(ahead)
    return passed, Next(metric, target, now)
