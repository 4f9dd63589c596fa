"""How long and how far ahead drivers may book: what the operator allows, never more than the contract's own bounds."""

from collections.abc import Callable
from typing import NamedTuple

from bookings.slots import MOST_DAYS_AHEAD, MOST_SLOTS, SLOT_MINUTES


class Limits(NamedTuple):
    """`slots` of 15 minutes of one booking, whole `days_ahead` of now."""

    slots: int = MOST_SLOTS
    days_ahead: int = MOST_DAYS_AHEAD

    @property
    def minutes(self) -> int:
        return self.slots * SLOT_MINUTES

    @property
    def bounded(self) -> "Limits":
        """Within what the contract knows, whatever was stored."""
        return Limits(min(max(self.slots, 1), MOST_SLOTS), min(max(self.days_ahead, 1), MOST_DAYS_AHEAD))


_provider: list[Callable[[], Limits]] = []


def register_limits(provider: Callable[[], Limits]) -> None:
    """Let `provider` say what is allowed; the last one counts. It is asked for every wish, so it must be quick."""
    _provider[:] = [provider]


def limits() -> Limits:
    """What is allowed now."""
    return _provider[0]().bounded if _provider else Limits()
