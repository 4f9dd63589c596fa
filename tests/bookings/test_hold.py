"""Holding: what is promised, what is refused, and in which order."""

import datetime as dt

import pytest
from django.conf import settings

from bookings import refusals
from bookings.holding import cancel_hold, expire_holds, hold
from bookings.models import Booking, Client, ClientSeat, ClientSlot, Evse, SlotClaim, Station
from bookings.slots import start_of
from evbunker import clock
from evbunker.errors import DomainError
from evbunker.models import Change
from evbunker.ratelimit import RateLimited
from payments.integrity import check_integrity
from tests.booking_steps import held, paid, slot_in
from tests.places import make_evse

LAPSE = dt.timedelta(seconds=settings.BOOKING_HOLD_SECONDS + settings.BOOKING_TAKEOVER_GRACE_SECONDS + 1)


def test_it_claims_every_slot_and_a_seat(dara: Client, evse: Evse) -> None:
    booking = held(dara, evse, minutes=60)

    assert booking.status == Booking.Status.HELD
    assert booking.expires_at == clock.now() + dt.timedelta(seconds=settings.BOOKING_HOLD_SECONDS)
    assert SlotClaim.objects.filter(booking=booking, evse=evse).count() == 4
    assert ClientSlot.objects.filter(booking=booking, client=dara).count() == 4
    assert ClientSeat.objects.filter(client=dara).count() == 1
    assert Change.objects.get(record_id=booking.pk).action == "booking.held"


def test_the_quote_comes_from_the_tariff(dara: Client, evse: Evse) -> None:
    booking = held(dara, evse, minutes=60, energy_wh=20_000)

    assert (booking.quote_minor, booking.currency) == (100 + 300 + 20 * 45, "EUR")
    assert sum(line["amount_minor"] for line in booking.price_lines) == booking.quote_minor


def test_a_later_change_of_names_and_prices_does_not_reach_it(dara: Client, evse: Evse, station: Station) -> None:
    booking = held(dara, evse)
    Station.objects.filter(pk=station.pk).update(name="Renamed")
    station.tariff.per_kwh_minor = 999
    station.tariff.save()

    booking.refresh_from_db()
    assert booking.station_name == "Harbour"
    assert booking.tariff_terms["per_kwh_minor"] == 45


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"starts_at": dt.datetime(2030, 1, 1, 10, 7)}, "time_without_zone"),  # noqa: DTZ001
        ({"starts_at": slot_in(60) + dt.timedelta(minutes=7)}, "off_grid"),
        ({"starts_at": slot_in(60) + dt.timedelta(microseconds=1)}, "off_grid"),
        ({"minutes": 20}, "off_grid"),
        ({"minutes": 0}, "too_short"),
        ({"minutes": -15}, "too_short"),
        ({"minutes": 33 * 15}, "too_long"),
        ({"minutes": 15 * 10**15}, "too_long"),
        ({"starts_at": slot_in(-60)}, "slot_in_past"),
        ({"starts_at": dt.datetime(1, 1, 1, tzinfo=dt.UTC)}, "slot_in_past"),
        ({"starts_at": slot_in(31 * 24 * 60)}, "too_far_ahead"),
        ({"starts_at": dt.datetime(9999, 12, 31, 23, 45, tzinfo=dt.UTC)}, "too_far_ahead"),
        ({"energy_wh": 0}, "energy_out_of_range"),
        ({"energy_wh": 60_001}, "energy_out_of_range"),
        # the first refusal of the contract's order wins
        ({"starts_at": slot_in(-60) + dt.timedelta(minutes=7), "minutes": 0, "energy_wh": 0}, "off_grid"),
        ({"starts_at": slot_in(-60), "minutes": 0, "energy_wh": 0}, "too_short"),
        ({"starts_at": slot_in(-60), "energy_wh": 0}, "slot_in_past"),
    ],
)
def test_it_refuses(dara: Client, evse: Evse, wish: dict[str, object], code: str) -> None:
    asked = {"starts_at": slot_in(60), "minutes": 60, "energy_wh": 20_000} | wish
    with pytest.raises(DomainError) as refusal:
        hold(client=dara, evse=evse, **asked)

    assert refusal.value.code == code
    assert not Booking.objects.exists()


def test_the_whole_time_must_be_open(dara: Client, evse: Evse, station: Station) -> None:
    station.opening_hours = {
        "regular_hours": [{"weekday": day, "period_begin": "08:00", "period_end": "10:00"} for day in range(1, 8)]
    }
    station.save()
    tomorrow = (clock.now() + dt.timedelta(days=1)).astimezone(station.zone).date()
    nine = dt.datetime.combine(tomorrow, dt.time(9), tzinfo=station.zone)

    with pytest.raises(refusals.Closed):
        hold(client=dara, evse=evse, starts_at=nine, minutes=75, energy_wh=1000)
    assert hold(client=dara, evse=evse, starts_at=nine, minutes=60, energy_wh=1000).is_held


@pytest.mark.parametrize("status", [Evse.Status.FAULTED, Evse.Status.OUT_OF_SERVICE])
def test_a_broken_evse_is_not_bookable_whatever_else_is_wrong(dara: Client, evse: Evse, status: str) -> None:
    evse.status = status
    evse.save()
    with pytest.raises(refusals.NotBookable):
        hold(client=dara, evse=evse, starts_at=slot_in(-60), minutes=7, energy_wh=0)


def test_a_station_without_a_price_is_not_bookable(dara: Client, evse: Evse, station: Station) -> None:
    Station.objects.filter(pk=station.pk).update(bookable=False)
    with pytest.raises(refusals.NotBookable):
        held(dara, evse)


