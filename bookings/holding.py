"""Holding slots until they are paid: promise, take over, expire, give up."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError

from bookings import refusals
from bookings.claims import (
    MOST_HOLDS,
    SEATS,
    claims_of,
    claims_on,
    free_seat,
    lapsed,
    release,
    seat_of,
    takeover_cutoff,
)
from bookings.models import Booking, Client, ClientSeat, ClientSlot, Evse, Station, Tariff
from bookings.pricing import TariffTerms, price
from bookings.rules import checked_period
from bookings.signals import booking_changed
from bookings.slots import Period
from bookings.stale_days import mark_begun
from evbunker import clock
from evbunker.audit import change_of, record_change
from evbunker.db import Prepared, Repeated, atomic, by_id, claim, insert, on_commit, prepare
from evbunker.errors import Busy, DomainError
from evbunker.metrics import HOLDS
from evbunker.models import Record, new_id
from evbunker.ratelimit import RateLimited, allow, give_back

SEAT_RACES = 5
"""How often two holds of one client may pick the same free seat before we call the database busy."""


def hold(
    *, client: Client, evse: Evse, starts_at: dt.datetime, minutes: int, energy_wh: int,
    address: str = "", booking_id: UUID | None = None,
) -> Booking:  # fmt: skip
    """Promise `evse` to `client` until the hold expires.

    Raises a refusal of `bookings.refusals`, RateLimited or Busy; then nothing was written. `address` is where the
    request came from (for the rate limit); `booking_id` lets whoever repeats a request find what the first one made.
    """
    station = by_id(Station, evse.station_id)
    period = checked_period(evse=evse, station=station, starts_at=starts_at, minutes=minutes, energy_wh=energy_wh)
    booking = Booking(id=booking_id or new_id(), client=client, evse=evse, station=station)
    _write_terms(booking, client=client, evse=evse, station=station, period=period, energy_wh=energy_wh)
    return promise(booking, client=client, evse=evse, address=address)


def promise(booking: Booking, *, client: Client, evse: Evse, address: str = "") -> Booking:
    """Make a hold of `booking`, whose terms are written: of a new one and of an extension alike. Raises as `hold`."""
    period = Period(booking.starts_at, booking.ends_at)
    with counted_hold(client, address, explain=partial(refuse_if_taken, client=client, evse=evse, period=period)):
        return _promise(booking, client=client, evse=evse, period=period)


@contextmanager
def counted_hold(client: Client, address: str, *, explain: Callable[[], None]) -> Iterator[None]:
    """Count what is done here as a hold, unless it is refused. Who may not any more is told by `explain` if another
    refusal comes before RateLimited."""
    counted = ("hold", f"client:{client.pk}", *([f"address:{address}"] if address else []))
    try:
        allow(*counted)
    except RateLimited:
        explain()
        raise
    try:
        yield
    except DomainError:
        give_back(*counted)
        raise


def _promise(booking: Booking, *, client: Client, evse: Evse, period: Period) -> Booking:
    """Most wishes find nothing in their way: write first, and look only at what the unique indexes refused."""
    noted = change_of(actor=client, action="booking.held", record=booking, after={"status": booking.status})
    records: list[Record | Repeated] = [*claims_of(booking, period), booking, noted]
    write = partial(_write, booking, prepare([*records, seat_of(booking, SEATS[0])]))
    for _try in range(1 + SEAT_RACES):
        try:
            return write()
        except (IntegrityError, Busy) as error:
            refuse_if_taken(client=client, evse=evse, period=period)
            if isinstance(error, Busy):
                raise
        write = partial(_take_over_and_write, booking, records, client=client, evse=evse, period=period)
    raise Busy


@atomic
def _write(booking: Booking, prepared: Prepared) -> Booking:
    insert(prepared)  # the unique indexes decide
    announce(booking)
    on_commit(HOLDS.inc)
    return booking


@atomic
def _take_over_and_write(
    booking: Booking, records: list[Record | Repeated], *, client: Client, evse: Evse, period: Period
) -> Booking:  # fmt: skip
    take_over_lapsed(client=client, evse=evse, period=period)
    seat = free_seat(client)
    if seat is None:
        raise refusals.TooManyHolds
    return _write(booking, prepare([*records, seat_of(booking, seat)]))


def refuse_if_taken(*, client: Client, evse: Evse, period: Period) -> None:
    """Say what stands in the way, reading outside any unit of work. The unique indexes decide; this only explains."""
    own = ClientSlot.objects.filter(client=client, slot__gte=period.slots().start, slot__lt=period.slots().stop)
    if blocking(own.values_list("booking_id", flat=True)):
        raise refusals.OwnOverlap
    seats = ClientSeat.objects.filter(client=client).values_list("booking_id", flat=True)
    if len(blocking(seats)) >= MOST_HOLDS:
        raise refusals.TooManyHolds
    if blocking(claims_on([evse.pk], period.slots()).values_list("booking_id", flat=True)):
        raise refusals.SlotTaken


def blocking(booking_ids: Iterable[UUID | None]) -> set[UUID | None]:
    """What remains of these owners (None is a block) without the holds that may be taken over."""
    owners = set(booking_ids)
    return owners - set(lapsed(pk for pk in owners if pk).values_list("pk", flat=True))


def _write_terms(
    booking: Booking, *, client: Client, evse: Evse, station: Station, period: Period, energy_wh: int
) -> None:  # fmt: skip
    """Copy onto the booking what it was promised for, so that later changes of tariff or names do not reach it."""
    assert station.tariff_id is not None, "a bookable station has a tariff"
    tariff = by_id(Tariff, station.tariff_id)
    terms = TariffTerms.of(tariff)
    quote = price(terms=terms, minutes=period.minutes, energy_wh=energy_wh)
    booking.starts_at, booking.ends_at = period.starts_at, period.ends_at
    booking.energy_budget_wh = energy_wh
    booking.expires_at = clock.now() + dt.timedelta(seconds=settings.BOOKING_HOLD_SECONDS)
    booking.quote_minor, booking.currency, booking.price_lines = quote.total_minor, terms.currency, quote.lines
    booking.tariff_terms = terms.as_json()
    booking.policy_terms = {
        "free_cancel_hours": tariff.free_cancel_hours,
        "late_refund_bp": tariff.late_refund_bp,
        "no_show_fee_bp": tariff.no_show_fee_bp,
    }
    booking.client_name = str(client)
    booking.station_name, booking.station_city, booking.station_country = station.name, station.city, station.country
    booking.station_time_zone, booking.station_network = station.time_zone, station.network
    booking.evse_label, booking.evse_current, booking.evse_power_w = evse.label, evse.current, evse.max_power_w


def take_over_lapsed(*, client: Client, evse: Evse, period: Period) -> None:
    """Expire the holds whose grace is over that own a slot or a seat we want."""
    slots = period.slots()
    owners = set(claims_on([evse.pk], slots).values_list("booking_id", flat=True))
    owners |= set(ClientSeat.objects.filter(client=client).values_list("booking_id", flat=True))
    own_time = ClientSlot.objects.filter(client=client, slot__gte=slots.start, slot__lt=slots.stop)
    owners |= set(own_time.values_list("booking_id", flat=True))
    for booking in lapsed(owners - {None}):
        _expire(booking, actor="takeover")


def _expire(booking: Booking, *, actor: str) -> bool:
    """Expire one lapsed hold inside a unit of work; False if it is one no longer."""
    lapsed_hold = Booking.objects.held().filter(pk=booking.pk, expires_at__lte=takeover_cutoff())
    if not claim(lapsed_hold, status=Booking.Status.EXPIRED):
        return False
    booking.status = Booking.Status.EXPIRED
    release(booking)
    mark_begun(booking)
    record_change(
        actor=actor, action="booking.expired", record=booking, before={"status": "held"}, after={"status": "expired"}
    )
    announce(booking)
    return True


@atomic
def expire_hold(booking: Booking) -> bool:
    """Expire one hold whose grace is over; False if there is nothing to expire."""
    return _expire(booking, actor="expire_holds")


def expire_holds() -> int:
    """Expire what lapsed; how many. Hygiene: nothing waits for it. Safe to repeat and to run at once."""
    overdue = Booking.objects.held().filter(expires_at__lte=takeover_cutoff())
    return sum(expire_hold(booking) for booking in overdue[:1000])


@atomic
def cancel_hold(*, booking: Booking, actor: Client, reason: str = "client") -> bool:
    """Give an unpaid booking back; False if it was cancelled before. Raises Paid or NotCancellable."""
    held = Booking.objects.held().filter(pk=booking.pk)
    if not claim(held, status=Booking.Status.CANCELLED, ended_reason=reason):
        booking.refresh_from_db()
        if booking.status == Booking.Status.CANCELLED:
            return False
        raise refusals.Paid if booking.is_paid else refusals.NotCancellable
    booking.refresh_from_db()
    release(booking)
    mark_begun(booking)
    record_change(
        actor=actor, action="booking.cancelled", record=booking, before={"status": "held"},
        after={"status": "cancelled"},
    )  # fmt: skip
    announce(booking)
    return True


def announce(booking: Booking) -> None:
    """Tell, after commit, that the booking changed."""
    facts = {
        "booking_id": booking.pk,
        "client_id": booking.client_id,
        "station_id": booking.station_id,
        "status": str(booking.status),
    }
    on_commit(lambda: booking_changed.send_robust(Booking, **facts))
