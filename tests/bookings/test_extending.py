"""More and less time for a booking that is paid: held, paid and raced for like any, and its money taken together."""

import datetime as dt

import pytest
from django.core import mail

from bookings import refusals
from bookings.charging import complete_sessions, start_session, stop_session
from bookings.extending import hold_extension, waiting_extension
from bookings.holding import hold
from bookings.models import Booking, ChargingSession, Client, EcoStat, Evse, SlotClaim, Tariff
from bookings.pricing import TariffTerms, price
from bookings.slots import Period
from evbunker import clock
from payments import outbox
from payments.cancelling import RefundChanged, cancel_booking
from payments.integrity import check_integrity
from payments.models import GatewayCommand, Payment, Refund
from payments.moving import extend_booking, shorten_booking
from payments.settling import settle
from payments.starting import start_payment
from payments.unused import refund_unused
from tests.booking_steps import decide, held, paid, pending
from tests.bookings.test_hold_races import at_once
from tests.bookings.test_moving import slots_of
from tests.people import make_client

MINUTE, HOUR = dt.timedelta(minutes=1), dt.timedelta(hours=1)
CROWD = 8


@pytest.fixture
def booking(dara: Client, evse: Evse) -> Booking:
    """An hour, paid, and five hours ahead: free to cancel for another three. 1.00 + 3.00 + 20 x 0.45 EUR."""
    return paid(dara, evse, in_minutes=300)


def held_more(booking: Booking, minutes: int = 30, energy_wh: int = 0) -> Booking:
    """Time that waits to be paid."""
    extension = extend_booking(booking=booking, minutes=minutes, energy_wh=energy_wh, actor=booking.client)
    assert extension is not None
    return extension


def paid_more(booking: Booking, minutes: int = 30, energy_wh: int = 0) -> Booking:
    """Time that was paid and is part of `booking` now."""
    extension = held_more(booking, minutes, energy_wh)
    pay(extension)
    booking.refresh_from_db()
    return extension


def pay(booking: Booking) -> Payment:
    payment = pending(booking)
    decide(payment)
    settle(payment)
    booking.refresh_from_db()
    return payment


def back() -> dict[int, int]:
    """What is to go back of payments of which amount."""
    return {row.amount_minor: row.refund_reserved_minor for row in Payment.objects.all()}


