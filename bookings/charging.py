"""Charging sessions: start, stop, and close what time has closed."""

import datetime as dt

from bookings import refusals
from bookings.announcing import announce_session
from bookings.claims import release
from bookings.eco import estimated_energy_wh
from bookings.holding import announce
from bookings.merging import give_up_extensions
from bookings.models import Booking, ChargingSession, Client, Evse
from bookings.models.session import EnergySource
from bookings.pricing import TariffTerms, price
from bookings.signals import station_changed
from bookings.totals import remove_eco_stat, write_eco_stat
from evbunker import clock
from evbunker.audit import record_change
from evbunker.db import atomic, claim, on_commit

AT_ONCE = 1000
"""Sessions closed by one run of the job; the next run takes the rest."""


@atomic
def start_session(*, booking: Booking, actor: Client) -> ChargingSession:
    """Begin to charge; repeating it returns the running session. Raises NotStartable, TooEarly or TooLate."""
    session = ChargingSession.objects.filter(booking=booking).first()
    if session is None:
        raise refusals.NotStartable
    if session.status == ChargingSession.Status.ACTIVE:
        return session
    now = clock.now()
    if session.status != ChargingSession.Status.SCHEDULED or not _take_into_use(booking, now):
        raise refusals.NotStartable
    scheduled = ChargingSession.objects.filter(pk=session.pk, status=ChargingSession.Status.SCHEDULED)
    claim(scheduled, status=ChargingSession.Status.ACTIVE, started_at=now)
    _set_evse(booking, since=Evse.Status.AVAILABLE, to=Evse.Status.OCCUPIED)
    return _tell(booking, session, actor=actor, action="session.started")


def _take_into_use(booking: Booking, now: dt.datetime) -> bool:
    if now < booking.starts_at:
        raise refusals.TooEarly
    if now >= booking.ends_at:
        raise refusals.TooLate
    confirmed = Booking.objects.filter(pk=booking.pk, status=Booking.Status.CONFIRMED)
    return claim(confirmed, status=Booking.Status.IN_USE)


@atomic
def stop_session(*, booking: Booking, actor: Client | str) -> ChargingSession:
    """End the running session; repeating it returns the ended one. Raises NotCharging.

    Without a meter the energy is estimated from the time that passed, at most the budget.
    """
    session = ChargingSession.objects.filter(booking=booking).first()
    if session is None or session.status == ChargingSession.Status.SCHEDULED:
        raise refusals.NotCharging
    if session.status != ChargingSession.Status.ACTIVE:
        return session
    _complete(booking, session)
    return _tell(booking, session, actor=actor, action="session.completed")


def minutes_so_far(booking: Booking, session: ChargingSession) -> int:
    """How long a running session has been charging, within the booked time; a minute that began counts."""
    assert session.started_at is not None, "an active session has started"
    until = min(clock.now(), booking.ends_at)
    return -(-int((until - session.started_at).total_seconds()) // 60)


def energy_so_far_wh(booking: Booking, session: ChargingSession) -> int:
    """What a running session has charged without a meter: the same now as if it were stopped now."""
    return estimated_energy_wh(booking.energy_budget_wh, booking.evse_power_w, minutes_so_far(booking, session))


def _complete(booking: Booking, session: ChargingSession) -> None:
    ended_at = min(clock.now(), booking.ends_at)
    minutes = minutes_so_far(booking, session)
    energy_wh = energy_so_far_wh(booking, session)
    cost = price(terms=TariffTerms.from_json(booking.tariff_terms), minutes=booking.minutes, energy_wh=energy_wh)
    active = ChargingSession.objects.filter(pk=session.pk, status=ChargingSession.Status.ACTIVE)
    completed = ChargingSession.Status.COMPLETED
    claim(active, status=completed, ended_at=ended_at, energy_wh=energy_wh, cost_minor=cost.total_minor)
    in_use = Booking.objects.filter(pk=booking.pk, status=Booking.Status.IN_USE)
    claim(in_use, status=Booking.Status.COMPLETED)
    release(booking)
    give_up_extensions(booking, actor="charging")
    write_eco_stat(
        booking=booking, energy_wh=energy_wh, minutes=minutes, source=EnergySource.ESTIMATED,
        paid_minor=cost.total_minor,
    )  # fmt: skip
    _set_evse(booking, since=Evse.Status.OCCUPIED, to=Evse.Status.AVAILABLE)


@atomic
def close_unused(*, booking: Booking) -> bool:
    """Nobody came: the booking is a no-show, its session aborted, its impact gone. False if that was known."""
    confirmed = Booking.objects.filter(pk=booking.pk, status=Booking.Status.CONFIRMED, ends_at__lte=clock.now())
    if not claim(confirmed, status=Booking.Status.NO_SHOW, ended_reason="no_show"):
        return False
    booking.refresh_from_db()
    session = ChargingSession.objects.get(booking=booking)
    scheduled = ChargingSession.objects.filter(pk=session.pk, status=ChargingSession.Status.SCHEDULED)
    claim(scheduled, status=ChargingSession.Status.ABORTED, ended_at=booking.ends_at)
    release(booking)
    give_up_extensions(booking, actor="charging")
    remove_eco_stat(booking=booking)
    _tell(booking, session, actor="complete_sessions", action="session.unused")
    return True


def complete_sessions() -> tuple[int, int]:
    """Close what time has closed: (sessions completed, bookings not used). Safe to repeat and to run at once."""
    over = Booking.objects.filter(ends_at__lte=clock.now())
    used = over.filter(status=Booking.Status.IN_USE)[:AT_ONCE]
    unused = over.filter(status=Booking.Status.CONFIRMED)[:AT_ONCE]
    completed = [stop_session(booking=booking, actor="complete_sessions") for booking in used]
    return len(completed), sum(close_unused(booking=booking) for booking in unused)


def _set_evse(booking: Booking, *, since: str, to: str) -> None:
    """A car came or left; a fault that the EVSE reports is not overwritten."""
    if claim(Evse.objects.filter(pk=booking.evse_id, status=since), status=to):
        station_id = booking.station_id
        on_commit(lambda: station_changed.send_robust(Evse, station_id=station_id))


def _tell(booking: Booking, session: ChargingSession, *, actor: Client | str, action: str) -> ChargingSession:
    session.refresh_from_db()
    booking.refresh_from_db()
    record_change(actor=actor, action=action, record=session, after={"status": session.status})
    announce(booking)
    announce_session(session)
    return session
