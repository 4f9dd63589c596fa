"""How a booking stands for its driver: one state, out of the booking, its payment and the clock."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from bookings.extending import waiting_among
from bookings.merging import MERGED
from bookings.models import Booking, ChargingSession
from evbunker import clock
from payments.cancelling import comes_back_minor
from payments.closing import CLOSED
from payments.family import confirming
from payments.models import Payment, Refund


class Stage(StrEnum):
    """What the booking's page is about."""

    TO_PAY = "to_pay"
    PREPARING = "preparing"
    """The gateway has not answered yet, so there is no pay page."""
    PAYING = "paying"
    """There is a pay page; whether anybody paid there, the gateway has not said."""
    PAY_FAILED = "pay_failed"
    TIME_OVER = "time_over"
    REVIEW = "review"
    """Money came that is not what we asked for; a person looks at it."""
    RETURNED = "returned"
    """Money came when the time was gone; all of it goes back."""
    CONFIRMED = "confirmed"
    READY = "ready"
    """Confirmed, and the booked time has come."""
    CHARGING = "charging"
    COMPLETED = "completed"
    NOT_USED = "not_used"
    CANCELLED = "cancelled"
    CLOSED = "closed"
    """An operator took it away; everything comes back."""


@dataclass(frozen=True)
class Standing:
    """A booking with what belongs to it.

    `payment` is the one that was captured, else the latest attempt to pay; `session` exists once it is paid. `paid` are
    that one and those for time that was added, newest first; `extension` is time held to be added, still to be paid.
    """

    booking: Booking
    payment: Payment | None
    session: ChargingSession | None
    refunds: tuple[Refund, ...]
    stage: Stage
    paid: tuple[Payment, ...] = ()
    extension: Booking | None = None

    @property
    def may_pay(self) -> bool:
        return self.stage in {Stage.TO_PAY, Stage.PREPARING, Stage.PAYING, Stage.PAY_FAILED}

    @property
    def may_cancel(self) -> bool:
        return self.may_pay or self.stage == Stage.CONFIRMED

    @property
    def comes_back_minor(self) -> int:
        """What giving it up now sends back."""
        if self.stage != Stage.CONFIRMED or not self.paid:
            return 0
        return comes_back_minor(self.booking, list(self.paid))

    @property
    def captured_minor(self) -> int:
        """What was paid for it in all."""
        return sum(payment.captured_minor for payment in self._came)

    @property
    def back_minor(self) -> int:
        """What of that has gone back or is to."""
        return sum(payment.refund_reserved_minor for payment in self._came)

    @property
    def kept_minor(self) -> int:
        return self.captured_minor - self.back_minor

    @property
    def _came(self) -> tuple[Payment, ...]:
        return self.paid or ((self.payment,) if self.payment else ())

    @property
    def may_move(self) -> bool:
        """Has it a time that can still be another? Time that is added moves with its booking."""
        return (self.may_pay or self.stage == Stage.CONFIRMED) and not self.booking.extends_id

    @property
    def may_extend(self) -> bool:
        return self.stage in {Stage.CONFIRMED, Stage.READY, Stage.CHARGING} and self.extension is None

    @property
    def pay_url(self) -> str:
        """Where to go on paying; empty if there is no such page (any more)."""
        return self.payment.pay_url if self.payment and self.stage == Stage.PAYING else ""

    @property
    def is_paid(self) -> bool:
        return self.booking.is_paid

    @property
    def shows_policy(self) -> bool:
        """Is there anything left to give up that costs something?"""
        return self.may_cancel and self.booking.quote_minor > 0

    @property
    def is_over(self) -> bool:
        return self.stage in OVER


OVER = {Stage.TIME_OVER, Stage.REVIEW, Stage.RETURNED, Stage.COMPLETED, Stage.NOT_USED, Stage.CANCELLED, Stage.CLOSED}


def standing_of(booking: Booking) -> Standing:
    """How `booking` stands now: two queries, one more where money has come, and one where time may have been added."""
    added = list(Booking.objects.filter(extends=booking)) if booking.confirmed_at else []
    merged = [extension.pk for extension in added if extension.ended_reason == MERGED]
    attempts = sorted(Payment.objects.filter(booking__in=[booking.pk, *merged]), key=_counts_most)
    own = [payment for payment in attempts if payment.booking_id == booking.pk]
    payment = own[-1] if own else None
    session = ChargingSession.objects.filter(booking=booking).first()
    came = [payment.pk for payment in attempts if payment.captured_minor]
    return Standing(
        booking, payment, session, refunds=tuple(Refund.objects.filter(payment__in=came)) if came else (),
        stage=stage_of(booking, payment), paid=tuple(confirming(attempts)), extension=waiting_among(added),
    )  # fmt: skip


def _counts_most(payment: Payment) -> tuple[bool, bool, dt.datetime, UUID]:
    return payment.captured_day is not None, payment.captured_minor > 0, payment.created_at, payment.pk


ENDED = {
    Booking.Status.IN_USE: Stage.CHARGING,
    Booking.Status.COMPLETED: Stage.COMPLETED,
    Booking.Status.NO_SHOW: Stage.NOT_USED,
}


def stage_of(booking: Booking, payment: Payment | None) -> Stage:
    """The stage of `booking` whose latest attempt to pay is `payment`."""
    now = clock.now()
    status = Booking.Status(booking.status)
    if booking.ended_reason == CLOSED and (payment is None or payment.status != Payment.Status.REVIEW):
        return Stage.CLOSED
    if status in ENDED:
        return ENDED[status]
    if status == Booking.Status.CONFIRMED:
        return _stage_of_confirmed(booking, now)
    if payment is not None and payment.status == Payment.Status.REVIEW:
        return Stage.REVIEW
    if payment is not None and payment.status == Payment.Status.CAPTURED and payment.captured_day is None:
        return Stage.RETURNED
    if status == Booking.Status.CANCELLED:
        return Stage.CANCELLED
    if status == Booking.Status.EXPIRED or (booking.expires_at is not None and booking.expires_at <= now):
        return Stage.TIME_OVER
    return _stage_of_payment(payment)


def _stage_of_confirmed(booking: Booking, now: dt.datetime) -> Stage:
    """The job that closes what was not used may be late; the clock is not."""
    if now < booking.starts_at:
        return Stage.CONFIRMED
    return Stage.READY if now < booking.ends_at else Stage.NOT_USED


def _stage_of_payment(payment: Payment | None) -> Stage:
    """The stage of a hold that still has time."""
    if payment is None or payment.status == Payment.Status.CANCELLED:
        return Stage.TO_PAY
    if payment.status == Payment.Status.FAILED:
        return Stage.PAY_FAILED
    return Stage.PAYING if payment.pay_url else Stage.PREPARING