class TestExtending:
    def test_it_is_held_beside_the_booking_and_merges_when_paid(self, booking: Booking, evse: Evse) -> None:
        extension = held_more(booking, 30, 10_000)
        assert (extension.starts_at, extension.ends_at) == (booking.ends_at, booking.ends_at + 30 * MINUTE)
        assert (extension.quote_minor, extension.status) == (150 + 450, "held")
        assert waiting_extension(booking) == extension
        assert check_integrity() == []
        before = EcoStat.objects.get().energy_wh
        pay(extension)
        booking.refresh_from_db()
        assert (extension.status, extension.ended_reason, extension.confirmed_day) == ("completed", "merged", None)
        assert (booking.minutes, booking.energy_budget_wh, booking.quote_minor) == (90, 30_000, 1300 + 600)
        slots = set(Period(booking.starts_at, booking.ends_at).slots())
        assert slots_of(booking) == (slots, slots)
        assert slots_of(extension) == (set(), set())
        assert ChargingSession.objects.get().scheduled_end == booking.ends_at
        assert EcoStat.objects.get().energy_wh == before + 10_000
        settles = GatewayCommand.objects.filter(kind="settle").values_list("next_at", flat=True)
        assert set(settles) == {booking.ends_at}
        assert check_integrity() == []

    def test_the_driver_is_told_with_a_calendar_file_that_replaces_the_former(self, booking: Booking) -> None:
        outbox.work_outbox()
        paid_more(booking)
        outbox.work_outbox()
        first, second = [letter.attachments[0][1] for letter in mail.outbox if letter.attachments]
        lines = [dict(line.split(":", 1) for line in one.splitlines() if ":" in line) for one in (first, second)]
        assert lines[0]["UID"] == lines[1]["UID"]
        assert int(lines[1]["SEQUENCE"]) > int(lines[0]["SEQUENCE"])
        assert lines[1]["DTEND"] == f"{booking.ends_at:%Y%m%dT%H%M%SZ}"
        changed = next(letter for letter in mail.outbox if letter.subject.startswith("Changed: Harbour"))
        assert "For the time that was added you paid €1.50." in changed.body

    def test_rounding_is_that_of_the_whole(self, dara: Client, evse: Evse, tariff: Tariff) -> None:
        Tariff.objects.filter(pk=tariff.pk).update(per_hour_minor=333)
        booking = paid(dara, evse, minutes=15, energy_wh=1000)
        for _more in range(3):
            paid_more(booking, 15)
        whole = price(terms=TariffTerms.from_json(booking.tariff_terms), minutes=60, energy_wh=1000)
        assert sum(Payment.objects.values_list("captured_minor", flat=True)) == whole.total_minor
        assert (booking.quote_minor, booking.price_lines) == (whole.total_minor, whole.lines)

    def test_a_dearer_tariff_does_not_reach_it(self, booking: Booking, tariff: Tariff) -> None:
        Tariff.objects.filter(pk=tariff.pk).update(per_hour_minor=9999)
        assert held_more(booking).quote_minor == 150

    def test_what_costs_nothing_is_there_at_once(self, dara: Client, evse: Evse, tariff: Tariff) -> None:
        Tariff.objects.filter(pk=tariff.pk).update(per_hour_minor=0)
        booking = paid(dara, evse)
        assert extend_booking(booking=booking, minutes=30, actor=dara) is None
        booking.refresh_from_db()
        assert (booking.minutes, Payment.objects.count()) == (90, 1)
        assert GatewayCommand.objects.get(kind="settle").next_at == booking.ends_at
        assert check_integrity() == []

    def test_while_charging_too(self, booking: Booking, dara: Client) -> None:
        with clock.moved_to(booking.starts_at + 50 * MINUTE):
            start_session(booking=booking, actor=dara)
            booking.refresh_from_db()
            extension = held_more(booking)
            assert extension.expires_at == booking.ends_at
            pay(extension)
        with clock.moved_to(booking.ends_at + 15 * MINUTE):
            assert complete_sessions() == (0, 0)
            session = stop_session(booking=Booking.objects.get(pk=booking.pk), actor=dara)
        assert session.cost_minor > 100 + 450
        assert check_integrity() == []

    @pytest.mark.parametrize(
        ("minutes", "energy_wh", "refusal"),
        [
            (20, 0, refusals.OffGrid),
            (0, 0, refusals.TooShort),
            (435, 0, refusals.TooLong),
            (15 * 10**30, 0, refusals.TooLong),
            (30, 70_001, refusals.EnergyOutOfRange),
            (30, -1, refusals.EnergyOutOfRange),
        ],
    )
    def test_the_rules_are_those_of_a_hold(
        self, booking: Booking, minutes: int, energy_wh: int, refusal: type[Exception]
    ) -> None:  # fmt: skip
        with pytest.raises(refusal):
            held_more(booking, minutes, energy_wh)
        assert Booking.objects.count() == 1

    def test_a_broken_evse_or_a_closed_station_is_refused(self, booking: Booking, evse: Evse) -> None:
        Evse.objects.filter(pk=evse.pk).update(status="faulted")
        with pytest.raises(refusals.NotBookable):
            held_more(booking)

    def test_what_others_have_is_taken(self, booking: Booking, eli: Client, evse: Evse) -> None:
        held(eli, evse, in_minutes=375)
        with pytest.raises(refusals.SlotTaken):
            held_more(booking, 30)
        assert held_more(booking, 15)

    def test_one_waits_at_a_time(self, booking: Booking) -> None:
        held_more(booking)
        with pytest.raises(refusals.OwnOverlap):
            held_more(booking)

    def test_what_is_not_paid_or_over_cannot_be_extended(self, booking: Booking, dara: Client, evse: Evse) -> None:
        extension = held_more(booking)
        with clock.moved_to(booking.ends_at), pytest.raises(refusals.NotExtendable):
            held_more(booking)
        for other in (held(dara, evse), extension):
            with pytest.raises(refusals.NotExtendable):
                held_more(other)

    def test_a_lapsed_one_gives_its_time_to_others(self, booking: Booking, eli: Client, evse: Evse) -> None:
        extension = held_more(booking)
        with clock.shifted(11 * MINUTE):
            with pytest.raises(refusals.HoldExpired):
                start_payment(booking=extension, gateway="sandbox")
            assert waiting_extension(booking) is None
            held(eli, evse, in_minutes=300 + 60 - 11)
        extension.refresh_from_db()
        assert extension.status == "expired"


