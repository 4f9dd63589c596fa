"""Maintenance: bookings in the way are closed, their slots blocked, and no slot is sold twice on the way."""

import datetime as dt
from typing import Any

import pytest

from bookings.models import Booking, Client, Evse, SlotClaim
from bookings.refusals import SlotTaken
from bookings.slots import Period
from evbunker import clock
from evbunker.errors import Busy
from evbunker.models import Change
from payments import outbox
from payments.closing import ReasonMissing
from payments.integrity import check_integrity
from payments.maintenance import close_bookings_on
from payments.models import Refund
from tests.booking_steps import held, paid, pending, slot_in
from tests.bookings.test_hold_races import at_once
from tests.people import make_client

NOTE = "We replace the cable."


@pytest.fixture
def period() -> Period:
    """Two hours, from two hours ahead."""
    starts_at = slot_in(120)
    return Period(starts_at, starts_at + dt.timedelta(hours=2))


def clear(evse: Evse, period: Period, opal: Client) -> int:
    return len(close_bookings_on(evse=evse, period=period, actor=opal, note=NOTE))


def blocked(evse: Evse) -> list[int]:
    return sorted(SlotClaim.objects.filter(evse=evse, kind="block", booking=None).values_list("slot", flat=True))


def test_what_is_in_the_way_is_closed_and_the_time_blocked(
    dara: Client, eli: Client, evse: Evse, opal: Client, period: Period
) -> None:
    across = paid(dara, evse, in_minutes=90)
    within = held(eli, evse, in_minutes=180)
    pending(within)
    before = paid(eli, evse, in_minutes=15)
    assert clear(evse, period, opal) == 2
    outbox.work_outbox()
    states = {booking.pk: booking.status for booking in Booking.objects.all()}
    assert states == {across.pk: "cancelled", within.pk: "cancelled", before.pk: "confirmed"}
    assert (Refund.objects.get().amount_minor, Refund.objects.get().reason) == (across.quote_minor, "closed")
    assert blocked(evse) == list(period.slots())
    with pytest.raises(SlotTaken):
        held(dara, evse, in_minutes=120)
    assert held(dara, evse, in_minutes=90, minutes=30, energy_wh=5_000).status == "held"
    noted = Change.objects.get(action="evse.blocked")
    assert (noted.reason, noted.after["starts_at"]) == (NOTE, period.starts_at.isoformat())
    assert check_integrity() == []


def test_again_changes_nothing(dara: Client, evse: Evse, opal: Client, period: Period) -> None:
    paid(dara, evse, in_minutes=120)
    assert [clear(evse, period, opal), clear(evse, period, opal)] == [1, 0]
    assert (Refund.objects.count(), blocked(evse)) == (1, list(period.slots()))


def test_a_hold_that_lapsed_is_no_obstacle(dara: Client, evse: Evse, opal: Client, period: Period) -> None:
    held(dara, evse, in_minutes=120)
    with clock.shifted(dt.timedelta(minutes=30)):
        assert clear(evse, period, opal) == 1
    assert blocked(evse) == list(period.slots())
    assert check_integrity() == []


def test_without_a_reason_nothing_happens(dara: Client, evse: Evse, opal: Client, period: Period) -> None:
    booking = paid(dara, evse, in_minutes=120)
    with pytest.raises(ReasonMissing):
        close_bookings_on(evse=evse, period=period, actor=opal, note=" ")
    booking.refresh_from_db()
    assert (booking.status, blocked(evse)) == ("confirmed", [])


def test_dying_between_two_bookings_leaves_each_whole(
    dara: Client, eli: Client, evse: Evse, opal: Client, period: Period, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid(dara, evse, in_minutes=120)
    paid(eli, evse, in_minutes=180)
    asked: list[Any] = []

    def dies_later(**arguments: Any) -> Refund:
        if asked:
            raise KeyboardInterrupt
        asked.append(arguments)
        return real(**arguments)

    from payments.refunding import request_refund as real

    with monkeypatch.context() as patched:
        patched.setattr("payments.closing.request_refund", dies_later)
        with pytest.raises(KeyboardInterrupt):
            clear(evse, period, opal)
    assert check_integrity() == []
    assert len(blocked(evse)) == 4
    assert clear(evse, period, opal) == 1
    assert (Refund.objects.count(), blocked(evse)) == (2, list(period.slots()))
    assert check_integrity() == []


@pytest.mark.race
def test_drivers_who_hold_and_an_operator_who_blocks(evse: Evse, opal: Client, period: Period) -> None:
    drivers = [make_client(f"driver{n}") for n in range(8)]

    def book(driver: Client, n: int) -> None:
        held(driver, evse, in_minutes=120 + 15 * n, minutes=15, energy_wh=2_000)

    tasks = [lambda driver=driver, n=n: book(driver, n) for n, driver in enumerate(drivers)]
    outcome = at_once([*tasks, *[lambda: clear(evse, period, opal)] * 2, *tasks])
    assert set(outcome) <= {"won", "slot_taken", "own_overlap", "busy"}
    clear(evse, period, opal)
    assert blocked(evse) == list(period.slots())
    assert not Booking.objects.live().exists()


def test_it_gives_up_when_somebody_is_always_quicker(
    evse: Evse, opal: Client, period: Period, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import IntegrityError

    def taken(**_arguments: object) -> None:
        raise IntegrityError("taken")

    monkeypatch.setattr("payments.maintenance.block", taken)
    with pytest.raises(Busy):
        clear(evse, period, opal)
