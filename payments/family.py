"""The money of one booking: what confirmed it and what was paid for time that became part of it, taken together."""

from collections.abc import Iterable
from uuid import UUID

from bookings.merging import MERGED
from bookings.models import Booking, Client
from evbunker.db import by_id
from payments.models import GatewayCommand, Payment
from payments.refunding import request_refund


def paid_for(booking: Booking) -> list[Payment]:
    """The payments that count for `booking`, newest first: as many as confirmed it and the time added to it."""
    return counting([booking.pk, *merged_into(booking)])


def counting(booking_ids: Iterable[UUID]) -> list[Payment]:
    """Of the payments of these bookings those that confirmed something, newest first."""
    return confirming(Payment.objects.filter(booking__in=list(booking_ids)))


def confirming(payments: Iterable[Payment]) -> list[Payment]:
    """Those of `payments` that confirmed something, newest first.

    They are told apart here, not by a filter: it might lead SQLite to the index on states, and with it to every payment
    that was ever captured.
    """
    sure = [payment for payment in payments if payment.status == Payment.Status.CAPTURED and payment.captured_day]
    return sorted(sure, key=lambda payment: (payment.captured_at, payment.pk), reverse=True)


def merged_into(booking: Booking) -> list[UUID]:
    """The extensions that became part of `booking`."""
    return list(Booking.objects.filter(extends=booking, ended_reason=MERGED).values_list("pk", flat=True))


def kept_minor(payments: Iterable[Payment]) -> int:
    """What was captured and neither has gone back nor is to."""
    return sum(payment.kept_minor for payment in payments)


def left_of(due_minor: int, payments: Iterable[Payment]) -> int:
    """What can go back of an amount that is due: what operators gave before comes on top, as far as there is."""
    return min(due_minor, kept_minor(payments))


def send_back(
    payments: Iterable[Payment], amount_minor: int, *, reason: str, once: str, actor: Client | str
) -> None:  # fmt: skip
    """Reserve `amount_minor`, which must be left, of `payments` in their order; each refund is `once`:<payment>.

    Inside a unit of work. Raises what `request_refund` does.
    """
    for payment in payments:
        share = min(amount_minor, payment.kept_minor)
        if share:
            key = f"{once}:{payment.pk}"
            request_refund(payment=payment, amount_minor=share, reason=reason, once=key, actor=actor)
        amount_minor -= share
    assert not amount_minor, "more was to go back than is left"


def follow(booking: Booking) -> None:
    """The booking's time changed: its payments say so, and what is unused is sent back at its new end."""
    ids = [booking.pk, *merged_into(booking)]
    Payment.objects.filter(booking__in=ids).update(starts_at=booking.starts_at)
    payments = [payment.pk for payment in counting(ids)]
    waiting = GatewayCommand.objects.filter(payment__in=payments, state=GatewayCommand.State.WAITING)
    waiting.filter(kind=GatewayCommand.Kind.SETTLE).update(next_at=booking.ends_at)


def follow_extension(booking: Booking) -> None:
    """If `booking` has just become part of another one, that one's money follows."""
    if booking.extends_id:
        follow(by_id(Booking, booking.extends_id))
