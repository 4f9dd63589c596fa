"""What a confirmed payment does: the booking is sure, a charging session waits, the impact is written."""

import datetime as dt

from bookings.announcing import announce_session
from bookings.claims import claim_slots, leave_seat
from bookings.eco import estimated_energy_wh
from bookings.holding import announce
from bookings.merging import merge
from bookings.models import Booking, ChargingSession, Client, ClientTotal
from bookings.models.session import EnergySource
from bookings.slots import Period
from bookings.totals import write_eco_stat
from evbunker import clock
from evbunker.audit import record_change
from evbunker.db import atomic, claim, on_commit
from evbunker.metrics import CONFIRMATIONS


def local_day(booking: Booking) -> dt.date:
    """Today at the booking's station."""
    return clock.now().astimezone(booking.zone).date()


@atomic
def confirm_booking(*, booking: Booking, actor: Client | str) -> bool:
    """A held booking was paid; False if it is not held (any more). The row decides, not the clock.

    An extension becomes part of its booking; False if that has ended or stands at another time.
    """
    if booking.extends_id:
        return merge(booking, since=Booking.Status.HELD, actor=actor)
    return _confirm(booking, since=Booking.Status.HELD, actor=actor)


@atomic
def reacquire_booking(*, booking: Booking, actor: str) -> bool:
    """An expired booking was paid after all: confirm it if its slots are still to be had; False if it is not expired
    or has begun. Raises IntegrityError if somebody else owns a slot; then nothing was written."""
    if booking.starts_at <= clock.now():
        return False
    if booking.extends_id:
        return merge(booking, since=Booking.Status.EXPIRED, actor=actor)
    if not _confirm(booking, since=Booking.Status.EXPIRED, actor=actor):
        return False
    claim_slots(booking=booking, period=Period(booking.starts_at, booking.ends_at))
    return True


def _confirm(booking: Booking, *, since: str, actor: Client | str) -> bool:
    waiting = Booking.objects.filter(pk=booking.pk, status=since)
    sure = {"status": Booking.Status.CONFIRMED, "confirmed_at": clock.now(), "confirmed_day": local_day(booking)}
    first = not ClientTotal.objects.filter(client_id=booking.client_id).exists()
    if not claim(waiting, expires_at=None, is_first=first, **sure):
        return False
    booking.refresh_from_db()
    leave_seat(booking)
    announce_session(_schedule(booking))
    energy_wh = estimated_energy_wh(booking.energy_budget_wh, booking.evse_power_w, booking.minutes)
    write_eco_stat(booking=booking, energy_wh=energy_wh, minutes=booking.minutes, source=EnergySource.ESTIMATED)
    record_change(
        actor=actor, action="booking.confirmed", record=booking, before={"status": str(since)},
        after={"status": "confirmed"},
    )  # fmt: skip
    announce(booking)
    on_commit(CONFIRMATIONS.inc)
    return True


def _schedule(booking: Booking) -> ChargingSession:
    return ChargingSession.objects.create(
        booking=booking,
        evse_id=booking.evse_id,
        station_id=booking.station_id,
        client_id=booking.client_id,
        scheduled_for=booking.starts_at,
        scheduled_end=booking.ends_at,
        currency=booking.currency,
        client_name=booking.client_name,
        station_name=booking.station_name,
        station_time_zone=booking.station_time_zone,
        evse_label=booking.evse_label,
    )
