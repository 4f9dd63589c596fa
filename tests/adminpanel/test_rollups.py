"""Totals of ended days equal a slow recomputation from all rows, whatever happened and in whatever order."""

import datetime as dt
import random
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command

from adminpanel.models import Beat, DailyTotal
from adminpanel.rollups import HISTORY, close_days
from bookings.charging import close_unused, start_session, stop_session
from bookings.models import Booking, Client, EcoStat, Evse, StaleDay
from bookings.stale_days import end_of_day, mark_booking
from bookings.totals import remove_eco_stat, write_eco_stat
from evbunker import clock
from evbunker.db import atomic
from payments.models import Payment
from tests.adminpanel.history import ZONES, make_history, make_network
from tests.adminpanel.slow_days import ended, kept_network, kept_totals, kept_uses, slow_network, slow_totals, slow_uses
from tests.booking_steps import paid
from tests.eco_history import charge

NOON = dt.datetime(2026, 6, 1, 12, 0, tzinfo=dt.UTC)
A_DAY = dt.timedelta(days=1)


def assert_right() -> None:
    """What is kept is what the rows come to, of stations and of the network."""
    assert kept_totals() == ended(slow_totals())
    assert kept_uses() == ended(slow_uses())
    assert kept_network() == slow_network()


def test_an_ended_day_is_closed_and_one_that_lasts_is_not(dara: Client, evse: Evse) -> None:
    with clock.moved_to(NOON):
        booking = paid(dara, evse)
        assert close_days().totals == 0
    with clock.moved_to(NOON + dt.timedelta(hours=10)):  # midnight in Berlin; the minute of grace has not passed
        assert close_days().totals == 0
    with clock.moved_to(NOON + dt.timedelta(hours=10, minutes=1)):
        assert close_days() == (1, 2)  # a total, and how the EVSEs were used
        assert close_days() == (0, 0)
    total = DailyTotal.objects.get()
    assert (total.day, total.currency, total.bookings, total.payments) == (NOON.date(), "EUR", 1, 1)
    assert total.revenue_minor == booking.quote_minor
    assert (total.energy_wh, total.estimated_energy_wh, total.co2_known) == (20_000, 20_000, 1)
    assert (total.station_name, total.station_city, total.station_time_zone) == ("Harbour", "Berlin", "Europe/Berlin")
    assert not StaleDay.objects.exists()


def test_what_changes_later_is_summed_up_again(dara: Client, evse: Evse) -> None:
    with clock.moved_to(NOON):
        used, unused = paid(dara, evse, in_minutes=60 * 24), paid(dara, evse, in_minutes=60 * 26)
    with clock.moved_to(NOON + A_DAY):
        close_days()
        start_session(booking=used, actor=dara)
        close_days()
    with clock.moved_to(NOON + A_DAY + dt.timedelta(minutes=20)):
        stop_session(booking=used, actor=dara)
        assert close_days().totals == 1
        assert_right()
    with clock.moved_to(NOON + 2 * A_DAY):
        close_unused(booking=unused)
        close_days()
        assert_right()
    total = DailyTotal.objects.get(day=NOON.date())
    assert (total.bookings, total.completed, total.no_shows, total.charges) == (2, 1, 1, 1)
    assert (total.held, total.held_paid, total.held_charged, total.first_bookings) == (2, 2, 1, 1)


def test_metered_energy_replaces_the_estimate(dara: Client, evse: Evse) -> None:
    day = clock.now().date() - 3 * A_DAY
    stat = charge(dara, evse, day=day)
    close_days()
    write_eco_stat(booking=stat.booking, energy_wh=12_345, minutes=30, source="metered")
    close_days()
    total = DailyTotal.objects.get()
    assert (total.day, total.energy_wh, total.estimated_energy_wh, total.charging_minutes) == (day, 12_345, 0, 30)


def test_a_day_that_came_to_nothing_has_no_total(dara: Client, evse: Evse) -> None:
    booking = charge(dara, evse, day=clock.now().date() - 2 * A_DAY).booking
    close_days()
    assert DailyTotal.objects.get().bookings == 1
    Booking.objects.filter(pk=booking.pk).update(status="held")
    remove_eco_stat(booking=booking)
    close_days()
    assert not DailyTotal.objects.exists()


