"""What was paid before there were refunds is settled as well, and no settling is ever given up for being early."""

import datetime as dt
from importlib import import_module

import pytest
from django.apps import apps

from bookings.charging import complete_sessions, start_session, stop_session
from bookings.models import Booking, Client, Evse
from evbunker import clock
from payments import outbox
from payments.integrity import check_integrity
from payments.models import GatewayCommand, Payment, Refund
from tests.booking_steps import held, paid, pending

earlier = import_module("payments.migrations.0006_settle_earlier")


@pytest.fixture
def booking(dara: Client, evse: Evse) -> Booking:
    """Charged for ten minutes of the hour that was paid, when nothing sent the rest back."""
    booking = paid(dara, evse)
    GatewayCommand.objects.filter(kind="settle").delete()
    with clock.moved_to(booking.starts_at):
        start_session(booking=booking, actor=dara)
    with clock.moved_to(booking.starts_at + dt.timedelta(minutes=10)):
        stop_session(booking=booking, actor=dara)
    return booking


def test_the_migration_has_it_settled_once(booking: Booking, eli: Client, evse: Evse) -> None:
    pending(held(eli, evse, in_minutes=300))
    later = paid(eli, evse, in_minutes=480)
    for _run in range(2):
        earlier.ask_for_settling(apps, None)
    asked = {command.payment.booking_id: command for command in GatewayCommand.objects.filter(kind="settle")}
    assert set(asked) == {booking.pk, later.pk}
    assert asked[booking.pk].next_at == booking.ends_at
    with clock.moved_to(booking.ends_at):
        outbox.work_outbox()
        outbox.work_outbox()
    payment = Payment.objects.get(booking=booking)
    assert payment.refunded_minor == payment.captured_minor - booking.session.cost_minor > 0
    assert Refund.objects.count() == 1
    assert check_integrity() == []


def test_it_goes_page_by_page(booking: Booking, dara: Client, evse: Evse, monkeypatch: pytest.MonkeyPatch) -> None:
    paid(dara, evse, in_minutes=300)
    paid(dara, evse, in_minutes=480)
    GatewayCommand.objects.filter(kind="settle").delete()
    monkeypatch.setattr(earlier, "AT_A_TIME", 1)
    earlier.ask_for_settling(apps, None)
    assert GatewayCommand.objects.filter(kind="settle").count() == 3


def test_settling_waits_for_days_if_nobody_notes_the_end(dara: Client, evse: Evse) -> None:
    booking = paid(dara, evse)
    for tries in range(25):
        with clock.moved_to(booking.ends_at + tries * dt.timedelta(hours=1)):
            outbox.work_outbox()
    command = GatewayCommand.objects.get(kind="settle")
    assert (command.state, command.attempts) == ("waiting", 0)
    with clock.moved_to(booking.ends_at + dt.timedelta(days=2)):
        complete_sessions()
        outbox.work_outbox()
    command.refresh_from_db()
    assert command.state == "done"
