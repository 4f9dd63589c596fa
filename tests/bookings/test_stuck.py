"""Sessions that did not end when their time did, those an operator stops, and what a meter says of them."""

import datetime as dt
from collections.abc import Iterator

import pytest
from django.core import mail

from bookings.charging import complete_sessions, energy_so_far_wh, start_session, stop_session
from bookings.models import Booking, ChargingSession, Client, EcoStat, Evse, MeterValue
from bookings.refusals import NotCharging
from bookings.stuck import NotStuck, end_stuck, stuck_sessions, why_stuck
from evbunker import clock
from evbunker.models import Change
from payments.closing import ReasonMissing
from payments.integrity import check_integrity
from payments.models import Payment, Refund
from payments.outbox import work_outbox
from payments.stopping import stop_by_operator
from tests.booking_steps import paid

AN_HOUR = dt.timedelta(hours=1)


@pytest.fixture
def charging(dara: Client, evse: Evse) -> Iterator[ChargingSession]:
    """Begun with its booked hour, ten minutes ago."""
    booking = paid(dara, evse)
    with clock.shifted(booking.starts_at - clock.now()):
        session = start_session(booking=booking, actor=dara)
        with clock.shifted(dt.timedelta(minutes=10)):
            yield session


def test_a_meter_says_better_than_the_estimate_and_no_more_is_charged_than_was_bought(
    charging: ChargingSession, dara: Client
) -> None:
    booking = charging.booking
    for minute, energy_wh in ((1, 100), (5, 19_000), (9, 21_000)):
        at = clock.now() + dt.timedelta(minutes=minute)
        MeterValue.objects.create(session=charging, at=at, energy_wh=energy_wh, power_w=48_000)
    assert energy_so_far_wh(booking, charging) == 21_000
    ended = stop_session(booking=booking, actor=dara)
    assert (ended.energy_wh, ended.energy_source, ended.cost_minor) == (21_000, "metered", booking.quote_minor)
    assert EcoStat.objects.get(booking=booking).source == "metered"
    assert check_integrity() == []


def test_an_operator_stops_it_once_and_the_driver_is_told_why(charging: ChargingSession, opal: Client) -> None:
    booking = charging.booking
    with pytest.raises(ReasonMissing):
        stop_by_operator(booking=booking, actor=opal, note=" ")
    ended = stop_by_operator(booking=booking, actor=opal, note="The cable smokes.")
    assert ended.status == ChargingSession.Status.COMPLETED
    with pytest.raises(NotCharging):
        stop_by_operator(booking=booking, actor=opal, note="The cable smokes.")
    note = Change.objects.get(record_id=charging.pk, action="session.stopped")
    assert (note.actor, note.reason) == (opal.email, "The cable smokes.")
    with clock.shifted(AN_HOUR):
        work_outbox()
    told = [letter for letter in mail.outbox if letter.subject.startswith("Charging was stopped")]
    assert len(told) == 1
    assert "The cable smokes." in told[0].body
    assert "estimated" in told[0].body
    back = Refund.objects.get(payment=Payment.objects.get(booking=booking))
    assert (back.reason, back.amount_minor) == ("unused", booking.quote_minor - ended.cost_minor)


def test_what_time_should_have_ended_is_found_said_why_and_ended(
    charging: ChargingSession, dara: Client, opal: Client, evse: Evse
) -> None:
    unused = paid(dara, evse, in_minutes=120)
    assert stuck_sessions() == []
    with pytest.raises(NotStuck):
        end_stuck(session=charging, actor=opal, why="Looks odd.")
    with clock.shifted(10 * AN_HOUR):
        found = stuck_sessions()
        assert [session.booking_id for session in found] == [charging.booking_id, unused.pk]
        said = [why_stuck(session, Booking.objects.get(pk=session.booking_id)) for session in found]
        assert "still charges" in said[0]
        assert "Nobody came" in said[1]
        ended = [end_stuck(session=session, actor=opal, why="The job stood still.") for session in found]
        assert [session.status for session in ended] == ["completed", "aborted"]
        assert ended[0].ended_at == charging.scheduled_end
        assert stuck_sessions() == []
        with pytest.raises(NotStuck):
            end_stuck(session=ended[0], actor=opal, why="Once more.")
        assert complete_sessions() == (0, 0)
    assert check_integrity() == []


def test_a_session_whose_booking_has_ended_otherwise_is_ended_alone(charging: ChargingSession, opal: Client) -> None:
    Booking.objects.filter(pk=charging.booking_id).update(status=Booking.Status.CANCELLED)
    with clock.shifted(2 * AN_HOUR):
        complete_sessions()
        [session] = stuck_sessions()
        assert "cancelled" in why_stuck(session, Booking.objects.get(pk=session.booking_id))
        assert end_stuck(session=session, actor=opal, why="Left over.").status == ChargingSession.Status.ABORTED
    assert Booking.objects.get(pk=charging.booking_id).status == Booking.Status.CANCELLED