class TestPaying:
    def test_paying_the_booking_pays_what_waits(self, booking: Booking) -> None:
        extension = held_more(booking)
        payment = start_payment(booking=booking, gateway="sandbox")
        assert (payment.booking_id, payment.amount_minor) == (extension.pk, 150)
        decide(payment)
        settle(payment)
        with pytest.raises(refusals.Paid):
            start_payment(booking=Booking.objects.get(pk=booking.pk), gateway="sandbox")

    def test_after_the_booking_was_cancelled_it_goes_back(self, booking: Booking, dara: Client) -> None:
        payment = pending(held_more(booking))
        decide(payment)
        cancel_booking(booking=booking, actor=dara)
        settle(payment)
        assert back() == {1300: 1300, 150: 150}
        assert set(Refund.objects.values_list("reason", flat=True)) == {"cancelled", "late"}
        assert not SlotClaim.objects.exists()
        assert check_integrity() == []

    def test_after_the_session_ended_it_goes_back(self, booking: Booking, dara: Client) -> None:
        with clock.moved_to(booking.starts_at + MINUTE):
            start_session(booking=booking, actor=dara)
            payment = pending(held_more(Booking.objects.get()))
            decide(payment)
            stop_session(booking=booking, actor=dara)
            settle(payment)
        assert back()[150] == 150
        assert check_integrity() == []

    def test_late_it_gets_the_same_time_if_that_is_free(self, booking: Booking, dara: Client, eli: Client) -> None:
        payment = pending(held_more(booking))
        decide(payment)
        with clock.shifted(11 * MINUTE):
            elsewhere = hold(
                client=eli, evse=booking.evse, starts_at=booking.ends_at, minutes=15, energy_wh=1000
            )  # takes over
            cancel_booking(booking=elsewhere, actor=eli)
            settle(payment)
        booking.refresh_from_db()
        assert (booking.minutes, back()[150]) == (90, 0)
        assert check_integrity() == []

    def test_late_it_goes_back_if_somebody_has_it(self, booking: Booking, eli: Client) -> None:
        payment = pending(held_more(booking))
        decide(payment)
        with clock.shifted(11 * MINUTE):
            hold(client=eli, evse=booking.evse, starts_at=booking.ends_at, minutes=15, energy_wh=1000)
            settle(payment)
        booking.refresh_from_db()
        assert (booking.minutes, back()[150]) == (60, 150)
        assert check_integrity() == []

    @pytest.mark.race
    def test_told_many_times_at_once_it_merges_once(self, booking: Booking) -> None:
        payment = pending(held_more(booking))
        decide(payment)
        assert set(at_once([lambda: settle(Payment.objects.get(pk=payment.pk)) for _ in range(CROWD)])) <= {
            "won", "busy",
        }  # fmt: skip
        booking.refresh_from_db()
        assert (booking.minutes, booking.quote_minor) == (90, 1450)

    @pytest.mark.race
    def test_the_booking_is_cancelled_while_its_extension_is_paid(self, booking: Booking, dara: Client) -> None:
        payment = pending(held_more(booking))
        decide(payment)
        tasks = [
            lambda: settle(Payment.objects.get(pk=payment.pk)),
            lambda: cancel_booking(booking=Booking.objects.get(pk=booking.pk), actor=dara),
        ]
        assert set(at_once(tasks)) <= {"won", "busy"}
        settle(Payment.objects.get(pk=payment.pk))
        cancel_booking(booking=Booking.objects.get(pk=booking.pk), actor=dara)
        assert back() == {1300: 1300, 150: 150}

    @pytest.mark.race
    def test_the_session_ends_while_its_extension_is_paid(self, booking: Booking, dara: Client) -> None:
        with clock.shifted(booking.starts_at - clock.now()):
            start_session(booking=booking, actor=dara)
            payment = pending(held_more(Booking.objects.get()))
            decide(payment)
            tasks = [
                lambda: settle(Payment.objects.get(pk=payment.pk)),
                lambda: stop_session(booking=Booking.objects.get(pk=booking.pk), actor=dara),
            ]
            assert set(at_once(tasks)) <= {"won", "busy"}
            settle(Payment.objects.get(pk=payment.pk))
        assert not SlotClaim.objects.exists() or Booking.objects.get(pk=booking.pk).status == "in_use"


class TestRaces:
    @pytest.mark.race
    def test_strangers_and_the_driver_want_the_time_after_it(self, booking: Booking, evse: Evse) -> None:
        clients = [make_client(f"driver{n}") for n in range(CROWD - 1)]
        holds = [
            lambda c=client: hold(client=c, evse=evse, starts_at=booking.ends_at, minutes=30, energy_wh=1000)
            for client in clients
        ]
        assert at_once([lambda: held_more(booking), *holds]) == {"won": 1, "slot_taken": CROWD - 1}

    @pytest.mark.race
    def test_twenty_clicks_hold_it_once(self, booking: Booking) -> None:
        outcome = at_once([lambda: held_more(booking) for _ in range(20)])
        assert set(outcome) <= {"won", "own_overlap", "busy"}
        assert outcome["won"] == 1
        assert Booking.objects.count() == 2

    @pytest.mark.race
    def test_twenty_clicks_shorten_it_once(self, booking: Booking, dara: Client) -> None:
        tasks = [
            lambda: shorten_booking(booking=booking, less_minutes=30, actor=dara, change_id=booking.pk)
            for _ in range(20)
        ]
        assert set(at_once(tasks)) <= {"won", "busy"}
        assert back() == {1300: 150}


