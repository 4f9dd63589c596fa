"""Another time for a booking: the same rules and races as a hold, and nothing won back."""

import datetime as dt

import pytest

from bookings import refusals
from bookings.charging import start_session
from bookings.holding import hold
from bookings.models import Booking, ChargingSession, Client, ClientSlot, EcoStat, Evse, SlotClaim, Station, Tariff
from bookings.policy import free_until
from bookings.slots import Period
from evbunker import clock
from evbunker.models import Change
from payments.cancelling import cancel_booking
from payments.integrity import check_integrity
from payments.models import GatewayCommand, Payment, Refund
from payments.moving import extend_booking, move_booking
from payments.settling import settle
from tests.booking_steps import decide, held, paid, pending, slot_in
from tests.bookings.test_hold_races import at_once, without_unique_claims
from tests.people import make_client
from tests.places import make_evse, make_station

MINUTE, HOUR = dt.timedelta(minutes=1), dt.timedelta(hours=1)
CROWD = 8


@pytest.fixture
def booking(dara: Client, evse: Evse) -> Booking:
    """An hour, paid, and five hours ahead: free to cancel for another three."""
    return paid(dara, evse, in_minutes=300)


def move(booking: Booking, by: dt.timedelta, *, evse: Evse | None = None) -> bool:
    booking = Booking.objects.get(pk=booking.pk)
    return move_booking(booking=booking, starts_at=booking.starts_at + by, actor=booking.client, evse=evse)


def slots_of(booking: Booking) -> tuple[set[int], set[int]]:
    claims = SlotClaim.objects.filter(booking=booking).values_list("slot", flat=True)
    return set(claims), set(ClientSlot.objects.filter(booking=booking).values_list("slot", flat=True))


