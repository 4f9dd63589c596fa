"""A booking at another time: the same rules, the same unique indexes and the same refusals as a new hold."""

import datetime as dt
from collections.abc import Callable
from functools import partial
from typing import Any

from django.db import IntegrityError

from bookings import refusals
from bookings.claims import claims_on
from bookings.holding import SEAT_RACES, blocking, counted_hold, take_over_lapsed
from bookings.merging import give_up_extensions
from bookings.models import Booking, Client, ClientSlot, Evse, SlotClaim, Station
from bookings.policy import free_until
from bookings.rescheduling import reschedule
from bookings.rules import checked_period
from bookings.slots import Period
from evbunker import clock
from evbunker.db import Repeated, RunAgain, atomic, by_id, insert, prepare
from evbunker.errors import Busy

Then = Callable[[Booking], None]
MOVABLE = (Booking.Status.HELD, Booking.Status.CONFIRMED)


def move_booking(
    *, booking: Booking, starts_at: dt.datetime, actor: Client, evse: Evse | None = None, address: str = "",
    then: Then = lambda _booking: None,
) -> bool:  # fmt: skip
    """Promise the same length from `starts_at` on, at `evse` if given, in place of what was; False if it is there.

    It keeps its price, and a hold its deadline. Raises NotMovable, a refusal of a hold, RateLimited or Busy; then it
    stands where it stood. `then` is done in the same unit of work.
    """
    _check_movable(booking)
    evse = evse or by_id(Evse, booking.evse_id)
    if (booking.evse_id, booking.starts_at) == (evse.pk, starts_at):
        return False
    period = _checked_period(booking, evse, starts_at)
    explain = partial(refuse_if_in_the_way, booking=booking, evse=evse, period=period)
    with counted_hold(actor, address, explain=explain):
        for _try in range(1 + SEAT_RACES):
            try:
                return _move(booking, evse, period, actor=actor, then=then)
            except (IntegrityError, Busy) as error:
                explain()
                if isinstance(error, Busy):
                    raise
        raise Busy


def _check_movable(booking: Booking) -> None:
    now = clock.now()
    if booking.extends_id or booking.status not in MOVABLE or booking.starts_at <= now:
        raise refusals.NotMovable
    if booking.is_held and booking.expires_at is not None and booking.expires_at <= now:
        raise refusals.NotMovable


def _checked_period(booking: Booking, evse: Evse, starts_at: dt.datetime) -> Period:
    station = by_id(Station, booking.station_id)
    if evse.station_id != station.pk:
        raise refusals.UnknownEvse
    return checked_period(
        evse=evse, station=station, starts_at=starts_at, minutes=booking.minutes,
        energy_wh=booking.energy_budget_wh, had_minutes=booking.minutes,
    )  # fmt: skip


def refuse_if_in_the_way(*, booking: Booking, evse: Evse, period: Period) -> None:
    """Say what stands in the way of moving there, reading outside any unit of work; its own slots do not."""
    slots, own = period.slots(), {booking.pk}
    times = ClientSlot.objects.filter(client_id=booking.client_id, slot__gte=slots.start, slot__lt=slots.stop)
    if blocking(times.values_list("booking_id", flat=True)) - own:
        raise refusals.OwnOverlap
    if blocking(claims_on([evse.pk], slots).values_list("booking_id", flat=True)) - own:
        raise refusals.SlotTaken


@atomic
def _move(seen: Booking, evse: Evse, period: Period, *, actor: Client, then: Then) -> bool:
    booking = Booking.objects.get(pk=seen.pk)
    _check_movable(booking)
    if (booking.evse_id, booking.starts_at) == (evse.pk, period.starts_at):
        return False  # the same request, at the same moment
    if booking.minutes != period.minutes:
        raise refusals.NotMovable  # it became longer or shorter meanwhile
    give_up_extensions(booking, actor=actor)
    take_over_lapsed(client=actor, evse=evse, period=period)
    _exchange_slots(booking, evse, period)
    if not reschedule(booking, actor=actor, action="booking.moved", **_changes(booking, evse, period)):
        raise RunAgain
    then(booking)
    return True


def _exchange_slots(booking: Booking, evse: Evse, period: Period) -> None:
    """Take what it does not own yet, give back what it needs no more; the unique indexes refuse what is taken."""
    old, new = Period(booking.starts_at, booking.ends_at).slots(), period.slots()
    who, both = {"booking_id": booking.pk}, set(old) & set(new)
    keeps = both if evse.pk == booking.evse_id else set()
    for owned, kept in ((SlotClaim, keeps), (ClientSlot, both)):
        owned.objects.filter(**who, slot__in=[slot for slot in old if slot not in kept]).delete()
    claim, time = SlotClaim(evse_id=evse.pk, slot=0, **who), ClientSlot(client_id=booking.client_id, slot=0, **who)
    gained = [Repeated(claim, "slot", sorted(set(new) - keeps)), Repeated(time, "slot", sorted(set(new) - both))]
    insert(prepare(one for one in gained if one.values))


def _changes(booking: Booking, evse: Evse, period: Period) -> dict[str, Any]:
    """What moves with it. Of a paid one, the earlier of both ends of free cancelling stays."""
    changes: dict[str, Any] = {"starts_at": period.starts_at, "ends_at": period.ends_at}
    if evse.pk != booking.evse_id:
        changes |= {
            "evse": evse,
            "evse_label": evse.label,
            "evse_current": evse.current,
            "evse_power_w": evse.max_power_w,
        }
    if booking.is_paid:
        changes["policy_terms"] = booking.policy_terms | {"free_until": free_until(booking).isoformat()}
    return changes
