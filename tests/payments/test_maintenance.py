"""Maintenance: bookings in the way are closed, their slots blocked, and no slot is sold twice on the way."""

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bookings.models import Booking, Client, Evse, SlotClaim
from bookings.refusals import SlotTaken
from bookings.slots import SLOT_SECONDS, Period
from evbunker import clock
from evbunker.errors import Busy
from evbunker.models import Change
from payments import outbox
from payments.closing import ClosingChanged, ReasonMissing
from payments.integrity import check_integrity
from payments.maintenance import ConflictsChanged, close_bookings_on, conflicts_of, sums_of
from payments.models import Payment, Refund
from payments.settling import settle
from tests.booking_steps import decide, held, paid, pending, slot_in
from tests.bookings.test_hold_races import at_once
from tests.people import make_client

NOTE = "We replace the cable."


@pytest.fixture(autouse=True)
def _a_quarter_has_just_begun() -> Iterator[None]:
    """So that two looks at the next slot see the same one, however long a loaded machine takes in between."""
    into = clock.now().timestamp() % SLOT_SECONDS
    with clock.shifted(dt.timedelta(seconds=SLOT_SECONDS + 5 - into)):
        yield


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


def shown_to(evse: Evse, period: Period) -> dict[Any, int]:
    return {one.booking.pk: one.goes_back_minor for one in conflicts_of([evse], period)}


def test_what_goes_back_is_told_beforehand_by_currency(
    dara: Client, eli: Client, evse: Evse, opal: Client, period: Period
) -> None:
    across, within = paid(dara, evse, in_minutes=90), held(eli, evse, in_minutes=180)
    paid(eli, evse, in_minutes=15)
    conflicts = conflicts_of([evse], period)
    assert [(one.booking.pk, one.goes_back_minor) for one in conflicts] == [
        (across.pk, across.quote_minor), (within.pk, 0),
    ]  # fmt: skip
    assert sums_of(conflicts) == {"EUR": across.quote_minor}
    shown = shown_to(evse, period)
    assert len(close_bookings_on(evse=evse, period=period, actor=opal, note=NOTE, shown=shown)) == 2
    assert conflicts_of([evse], period) == []
    assert sums_of([]) == {}


def test_nothing_is_closed_that_was_not_shown(
    dara: Client, eli: Client, evse: Evse, opal: Client, period: Period
) -> None:
    paid(dara, evse, in_minutes=120)
    shown = shown_to(evse, period)
    late = held(eli, evse, in_minutes=200, minutes=15, energy_wh=2_000)
    with pytest.raises(ConflictsChanged):
        close_bookings_on(evse=evse, period=period, actor=opal, note=NOTE, shown=shown)
    late.refresh_from_db()
    assert (late.status, Refund.objects.count(), blocked(evse)) == ("held", 0, [])
    assert check_integrity() == []


def test_money_that_came_meanwhile_is_shown_first(dara: Client, evse: Evse, opal: Client, period: Period) -> None:
    booking = held(dara, evse, in_minutes=120)
    payment = pending(booking)
    shown = shown_to(evse, period)
    decide(payment)
    settle(payment)
    with pytest.raises(ClosingChanged):
        close_bookings_on(evse=evse, period=period, actor=opal, note=NOTE, shown=shown)
    booking.refresh_from_db()
    assert (booking.status, Refund.objects.count(), blocked(evse)) == ("confirmed", 0, [])
    assert check_integrity() == []


@pytest.mark.race
def test_drivers_who_hold_and_pay_while_two_operators_block(evse: Evse, opal: Client, period: Period) -> None:
    """Whoever wins, what was taken away has been shown, and all money of it is on its way back."""
    payers = [make_client(f"payer{n}") for n in range(3)]
    waiting = [pending(held(one, evse, in_minutes=120 + 30 * n, minutes=30)) for n, one in enumerate(payers)]
    drivers = [make_client(f"driver{n}") for n in range(3)]

    def pay(payment: Payment) -> None:
        decide(payment)
        settle(payment)

    def block_what_is_shown() -> None:
        shown = shown_to(evse, period)
        close_bookings_on(evse=evse, period=period, actor=opal, note=NOTE, shown=shown)

    tasks: list[Callable[[], object]] = [lambda payment=payment: pay(payment) for payment in waiting]
    tasks += [lambda one=one: held(one, evse, in_minutes=210, minutes=15, energy_wh=2_000) for one in drivers]
    outcome = at_once([*tasks, block_what_is_shown, block_what_is_shown])
    known = {"won", "busy", "slot_taken", "conflicts_changed", "refund_changed", "not_bookable"}
    assert set(outcome) <= known | {"not_cancellable", "too_late"}
    assert check_integrity() == []
    for _try in range(20):
        try:
            block_what_is_shown()
            break
        except (ConflictsChanged, ClosingChanged, Busy):
            continue
    outbox.work_outbox()
    assert blocked(evse) == list(period.slots())
    assert not Booking.objects.live().exists()
    assert all(payment.kept_minor == 0 for payment in Payment.objects.filter(status="captured"))
    assert check_integrity() == []
