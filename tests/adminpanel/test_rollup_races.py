"""Closing days in several processes, while days change: no change is lost, and without marks it would be."""

import datetime as dt
import threading
from collections.abc import Callable
from contextlib import suppress

import pytest
from django.db import connection

from adminpanel import rollups
from adminpanel.models import DailyTotal
from adminpanel.rollups import close_days
from bookings import totals
from bookings.models import Booking, Client, EcoStat, Evse
from bookings.totals import remove_eco_stat, write_eco_stat
from evbunker import clock
from evbunker.errors import Busy
from payments.integrity import check_integrity
from tests.adminpanel.slow_days import ended, kept_totals, slow_totals
from tests.bookings.test_hold_races import at_once
from tests.eco_history import charge
from tests.people import make_client

SOON_SECONDS = 0.5


@pytest.fixture
def yesterday() -> dt.date:
    close_days()  # the walk through history is behind us
    return clock.now().date() - dt.timedelta(days=2)


def meter(booking: Booking, energy_wh: int) -> EcoStat:
    return write_eco_stat(booking=booking, energy_wh=energy_wh, minutes=30, source="metered")


def test_many_close_days_while_days_change(evse: Evse, yesterday: dt.date) -> None:
    """No pause and no luck: marks that are there after all have finished say what is still to do."""
    days = [yesterday, yesterday - dt.timedelta(days=1)]
    bookings = [charge(make_client(f"driver{n}"), evse, day=days[n % 2]).booking for n in range(8)]
    changes = [lambda one=one, n=n: meter(one, 1000 * n) for n, one in enumerate(bookings)]
    outcome = at_once([*changes, close_days, *changes[::-1], close_days, close_days])
    assert set(outcome) <= {"won", "busy"}
    close_days()
    assert kept_totals() == ended(slow_totals())
    assert day_findings() == []


def day_findings() -> list[str]:
    return [sentence for sentence in check_integrity() if "is not the sum of its rows" in sentence]


def test_a_change_after_the_rows_were_read_is_not_lost(
    dara: Client, eli: Client, evse: Evse, yesterday: dt.date, monkeypatch: pytest.MonkeyPatch
) -> None:
    charge(dara, evse, day=yesterday)
    changed = charge(eli, evse, day=yesterday).booking
    change_while_closing(monkeypatch, lambda: meter(changed, 5))
    close_days()
    assert kept_totals() == ended(slow_totals())
    assert DailyTotal.objects.get().energy_wh == 20_005


def test_without_marks_it_would_be_lost(
    dara: Client, evse: Evse, yesterday: dt.date, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control, and `check_integrity` sees it."""
    booking = charge(dara, evse, day=yesterday).booking
    monkeypatch.setattr(totals, "mark_booking", lambda _booking: None)
    change_while_closing(monkeypatch, lambda: meter(booking, 5))
    close_days()
    assert kept_totals() != ended(slow_totals())
    assert len(day_findings()) == 1
    close_days(history=True)
    assert kept_totals() == ended(slow_totals())


def change_while_closing(monkeypatch: pytest.MonkeyPatch, change: Callable[[], object]) -> None:
    """Let `change` begin, and where the engine lets it also commit, after `close_days` has read the rows."""
    store, changes = rollups._store, []

    def change_then_store(*facts: object) -> object:
        if not changes:
            changes.append(threading.Thread(target=run))
            changes[0].start()
            changes[0].join(SOON_SECONDS)
        return store(*facts)

    def run() -> None:
        with suppress(Busy):  # nothing was changed, and the next turn does it
            change()
        connection.close()

    with monkeypatch.context() as patch:
        patch.setattr(rollups, "_store", change_then_store)
        close_days()
    changes[0].join()


def test_two_who_close_the_same_day_write_one_total(
    dara: Client, evse: Evse, yesterday: dt.date, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have read that there is none, one by marks and one walking through history: the unique index decides."""
    charge(dara, evse, day=yesterday)
    change_while_closing(monkeypatch, lambda: close_days(history=True))
    assert DailyTotal.objects.count() == 1
    assert kept_totals() == ended(slow_totals())


@pytest.mark.race
def test_totals_hold_while_bookings_come_and_go(evse: Evse, yesterday: dt.date) -> None:
    bookings = [charge(make_client(f"driver{n}"), evse, day=yesterday).booking for n in range(6)]
    tasks = [lambda one=one: remove_eco_stat(booking=one) for one in bookings]
    at_once([*tasks, close_days, close_days])
    Booking.objects.all().delete()
    close_days(history=True)
    assert not DailyTotal.objects.exists()