def test_currencies_of_one_day_are_kept_apart(dara: Client, evse: Evse) -> None:
    day = clock.now().date() - 2 * A_DAY
    charge(dara, evse, day=day, currency="EUR")
    charge(dara, evse, day=day, currency="CHF")
    close_days()
    assert [total.bookings for total in DailyTotal.objects.all()] == [1, 1]
    assert_right()


@pytest.mark.parametrize("seed", range(2))
def test_history_without_marks_is_closed_the_first_time(dara: Client, seed: int) -> None:
    with clock.moved_to(NOON):
        make_history(dara, make_network(), seed)
        assert not StaleDay.objects.exists()
        close_days()
        assert_right()
        assert 0 < len(kept_totals()) < len(slow_totals())
    with clock.moved_to(NOON + 3 * A_DAY):
        close_days(history=True)
        assert_right()


def test_walking_through_history_mends_what_is_wrong(dara: Client, evse: Evse) -> None:
    charge(dara, evse, day=clock.now().date() - 90 * A_DAY)
    close_days()
    DailyTotal.objects.update(bookings=7)
    wrong = DailyTotal.objects.get()
    DailyTotal.objects.create(
        **{name: getattr(wrong, name) for name in ("station", "currency", "station_name", "station_time_zone")},
        day=wrong.day - A_DAY, bookings=1,
    )  # fmt: skip
    assert close_days(history=True).totals == 3  # and how the EVSEs were used on the day before
    assert_right()


@pytest.mark.parametrize("seed", range(3))
def test_any_history_of_marked_changes_comes_out_right(dara: Client, eli: Client, seed: int) -> None:
    dice = random.Random(seed)
    with clock.moved_to(NOON):
        evses = make_network()
        close_days()  # the walk is behind us: from here on marks decide
        bookings = [
            charge(dice.choice([dara, eli]), dice.choice(evses), day=NOON.date() - dice.randint(-1, 40) * A_DAY).booking
            for _ in range(10)
        ]
        for _ in range(25):
            change(dice.choice(bookings), dice)
            if dice.random() < 0.2:
                close_days()
        close_days()
        assert_right()


@atomic
def change(booking: Booking, dice: random.Random) -> None:
    """As services do: what happens and its mark are one unit of work."""
    if dice.random() < 0.4:
        Booking.objects.filter(pk=booking.pk).update(status=dice.choice(["cancelled", "no_show"]))
        if not remove_eco_stat(booking=booking):  # which leaves the mark if there was one
            mark_booking(booking)
    else:
        Booking.objects.filter(pk=booking.pk).update(status="completed")
        source = dice.choice(["estimated", "metered"])
        write_eco_stat(booking=booking, energy_wh=dice.randint(0, 60_000), minutes=30, source=source)


def test_a_late_capture_counts_on_the_day_it_came(dara: Client, evse: Evse) -> None:
    with clock.moved_to(NOON):
        booking = paid(dara, evse)
    Payment.objects.filter(booking=booking).update(captured_day=NOON.date() - A_DAY)
    with clock.moved_to(NOON + A_DAY):
        close_days()
    assert [(row.day.day, row.bookings, row.payments) for row in DailyTotal.objects.order_by("day")] == [
        (31, 0, 1),
        (1, 1, 0),
    ]


@pytest.mark.parametrize("zone", [*ZONES, "America/Santiago", "Asia/Beirut", "Asia/Kolkata"])
def test_days_end_when_the_next_begins(zone: str) -> None:
    for day in (NOON.date() + n * A_DAY for n in range(400)):
        end = end_of_day(day, zone)
        assert end.astimezone(ZoneInfo(zone)).date() == day + A_DAY
        assert (end - dt.timedelta(seconds=1)).astimezone(ZoneInfo(zone)).date() == day


def test_the_command_says_what_it_did(dara: Client, evse: Evse, capsys: pytest.CaptureFixture[str]) -> None:
    charge(dara, evse, day=clock.now().date() - 40 * A_DAY)
    call_command("close_days")
    said = capsys.readouterr()
    assert "totals made or mended." in said.out
    assert "1 stations closed, the last one Harbour" in said.err
    assert Beat.objects.filter(name=HISTORY).exists()
    assert EcoStat.objects.count() == DailyTotal.objects.count() == 1