class TestMoneyTogether:
    def test_cancelling_gives_both_back_newest_first(self, booking: Booking, dara: Client) -> None:
        paid_more(booking)
        with clock.moved_to(booking.starts_at - HOUR):
            assert cancel_booking(booking=booking, actor=dara, shown_minor=725)
        assert back() == {1300: 575, 150: 150}
        assert check_integrity() == []

    def test_what_is_unused_comes_back_newest_first_and_once(self, booking: Booking, dara: Client) -> None:
        paid_more(booking)
        with clock.moved_to(booking.starts_at):
            start_session(booking=booking, actor=dara)
        with clock.moved_to(booking.starts_at + 10 * MINUTE):
            session = stop_session(booking=booking, actor=dara)
        with clock.moved_to(booking.ends_at):
            outbox.work_outbox()
            outbox.work_outbox()
        assert session.cost_minor == 100 + 450 + 450
        assert back() == {1300: 300, 150: 150}
        assert check_integrity() == []

    @pytest.mark.race
    def test_settled_many_times_at_once_it_comes_back_once(self, booking: Booking, dara: Client) -> None:
        paid_more(booking)
        with clock.moved_to(booking.starts_at):
            start_session(booking=booking, actor=dara)
        with clock.moved_to(booking.starts_at + 10 * MINUTE):
            stop_session(booking=booking, actor=dara)
        tasks = [lambda p=payment: refund_unused(p) for payment in Payment.objects.all() for _ in range(CROWD // 2)]
        assert set(at_once(tasks)) <= {"won", "busy"}
        assert back() == {1300: 300, 150: 150}

    def test_who_does_not_come_loses_by_policy_over_both(self, booking: Booking) -> None:
        paid_more(booking)
        Booking.objects.filter(pk=booking.pk).update(policy_terms=booking.policy_terms | {"no_show_fee_bp": 4000})
        with clock.moved_to(booking.ends_at):
            complete_sessions()
            outbox.work_outbox()
        assert sum(back().values()) == 1450 - 580
        assert check_integrity() == []

    def test_an_extension_that_waits_goes_with_the_session(self, booking: Booking, dara: Client) -> None:
        extension = held_more(booking)
        with clock.moved_to(booking.ends_at):
            complete_sessions()
        extension.refresh_from_db()
        assert extension.status == "cancelled"
        assert check_integrity() == []


class TestShortening:
    def test_in_time_all_of_the_difference_comes_back(self, booking: Booking, dara: Client, eli: Client) -> None:
        assert shorten_booking(booking=booking, less_minutes=30, actor=dara, shown_minor=150)
        booking.refresh_from_db()
        assert (booking.minutes, booking.quote_minor, back()) == (30, 1150, {1300: 150})
        assert Refund.objects.get().reason == "shortened"
        assert ChargingSession.objects.get().scheduled_end == booking.ends_at
        assert hold(client=eli, evse=booking.evse, starts_at=booking.ends_at, minutes=30, energy_wh=1000)
        cancel_booking(booking=booking, actor=dara)
        assert back() == {1300: 1300}
        assert check_integrity() == []

    def test_late_its_policy_s_part_does(self, booking: Booking, dara: Client) -> None:
        with clock.moved_to(booking.starts_at - HOUR):
            with pytest.raises(RefundChanged):
                shorten_booking(booking=booking, less_minutes=30, actor=dara, shown_minor=150)
            shorten_booking(booking=booking, less_minutes=30, actor=dara, shown_minor=75)
            cancel_booking(booking=Booking.objects.get(), actor=dara)
        assert back() == {1300: 650}
        assert check_integrity() == []

    def test_energy_that_no_longer_fits_comes_back_too(self, dara: Client, evse: Evse) -> None:
        booking = paid(dara, evse, in_minutes=300, energy_wh=60_000)
        shorten_booking(booking=booking, less_minutes=45, actor=dara)
        booking.refresh_from_db()
        assert (booking.energy_budget_wh, back()) == (15_000, {3100: 225 + 2025})

    def test_time_that_was_added_comes_off_again(self, booking: Booking, dara: Client) -> None:
        paid_more(booking)
        shorten_booking(booking=booking, less_minutes=45, actor=dara)
        assert back() == {1300: 75, 150: 150}
        assert check_integrity() == []

    def test_not_to_nothing_nor_once_it_began(self, booking: Booking, dara: Client) -> None:
        with pytest.raises(refusals.TooShort):
            shorten_booking(booking=booking, less_minutes=60, actor=dara)
        with clock.moved_to(booking.starts_at), pytest.raises(refusals.NotExtendable):
            shorten_booking(booking=booking, less_minutes=30, actor=dara)


def test_the_service_of_holding_and_extending_is_one(booking: Booking, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []
    monkeypatch.setattr("bookings.extending.promise", lambda extension, **_more: seen.append(extension))
    hold_extension(booking=booking, minutes=15, actor=booking.client)
    assert len(seen) == 1
