"""Taking time of an EVSE away from everybody, for maintenance: claims like a booking's, which belong to nobody."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from bookings.claims import claims_on
from bookings.models import Booking, Client, Evse, SlotClaim, Station
from bookings.signals import station_changed
from bookings.slots import Period, runs, slot_of, start_of
from evbunker import clock
from evbunker.audit import record_change
from evbunker.db import Repeated, atomic, insert, on_commit, prepare


def in_the_way(evse: Evse, period: Period) -> set[UUID]:
    """The bookings that own a slot of `period`."""
    owners = claims_on([evse.pk], period.slots()).filter(booking__isnull=False)
    return set(owners.values_list("booking_id", flat=True))


def take_over_claims(booking: Booking, period: Period) -> None:
    """The booking's slots within `period` become blocks, in the unit of work that ends it: never free between."""
    slots = period.slots()
    taken = SlotClaim.objects.filter(booking=booking, slot__gte=slots.start, slot__lt=slots.stop)
    taken.update(booking=None, kind=SlotClaim.Kind.BLOCK)


@atomic
def block(*, evse: Evse, period: Period, actor: Client, note: str) -> None:
    """Take every slot of `period` that nobody owns. Safe to repeat.

    Raises IntegrityError if somebody takes one at the same moment; then nothing was written.
    """
    owned = set(claims_on([evse.pk], period.slots()).values_list("slot", flat=True))
    free = [slot for slot in period.slots() if slot not in owned]
    if free:
        block_of_evse = SlotClaim(evse_id=evse.pk, slot=free[0], kind=SlotClaim.Kind.BLOCK)
        insert(prepare([Repeated(block_of_evse, "slot", free)]))
    record_change(
        actor=actor, action="evse.blocked", record=evse, reason=note,
        after={"starts_at": period.starts_at.isoformat(), "ends_at": period.ends_at.isoformat()},
    )  # fmt: skip
    on_commit(lambda: station_changed.send_robust(Station, station_id=evse.station_id))


@atomic
def unblock(*, evse: Evse, period: Period, actor: Client, note: str) -> int:
    """Give back what is blocked of `period` and not over; how many slots. Safe to repeat; bookings are not touched."""
    slots = period.slots()
    first = max(slots.start, slot_of(clock.now()))
    blocks = claims_on([evse.pk], range(first, slots.stop)).filter(kind=SlotClaim.Kind.BLOCK)
    if not (given_back := blocks.delete()[0]):
        return 0
    record_change(
        actor=actor, action="evse.unblocked", record=evse, reason=note,
        after={"starts_at": start_of(first).isoformat(), "ends_at": period.ends_at.isoformat()},
    )  # fmt: skip
    on_commit(lambda: station_changed.send_robust(Station, station_id=evse.station_id))
    return given_back


def blocks_of(evses: Iterable[Evse], *, until: dt.datetime) -> list[tuple[Evse, Period]]:
    """What is blocked of these EVSEs from the current slot on and before `until`: unbroken runs, EVSE by EVSE."""
    asked = list(evses)
    claims = claims_on([evse.pk for evse in asked], range(slot_of(clock.now()), slot_of(until)))
    blocked: dict[UUID, list[int]] = defaultdict(list)
    for evse_id, slot in claims.filter(kind=SlotClaim.Kind.BLOCK).values_list("evse_id", "slot"):
        blocked[evse_id].append(slot)
    return [
        (evse, Period(start_of(run.start), start_of(run.stop)))
        for evse in asked
        for run in runs(sorted(blocked[evse.pk]))
    ]
