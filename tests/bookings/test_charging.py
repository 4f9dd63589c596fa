"""Charging: start, stop, and what time closes by itself."""

import datetime as dt

import pytest

from bookings import refusals
from bookings.charging import complete_sessions, start_session, stop_session
from bookings.models import Booking, ChargingSession, Client, ClientTotal, EcoStat, Evse, SlotClaim
from evbunker import clock
from payments.integrity import check_integrity
from tests.booking_steps import held, paid


@pytest.fixture
def booking(dara: Client, evse: Evse) -> Booking:
    """Paid, 60 minutes, at least an hour away."""
    return paid(dara, evse, minutes=60, energy_wh=20_000)


def at(moment: dt.datetime) -> object:
    return clock.shifted(moment - clock.now())


def test_confirming_schedules_a_session_and_writes_the_estimate(booking: Booking, dara: Client) -> None:
    assert booking.status == Booking.Status.CONFIRMED
    assert ChargingSession.objects.get(booking=booking).status == ChargingSession.Status.SCHEDULED
    stat = EcoStat.objects.get(booking=booking)
    assert (stat.energy_wh, stat.source) == (20_000, "estimated")
    assert ClientTotal.objects.get(client=dara).energy_wh == 20_000
    assert check_integrity() == []


def test_the_budget_never_exceeds_what_the_evse_can_do(dara: Client, evse: Evse) -> None:
    small = paid(dara, evse, minutes=15, energy_wh=15_000)
    assert EcoStat.objects.get(booking=small).energy_wh == 15_000


def test_starting_and_stopping_updates_the_estimate(booking: Booking, dara: Client, evse: Evse) -> None:
    with at(booking.starts_at):
        session = start_session(booking=booking, actor=dara)
        evse.refresh_from_db()
        assert (session.status, booking.status, evse.status) == ("active", "in_use", "occupied")
    with at(booking.starts_at + dt.timedelta(minutes=10)):
        session = stop_session(booking=booking, actor=dara)
        evse.refresh_from_db()
    assert (session.status, booking.status, evse.status) == ("completed", "completed", "available")
    assert session.energy_wh == 60_000 * 10 // 60 == EcoStat.objects.get(booking=booking).energy_wh
    assert not SlotClaim.objects.exists()
    assert check_integrity() == []


def test_a_clock_that_was_set_back_ends_a_session_when_it_began(booking: Booking, dara: Client) -> None:
    with at(booking.starts_at):
        start_session(booking=booking, actor=dara)
    session = stop_session(booking=booking, actor=dara)
    assert (session.status, session.ended_at, session.energy_wh) == ("completed", session.started_at, 0)
    assert check_integrity() == []


def test_both_are_safe_to_repeat(booking: Booking, dara: Client) -> None:
    with at(booking.starts_at):
        first, second = (start_session(booking=booking, actor=dara) for _ in range(2))
        assert first.started_at == second.started_at
    with at(booking.ends_at):
        first, second = (stop_session(booking=booking, actor=dara) for _ in range(2))
        assert (first.ended_at, first.energy_wh) == (second.ended_at, second.energy_wh)


def test_it_does_not_start_early_late_or_unpaid(booking: Booking, dara: Client, evse: Evse) -> None:
    with pytest.raises(refusals.TooEarly):
        start_session(booking=booking, actor=dara)
    with at(booking.ends_at), pytest.raises(refusals.TooLate):
        start_session(booking=booking, actor=dara)
    with pytest.raises(refusals.NotStartable):
        start_session(booking=held(dara, evse, in_minutes=300), actor=dara)
    with pytest.raises(refusals.NotCharging):
        stop_session(booking=booking, actor=dara)


def test_what_is_running_when_the_time_is_over_is_completed(booking: Booking, dara: Client) -> None:
    with at(booking.starts_at):
        start_session(booking=booking, actor=dara)
        assert complete_sessions() == (0, 0)
    with at(booking.ends_at + dt.timedelta(hours=3)):
        assert [complete_sessions() for _ in range(2)] == [(1, 0), (0, 0)]
    session = ChargingSession.objects.get(booking=booking)
    assert (session.ended_at, session.energy_wh) == (booking.ends_at, 20_000)
    assert check_integrity() == []


def test_nobody_came_so_nothing_was_saved(booking: Booking, dara: Client) -> None:
    with at(booking.ends_at):
        assert [complete_sessions() for _ in range(2)] == [(0, 1), (0, 0)]
    booking.refresh_from_db()
    assert booking.status == Booking.Status.NO_SHOW
    assert not EcoStat.objects.exists()
    assert not ClientTotal.objects.exists()
    assert check_integrity() == []


def test_a_fault_reported_meanwhile_is_kept(booking: Booking, dara: Client, evse: Evse) -> None:
    with at(booking.starts_at):
        start_session(booking=booking, actor=dara)
        Evse.objects.filter(pk=evse.pk).update(status=Evse.Status.FAULTED)
        stop_session(booking=booking, actor=dara)
    evse.refresh_from_db()
    assert evse.status == Evse.Status.FAULTED