def test_an_overlap_is_refused_and_leaves_no_partial_claim(dara: Client, eli: Client, evse: Evse) -> None:
    held(dara, evse, in_minutes=120, minutes=60)
    claims = SlotClaim.objects.count()

    with pytest.raises(refusals.SlotTaken):
        held(eli, evse, in_minutes=90, minutes=60)
    assert SlotClaim.objects.count() == claims
    assert not Booking.objects.filter(client=eli).exists()
    assert held(eli, evse, in_minutes=60, minutes=60).is_held


def test_nobody_charges_in_two_places_at_once(dara: Client, evse: Evse, station: Station) -> None:
    held(dara, evse)
    with pytest.raises(refusals.OwnOverlap):
        held(dara, make_evse(station, "2"))


def test_a_third_unpaid_hold_is_refused_until_one_is_given_back(dara: Client, evse: Evse) -> None:
    first = held(dara, evse, in_minutes=60)
    held(dara, evse, in_minutes=180)
    with pytest.raises(refusals.TooManyHolds):
        held(dara, evse, in_minutes=300)
    cancel_hold(booking=first, actor=dara)
    assert held(dara, evse, in_minutes=300).is_held


def test_paid_bookings_do_not_count_as_holds(dara: Client, evse: Evse) -> None:
    paid(dara, evse, in_minutes=60)
    paid(dara, evse, in_minutes=180)
    paid(dara, evse, in_minutes=300)
    assert not ClientSeat.objects.exists()


def test_own_overlap_is_told_before_too_many_holds(dara: Client, evse: Evse, station: Station) -> None:
    held(dara, evse, in_minutes=60)
    held(dara, evse, in_minutes=180)
    with pytest.raises(refusals.OwnOverlap):
        held(dara, make_evse(station, "2"), in_minutes=60)


def test_holding_too_often_is_refused_last(dara: Client, evse: Evse, settings: object) -> None:
    settings.RATE_LIMITS = {"hold": (1, 3600)}
    first = held(dara, evse, in_minutes=60)
    with pytest.raises(refusals.OwnOverlap):
        held(dara, evse, in_minutes=60)
    with pytest.raises(RateLimited):
        held(dara, evse, in_minutes=180)
    assert list(Booking.objects.all()) == [first]


class TestAnExpiredHold:
    def test_keeps_its_slots_during_the_grace(self, dara: Client, eli: Client, evse: Evse) -> None:
        starts_at = slot_in(120)
        hold(client=dara, evse=evse, starts_at=starts_at, minutes=60, energy_wh=1000)
        with clock.shifted(dt.timedelta(seconds=settings.BOOKING_HOLD_SECONDS + 5)), pytest.raises(refusals.SlotTaken):
            hold(client=eli, evse=evse, starts_at=starts_at, minutes=60, energy_wh=1000)

    def test_is_taken_over_by_the_next_who_asks(self, dara: Client, eli: Client, evse: Evse) -> None:
        starts_at = slot_in(120)
        lost = hold(client=dara, evse=evse, starts_at=starts_at, minutes=60, energy_wh=1000)
        with clock.shifted(LAPSE):
            won = hold(client=eli, evse=evse, starts_at=starts_at, minutes=30, energy_wh=1000)
        lost.refresh_from_db()

        assert lost.status == Booking.Status.EXPIRED
        assert set(SlotClaim.objects.values_list("booking_id", flat=True)) == {won.pk}
        assert check_integrity() == []

    def test_no_longer_takes_its_owner_s_seat_or_time(self, dara: Client, evse: Evse) -> None:
        starts_at = slot_in(120)
        hold(client=dara, evse=evse, starts_at=starts_at, minutes=60, energy_wh=1000)
        held(dara, evse, in_minutes=300)
        with clock.shifted(LAPSE):
            hold(client=dara, evse=evse, starts_at=starts_at, minutes=60, energy_wh=1000)
        assert check_integrity() == []

    def test_is_swept_by_the_job_once(self, dara: Client, evse: Evse) -> None:
        held(dara, evse)
        assert expire_holds() == 0
        with clock.shifted(LAPSE):
            assert (expire_holds(), expire_holds()) == (1, 0)
        assert not SlotClaim.objects.exists()


class TestCancelling:
    def test_gives_everything_back(self, dara: Client, evse: Evse) -> None:
        booking = held(dara, evse)
        assert cancel_hold(booking=booking, actor=dara)
        assert not SlotClaim.objects.exists()
        assert not ClientSeat.objects.exists()
        assert check_integrity() == []

    def test_twice_is_once(self, dara: Client, evse: Evse) -> None:
        booking = held(dara, evse)
        assert [cancel_hold(booking=booking, actor=dara) for _ in range(2)] == [True, False]
        assert Change.objects.filter(action="booking.cancelled").count() == 1

    def test_a_paid_booking_is_refused(self, dara: Client, evse: Evse) -> None:
        booking = paid(dara, evse)
        with pytest.raises(refusals.Paid):
            cancel_hold(booking=booking, actor=dara)

    def test_an_expired_one_is_refused(self, dara: Client, evse: Evse) -> None:
        booking = held(dara, evse)
        with clock.shifted(LAPSE):
            expire_holds()
            with pytest.raises(refusals.NotCancellable):
                cancel_hold(booking=booking, actor=dara)


def test_slots_count_from_the_epoch() -> None:
    assert start_of(1) == dt.datetime(1970, 1, 1, 0, 15, tzinfo=dt.UTC)
