"""Operators close bookings: whatever the policy says, everything comes back, with their words."""

import datetime as dt
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from bookings.cancelling import cancel_confirmed
from bookings.charging import stop_session
from bookings.holding import cancel_hold
from bookings.models import Booking, Client
from bookings.refusals import NotCancellable
from evbunker.audit import record_change
from evbunker.db import atomic, claim, newest
from evbunker.errors import DomainError
from evbunker.models import Change
from evbunker.money import format_money
from payments.cancelling import cancel_payment
from payments.models import GatewayCommand, Payment, Refund
from payments.refunding import request_refund

CLOSED = "operator"
"""`Booking.ended_reason` of what an operator closed."""
ACTION = "booking.closed"
SHORTEST_NOTE, LONGEST_NOTE = 3, 300
"""Of the words that the driver reads."""


class ReasonMissing(DomainError):
    code, status = "reason_missing", 422
    field = "note"
    message = _("Say why, in 3 to 300 characters. The driver reads it.")


class ClosingChanged(DomainError):
    """Money came or went while the operator read the page."""

    code = "refund_changed"
    message = _("Meanwhile what goes back has become %(amount)s. Please look at it again.")

    def __init__(self, amount: str) -> None:
        super().__init__(self.message % {"amount": amount})


@atomic
def close_booking(*, booking: Booking, actor: Client, note: str, shown_minor: int | None = None) -> bool:
    """Take a booking away from its driver and send back all that was paid for it and for time added to it.

    Held, confirmed, begun or in use: what is charging stops, and costs nothing. False if it was closed before. Raises
    ReasonMissing, NotCancellable if it has ended, or ClosingChanged if what goes back is not `shown_minor`.
    """
    if not SHORTEST_NOTE <= len(note := note.strip()) <= LONGEST_NOTE:
        raise ReasonMissing
    booking.refresh_from_db()
    if booking.ended_reason == CLOSED:
        return False
    before = booking.status
    if shown_minor is not None and shown_minor != (goes_back := goes_back_minor(booking)):
        raise ClosingChanged(format_money(goes_back, booking.currency))
    _end(booking, actor)
    record_change(
        actor=actor, action=ACTION, record=booking, reason=note, before={"status": before},
        after={"status": booking.status},
    )  # fmt: skip
    _send_everything_back(booking, actor=actor, note=note)
    return True


def goes_back_minor(booking: Booking) -> int:
    """What closing the booking sends back now, in minor units."""
    return sum(payment.kept_minor for payment in _captured(_family(booking)))


def may_close(booking: Booking) -> bool:
    """Is there anything to close? Paid time that was added to a booking is part of it."""
    return booking.status in Booking.LIVE


def operators_words(booking: Booking) -> str:
    """Why the operator closed it; empty if nobody did."""
    noted = newest(Change.objects.filter(record_id=booking.pk), by="created_at", limit=20)
    return next((change.reason for change in noted if change.action == ACTION), "")


def _end(booking: Booking, actor: Client) -> None:
    if not may_close(booking):
        raise NotCancellable
    if booking.is_held:
        cancel_hold(booking=booking, actor=actor, reason=CLOSED)
    elif booking.status == Booking.Status.CONFIRMED:
        cancel_confirmed(booking=booking, actor=actor, reason=CLOSED)
    else:
        stop_session(booking=booking, actor=actor)
        stopped = Booking.objects.filter(pk=booking.pk, status=Booking.Status.COMPLETED).exclude(ended_reason=CLOSED)
        claim(stopped, ended_reason=CLOSED)
    booking.refresh_from_db()


def _send_everything_back(booking: Booking, *, actor: Client, note: str) -> None:
    family = _family(booking)
    attempts = list(Payment.objects.filter(live_for__in=family))
    for payment in attempts:
        cancel_payment(payment)
    captured = _captured(family)
    for payment in captured:
        if payment.kept_minor:
            request_refund(
                payment=payment, amount_minor=payment.kept_minor, reason=Refund.Reason.CLOSED,
                once=f"closed:{payment.pk}", actor=actor, note=note,
            )  # fmt: skip
    if told_by := captured or attempts:
        GatewayCommand.objects.ask(told_by[0], GatewayCommand.Kind.CLOSED_EMAIL, key=f"closed:{booking.pk}")


def _family(booking: Booking) -> list[UUID]:
    return [booking.pk, *Booking.objects.filter(extends=booking).values_list("pk", flat=True)]


def _captured(booking_ids: list[UUID]) -> list[Payment]:
    """The payments of these bookings that brought money, the first that came first.

    Told apart here: a filter might lead SQLite to the index on states, and to every payment that was ever captured.
    """
    attempts = Payment.objects.filter(booking__in=booking_ids)
    return sorted((payment for payment in attempts if payment.status == Payment.Status.CAPTURED), key=_came)


def _came(payment: Payment) -> tuple[dt.datetime, UUID]:
    assert payment.captured_at is not None, "captured money came at some time"
    return payment.captured_at, payment.pk
