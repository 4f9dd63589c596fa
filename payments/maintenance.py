"""Clearing an EVSE for maintenance: whoever booked it gets everything back, and nobody books it meanwhile."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db import IntegrityError
from django.utils.translation import gettext_lazy as _

from bookings.blocking import block, in_the_way, take_over_claims
from bookings.models import Booking, Client, Evse
from bookings.slots import Period
from evbunker.db import atomic
from evbunker.errors import Busy, DomainError
from payments.closing import close_booking, goes_back_minor, may_close

TRIES = 20
"""How often somebody may hold a slot between our look and our block before we call the database busy."""


class ConflictsChanged(DomainError):
    """Somebody booked, or paid, while the operator read what would be closed."""

    code = "conflicts_changed"
    message = _("Meanwhile other bookings are in the way, or other money goes back. Please look at it again.")


@dataclass(frozen=True)
class Conflict:
    """A booking in the way of a block, and what goes back to its driver in minor units of its currency."""

    booking: Booking
    goes_back_minor: int


def conflicts_of(evses: Iterable[Evse], period: Period) -> list[Conflict]:
    """The bookings that blocking `period` of these EVSEs would close, the first to begin first."""
    ids = {pk for evse in evses for pk in in_the_way(evse, period)}
    found = [booking for booking in Booking.objects.in_bulk(ids).values() if may_close(booking)]
    return [Conflict(one, goes_back_minor(one)) for one in sorted(found, key=lambda one: (one.starts_at, one.pk))]


def sums_of(conflicts: Iterable[Conflict]) -> dict[str, int]:
    """Currency -> what goes back in all, in minor units; currencies in which nothing does are left out."""
    sums: Counter[str] = Counter()
    for one in conflicts:
        sums[one.booking.currency] += one.goes_back_minor
    return {currency: minor for currency, minor in sorted(sums.items()) if minor}


def close_bookings_on(
    *, evse: Evse, period: Period, actor: Client, note: str, shown: Mapping[UUID, int] | None = None
) -> list[UUID]:
    """Close the bookings that touch `period`, and block it; which ones were closed. Safe to repeat.

    Each is closed, and its slots within `period` blocked, in one unit of work; then what nobody owns is blocked. A hold
    that comes between is closed in the next round. Raises ReasonMissing, or Busy: then some of it may be done.

    `shown` is what the actor was told: booking -> what goes back, in minor units. Then nothing else is closed: raises
    ConflictsChanged when there is more in the way, or ClosingChanged; what had been shown until then may be done.
    """
    closed: list[UUID] = []
    for _round in range(TRIES):
        found = sorted(in_the_way(evse, period))
        if shown is not None and not shown.keys() >= set(found):
            raise ConflictsChanged
        for pk in found:
            minor = None if shown is None else shown[pk]
            if _close_and_block(pk, period=period, actor=actor, note=note, shown_minor=minor):
                closed.append(pk)
        try:
            block(evse=evse, period=period, actor=actor, note=note)
        except IntegrityError:  # somebody was quicker
            continue
        if not in_the_way(evse, period):
            return closed
    raise Busy


@atomic
def _close_and_block(booking_id: UUID, *, period: Period, actor: Client, note: str, shown_minor: int | None) -> bool:
    booking = Booking.objects.get(pk=booking_id)
    if not may_close(booking):  # it ended meanwhile, and its slots are free
        return False
    take_over_claims(booking, period)
    return close_booking(booking=booking, actor=actor, note=note, shown_minor=shown_minor)
