"""Charging sessions: start, stop, and close what time has closed."""

import datetime as dt
from typing import NamedTuple

from bookings import refusals
from bookings.announcing import announce_session
from bookings.claims import release
from bookings.eco import estimated_energy_wh
from bookings.holding import announce
from bookings.merging import give_up_extensions
from bookings.models import Booking, ChargingSession, Client, Evse, MeterValue
from bookings.models.session import EnergySource
from bookings.pricing import TariffTerms, price
from bookings.signals import station_changed
from bookings.totals import remove_eco_stat, write_eco_stat
from evbunker import clock
from evbunker.audit import record_change
from evbunker.db import atomic, claim, newest, on_commit
from evbunker.models import Change

AT_ONCE = 1000
"""Sessions closed by one run of the job; the next run takes the rest."""
STOPPED = "session.stopped"
"""The act of somebody who is not the driver, and says why."""


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
def stop_session(*, booking: Booking, actor: Client | str, why: str = "") -> ChargingSession:
    """End the running session; repeating it returns the ended one. Raises NotCharging.

    Without a meter the energy is estimated from the time that passed, at most the budget. `why` is for the audit
    trail, where somebody else than the driver stops it.
    """
    session = ChargingSession.objects.filter(booking=booking).first()
    if session is None or session.status == ChargingSession.Status.SCHEDULED:
        raise refusals.NotCharging
    if session.status != ChargingSession.Status.ACTIVE:
        return session
    _complete(booking, session)
    return _tell(booking, session, actor=actor, action=STOPPED if why else "session.completed", why=why)


def words_of_stop(session: ChargingSession) -> str:
    """Why somebody else than the driver stopped it; empty if nobody did."""
    noted = newest(Change.objects.filter(record_id=session.pk), by="created_at", limit=20)
    return next((change.reason for change in noted if change.action == STOPPED), "")


def _until(booking: Booking, session: ChargingSession) -> dt.datetime:
    """When a running session ends if it ends now: within the booked time, and never before it began, though the clock
    may have been set back since."""
    assert session.started_at is not None, "an active session has started"
    return max(session.started_at, min(clock.now(), booking.ends_at))


def minutes_so_far(booking: Booking, session: ChargingSession) -> int:
    """How long a running session has been charging, within the booked time; a minute that began counts."""
    assert session.started_at is not None, "an active session has started"
    return -(-int((_until(booking, session) - session.started_at).total_seconds()) // 60)


class Known(NamedTuple):
    """What a running session has charged, and how that is known; `reading` is its meter's newest, if it has one."""

    energy_wh: int
    source: str
    reading: MeterValue | None


def known_so_far(booking: Booking, session: ChargingSession) -> Known:
    """What a running session has charged: the same now as if it were stopped now."""
    reading = next(iter(newest(MeterValue.objects.filter(session=session), by="at", limit=1)), None)
    if reading is not None:
        return Known(reading.energy_wh, EnergySource.METERED, reading)
    minutes = minutes_so_far(booking, session)
    estimate_wh = estimated_energy_wh(booking.energy_budget_wh, booking.evse_power_w, minutes)
    return Known(estimate_wh, EnergySource.ESTIMATED, None)


def energy_so_far_wh(booking: Booking, session: ChargingSession) -> int:
    """The energy alone of `known_so_far`."""
    return known_so_far(booking, session).energy_wh


def cost_so_far_minor(booking: Booking, energy_wh: int) -> int:
    """What charging `energy_wh` costs. Nothing beyond the budget was bought, so nothing beyond it is charged."""
    charged_wh = min(energy_wh, booking.energy_budget_wh)
    terms = TariffTerms.from_json(booking.tariff_terms)
    return price(terms=terms, minutes=booking.minutes, energy_wh=charged_wh).total_minor


def _complete(booking: Booking, session: ChargingSession) -> None:
    ended_at, minutes = _until(booking, session), minutes_so_far(booking, session)
    known = known_so_far(booking, session)
    cost_minor = cost_so_far_minor(booking, known.energy_wh)
    active = ChargingSession.objects.filter(pk=session.pk, status=ChargingSession.Status.ACTIVE)
    claim(
        active, status=ChargingSession.Status.COMPLETED, ended_at=ended_at, energy_wh=known.energy_wh,
        energy_source=known.source, cost_minor=cost_minor,
    )  # fmt: skip
    in_use = Booking.objects.filter(pk=booking.pk, status=Booking.Status.IN_USE)
    claim(in_use, status=Booking.Status.COMPLETED)
    release(booking)
    give_up_extensions(booking, actor="charging")
    write_eco_stat(
        booking=booking, energy_wh=known.energy_wh, minutes=minutes, source=known.source, paid_minor=cost_minor
    )
    _set_evse(booking, since=Evse.Status.OCCUPIED, to=Evse.Status.AVAILABLE)


@atomic
def close_unused(*, booking: Booking, actor: Client | str = "complete_sessions", why: str = "") -> bool:
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
    _tell(booking, session, actor=actor, action="session.unused", why=why)
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


def _tell(
    booking: Booking, session: ChargingSession, *, actor: Client | str, action: str, why: str = ""
) -> ChargingSession:
    session.refresh_from_db()
    booking.refresh_from_db()
    record_change(actor=actor, action=action, record=session, after={"status": session.status}, reason=why)
    announce(booking)
    announce_session(session)
    return session