class TestMoving:
    @pytest.mark.parametrize("minutes", [15, -15, 60, 600])
    def test_all_that_says_when_follows(self, booking: Booking, evse: Evse, eli: Client, minutes: int) -> None:
        before = booking.updated_at
        assert move(booking, minutes * MINUTE)
        now = Booking.objects.get()
        assert (now.starts_at - booking.starts_at, now.minutes) == (minutes * MINUTE, booking.minutes)
        slots = set(Period(now.starts_at, now.ends_at).slots())
        assert slots_of(now) == (slots, slots)
        session, payment = ChargingSession.objects.get(), Payment.objects.get()
        assert (session.scheduled_for, session.scheduled_end) == (now.starts_at, now.ends_at)
        assert (payment.starts_at, now.quote_minor) == (now.starts_at, booking.quote_minor)
        assert GatewayCommand.objects.get(kind="settle").next_at == now.ends_at
        assert now.updated_at > before
        change = Change.objects.get(action="booking.moved")
        assert change.before["starts_at"] == booking.starts_at.isoformat()
        assert change.after["starts_at"] == now.starts_at.isoformat()
        if abs(minutes) >= 60:
            assert hold(client=eli, evse=evse, starts_at=booking.starts_at, minutes=60, energy_wh=1000)
        assert check_integrity() == []

    def test_repeating_it_changes_nothing(self, booking: Booking) -> None:
        starts_at = booking.starts_at + HOUR
        assert move(booking, HOUR)
        moved = Booking.objects.get()
        assert not move_booking(booking=moved, starts_at=starts_at, actor=booking.client)
        assert GatewayCommand.objects.filter(kind="moved_email").count() == 1

    def test_a_hold_keeps_its_deadline_and_is_paid_there(self, dara: Client, evse: Evse) -> None:
        booking = held(dara, evse)
        payment = pending(booking)
        booking.refresh_from_db()
        assert move(booking, HOUR)
        assert Booking.objects.get().expires_at == booking.expires_at
        decide(payment)
        settle(payment)
        now = Booking.objects.get()
        assert (now.status, now.starts_at) == ("confirmed", booking.starts_at + HOUR)
        assert Payment.objects.get().starts_at == now.starts_at
        assert check_integrity() == []

    def test_another_evse_of_the_station_will_do(self, booking: Booking, station: Station) -> None:
        other = make_evse(station, "2")
        assert move(booking, 15 * MINUTE, evse=other)
        assert (Booking.objects.get().evse_label, ChargingSession.objects.get().evse_label) == ("2", "2")
        assert set(SlotClaim.objects.values_list("evse_id", flat=True)) == {other.pk}

    def test_an_evse_of_another_station_is_not_there(self, booking: Booking, tariff: Tariff) -> None:
        elsewhere = make_evse(make_station("Elsewhere", tariff=tariff))
        with pytest.raises(refusals.UnknownEvse):
            move(booking, HOUR, evse=elsewhere)

    def test_one_that_cannot_deliver_the_energy_is_refused(self, booking: Booking, station: Station) -> None:
        with pytest.raises(refusals.EnergyOutOfRange):
            move(booking, HOUR, evse=make_evse(station, "2", max_power_w=3_700))

    @pytest.mark.parametrize(
        ("by", "refusal"),
        [
            (7 * MINUTE, refusals.OffGrid),
            (-6 * HOUR, refusals.SlotInPast),
            (dt.timedelta(days=31), refusals.TooFarAhead),
        ],
    )
    def test_the_rules_are_those_of_a_hold(
        self, booking: Booking, by: dt.timedelta, refusal: type[Exception]
    ) -> None:  # fmt: skip
        with pytest.raises(refusal):
            move(booking, by)
        assert slots_of(booking)[0] == set(Period(booking.starts_at, booking.ends_at).slots())

    def test_a_time_without_zone_is_refused(self, booking: Booking) -> None:
        with pytest.raises(refusals.TimeWithoutZone):
            move_booking(booking=booking, starts_at=booking.starts_at.replace(tzinfo=None), actor=booking.client)

    def test_what_others_have_is_taken_and_what_one_has_oneself_overlaps(
        self, booking: Booking, dara: Client, eli: Client, evse: Evse, tariff: Tariff
    ) -> None:
        held(eli, evse, in_minutes=360)
        with pytest.raises(refusals.SlotTaken):
            move(booking, 45 * MINUTE)
        held(dara, make_evse(make_station("Elsewhere", tariff=tariff)), in_minutes=240)
        with pytest.raises(refusals.OwnOverlap):
            move(booking, -45 * MINUTE)
        assert check_integrity() == []

    def test_a_lapsed_hold_in_the_way_is_taken_over(self, booking: Booking, eli: Client, evse: Evse) -> None:
        lapsed = held(eli, evse, in_minutes=360)
        with clock.shifted(11 * MINUTE):
            assert move(booking, HOUR)
        lapsed.refresh_from_db()
        assert lapsed.status == "expired"

    def test_what_has_begun_or_is_over_stays(self, booking: Booking, dara: Client, evse: Evse) -> None:
        with clock.moved_to(booking.starts_at), pytest.raises(refusals.NotMovable):
            move(booking, HOUR)
        cancel_booking(booking=booking, actor=dara)
        with pytest.raises(refusals.NotMovable):
            move(booking, HOUR)
        expired = held(dara, evse)
        with clock.shifted(10 * MINUTE), pytest.raises(refusals.NotMovable):
            move(expired, HOUR)

    def test_dying_in_the_middle_leaves_it_where_it_was(
        self, booking: Booking, monkeypatch: pytest.MonkeyPatch
    ) -> None:  # fmt: skip
        def crash(*_arguments: object, **_named: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr("payments.moving.follow", crash)
            with pytest.raises(KeyboardInterrupt):
                move(booking, HOUR)
        assert Booking.objects.get().starts_at == booking.starts_at
        assert check_integrity() == []


class TestFreeCancelling:
    def test_moving_late_does_not_win_it_back(self, booking: Booking, dara: Client) -> None:
        with clock.moved_to(booking.starts_at - HOUR):
            assert move(booking, dt.timedelta(days=3))
            cancel_booking(booking=Booking.objects.get(), actor=dara)
        assert Refund.objects.get().amount_minor == -(-booking.quote_minor // 2)

    def test_moving_near_and_far_again_does_not_either(self, booking: Booking) -> None:
        near = booking.starts_at - 2 * HOUR
        assert move(booking, -2 * HOUR)
        assert move(booking, dt.timedelta(days=2))
        assert free_until(Booking.objects.get()) == near - 2 * HOUR

    def test_in_time_it_stays_free(self, booking: Booking, dara: Client) -> None:
        assert move(booking, dt.timedelta(days=2))
        cancel_booking(booking=Booking.objects.get(), actor=dara)
        assert Refund.objects.get().amount_minor == booking.quote_minor

    def test_a_hold_that_is_not_paid_yet_gets_the_new_one(self, dara: Client, evse: Evse) -> None:
        booking = held(dara, evse)
        assert move(booking, dt.timedelta(days=1))
        moved = Booking.objects.get()
        assert free_until(moved) == moved.starts_at - 2 * HOUR


class TestRaces:
    def far(self, evse: Evse, crowd: int = CROWD) -> list[Booking]:
        """One booking each of a crowd, an hour after another."""
        return [
            paid(make_client(f"driver{n}"), evse, in_minutes=600 + 60 * n, minutes=15, energy_wh=1000)
            for n in range(crowd)
        ]

    @pytest.mark.race
    def test_one_of_eight_moves_into_a_slot_and_the_others_stay(self, evse: Evse) -> None:
        bookings, wanted = self.far(evse), slot_in(300)
        tasks = [lambda b=one: move_booking(booking=b, starts_at=wanted, actor=b.client) for one in bookings]
        outcome = at_once(tasks)
        assert outcome == {"won": 1, "slot_taken": CROWD - 1}
        assert SlotClaim.objects.count() == CROWD
        assert Booking.objects.filter(starts_at=wanted).count() == 1

    @pytest.mark.race
    def test_moves_and_holds_want_the_same_slots(self, evse: Evse) -> None:
        bookings, wanted = self.far(evse, 4), slot_in(300)
        movers = [lambda b=one: move_booking(booking=b, starts_at=wanted, actor=b.client) for one in bookings]
        clients = [make_client(f"holder{n}") for n in range(4)]
        holders = [
            lambda c=client: hold(client=c, evse=evse, starts_at=wanted, minutes=15, energy_wh=1000)
            for client in clients
        ]
        assert at_once([*movers, *holders]) == {"won": 1, "slot_taken": 7}

    @pytest.mark.race
    def test_twenty_equal_clicks_move_once(self, booking: Booking) -> None:
        starts_at = booking.starts_at + HOUR
        tasks = [lambda: move_booking(booking=booking, starts_at=starts_at, actor=booking.client) for _ in range(20)]
        assert set(at_once(tasks)) <= {"won", "busy"}
        assert Change.objects.filter(action="booking.moved").count() == 1
        assert GatewayCommand.objects.filter(kind="moved_email").count() == 1

    @pytest.mark.race
    def test_it_is_moved_to_one_of_many_times(self, booking: Booking) -> None:
        assert set(at_once([lambda n=n: move(booking, n * HOUR) for n in range(1, 9)])) <= {"won", "busy"}
        assert SlotClaim.objects.count() == 4

    @pytest.mark.race
    def test_it_is_cancelled_before_or_after_it_moved(self, booking: Booking, dara: Client) -> None:
        def cancel() -> None:
            cancel_booking(booking=Booking.objects.get(pk=booking.pk), actor=dara)

        outcome = at_once([cancel, *[lambda n=n: move(booking, n * HOUR) for n in range(1, 6)]])
        assert set(outcome) <= {"won", "not_movable", "busy"}
        if Booking.objects.get().status == "cancelled":
            assert not SlotClaim.objects.exists()
            assert not EcoStat.objects.exists()
            assert Refund.objects.count() == 1

    @pytest.mark.race
    def test_it_starts_or_moves(self, booking: Booking, dara: Client) -> None:
        with clock.moved_to(booking.starts_at - MINUTE / 60):
            tasks = [lambda: start_session(booking=booking, actor=dara), lambda: move(booking, HOUR)]
            assert at_once(tasks) == {"won": 1, "too_early": 1}

    @pytest.mark.race
    def test_a_hold_moves_while_it_is_paid(self, dara: Client, evse: Evse) -> None:
        booking = held(dara, evse)
        payment = pending(booking)
        decide(payment)
        outcome = at_once([lambda: settle(Payment.objects.get()), lambda: move(booking, HOUR)])
        assert set(outcome) <= {"won", "busy"}
        settle(Payment.objects.get())
        assert Booking.objects.get().status == "confirmed"

    def test_without_the_unique_index_two_move_into_one_slot(self, evse: Evse) -> None:
        """The negative control: the index alone decides between movers, too."""
        bookings, wanted = self.far(evse), slot_in(300)
        tasks = [lambda b=one: move_booking(booking=b, starts_at=wanted, actor=b.client) for one in bookings]
        with without_unique_claims():
            outcome = at_once(tasks)
            SlotClaim.objects.all().delete()
        assert outcome["won"] > 1, outcome

    def test_an_extension_that_waits_is_given_up(self, booking: Booking, dara: Client) -> None:
        extension = extend_booking(booking=booking, minutes=30, actor=dara)
        assert extension is not None
        attempt = pending(extension)
        assert move(booking, HOUR)
        extension.refresh_from_db()
        attempt.refresh_from_db()
        assert (extension.status, attempt.status) == ("cancelled", "cancelled")
        assert check_integrity() == []
