"""A booking whose time or price changes: its session, its impact and whoever watches follow. Inside a unit of work."""

import datetime as dt
from typing import Any

from bookings.announcing import announce_session
from bookings.eco import estimated_energy_wh
from bookings.holding import announce
from bookings.models import Booking, ChargingSession, Client
from bookings.models.session import EnergySource
from bookings.stale_days import days_of_use, mark_days
from bookings.totals import write_eco_stat
from evbunker import clock
from evbunker.audit import record_change
from evbunker.db import claim

SECOND = dt.timedelta(seconds=1)


def reschedule(booking: Booking, *, actor: Client | str, action: str, **changes: Any) -> bool:
    """Set `changes` if the booking still is what was read; False, and nothing written, if it is not.

    A calendar tells newer from older by whole seconds, so two changes within one are a second apart.
    """
    stands = Booking.objects.filter(
        pk=booking.pk, status=booking.status, evse_id=booking.evse_id, starts_at=booking.starts_at,
        ends_at=booking.ends_at,
    )  # fmt: skip
    before, used = _facts(booking), days_of_use(booking)
    if not claim(stands, updated_at=max(clock.now(), booking.updated_at + SECOND), **changes):
        return False
    booking.refresh_from_db()
    record_change(actor=actor, action=action, record=booking, before=before, after=_facts(booking))
    announce(booking)
    if booking.is_paid:
        _session_follows(booking)
        left = used - days_of_use(booking)
        mark_days(left, station_id=booking.station_id, time_zone=booking.station_time_zone)
        energy_wh = estimated_energy_wh(booking.energy_budget_wh, booking.evse_power_w, booking.minutes)
        write_eco_stat(booking=booking, energy_wh=energy_wh, minutes=booking.minutes, source=EnergySource.ESTIMATED)
    return True


def _facts(booking: Booking) -> dict[str, Any]:
    return {
        "evse": booking.evse_label,
        "starts_at": booking.starts_at.isoformat(),
        "ends_at": booking.ends_at.isoformat(),
        "energy_budget_wh": booking.energy_budget_wh,
        "quote_minor": booking.quote_minor,
    }


def _session_follows(booking: Booking) -> None:
    session = ChargingSession.objects.get(booking=booking)
    claim(
        ChargingSession.objects.filter(pk=session.pk, status=session.status), scheduled_for=booking.starts_at,
        scheduled_end=booking.ends_at, evse_id=booking.evse_id, evse_label=booking.evse_label,
    )  # fmt: skip
    session.refresh_from_db()
    announce_session(session)
