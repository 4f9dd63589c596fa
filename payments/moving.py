"""Moving, extending and shortening what was paid, and what that does to the money."""

import datetime as dt
from uuid import UUID

from bookings import moving, refusals, shortening
from bookings.confirming import confirm_booking
from bookings.extending import hold_extension
from bookings.merging import give_up_extensions
from bookings.models import Booking, Client, Evse
from bookings.policy import cancel_refund_minor
from evbunker.db import atomic, by_id
from evbunker.models import new_id
from evbunker.money import format_money
from payments.cancelling import RefundChanged, cancel_attempts
from payments.family import follow, left_of, paid_for, send_back
from payments.models import GatewayCommand, Refund


def move_booking(
    *, booking: Booking, starts_at: dt.datetime, actor: Client, evse: Evse | None = None, address: str = ""
) -> bool:
    """Promise another time at the same price; False if the booking is there already. Its money follows.

    Raises what `bookings.moving.move_booking` does.
    """
    return moving.move_booking(
        booking=booking, starts_at=starts_at, actor=actor, evse=evse, address=address, then=_money_follows
    )


def _money_follows(booking: Booking) -> None:
    """Inside the unit of work that gave the booking its new time."""
    _follow(booking, once=f"moved:{booking.pk}:{int(booking.updated_at.timestamp())}")


def _follow(booking: Booking, *, once: str) -> None:
    """The money follows, and the outbox writes to the driver of a paid booking."""
    follow(booking)
    cancel_attempts(booking)
    if payments := paid_for(booking):
        GatewayCommand.objects.ask(payments[-1], GatewayCommand.Kind.MOVED_EMAIL, key=once)


def extend_booking(
    *, booking: Booking, minutes: int, energy_wh: int = 0, actor: Client, address: str = "",
    extension_id: UUID | None = None,
) -> Booking | None:  # fmt: skip
    """Hold more time for a paid booking until it is paid as well; None if it costs nothing and is there at once.

    Repeating it with the same `extension_id` changes nothing. Raises what `hold_extension` does.
    """
    made = Booking.objects.filter(pk=extension_id, extends=booking).first() if extension_id is not None else None
    extension = made or hold_extension(
        booking=booking, minutes=minutes, energy_wh=energy_wh, actor=actor, address=address, extension_id=extension_id
    )
    if extension.quote_minor:
        return extension
    if extension.is_held and not _add_free(extension, actor):
        raise refusals.NotExtendable
    return None


@atomic
def _add_free(extension: Booking, actor: Client) -> bool:
    """Add what costs nothing; what cannot be added any more is given up, False."""
    booking = by_id(Booking, extension.extends_id)
    if not confirm_booking(booking=extension, actor=actor):
        give_up_extensions(booking, actor=actor)
        return False
    booking.refresh_from_db()
    _follow(booking, once=f"extended:{extension.pk}")
    return True


@atomic
def shorten_booking(
    *, booking: Booking, less_minutes: int, actor: Client, shown_minor: int | None = None, change_id: UUID | None = None
) -> bool:
    """Take time off the end of a paid booking that has not begun. Of what that cost comes back what its policy says.

    False if `change_id` was done before. Raises what `bookings.shortening.shorten` does, or RefundChanged if what comes
    back is not `shown_minor`, what the driver was shown; then nothing was written.
    """
    once = f"shortened:{change_id or new_id()}"
    if GatewayCommand.objects.filter(idempotency_key=once).exists():
        return False
    booking.refresh_from_db()
    amount_minor = shortening_refund_minor(booking, less_minutes)
    if shown_minor is not None and shown_minor != amount_minor:
        raise RefundChanged(format_money(amount_minor, booking.currency))
    shortening.shorten(booking=booking, less_minutes=less_minutes, actor=actor)
    send_back(paid_for(booking), amount_minor, reason=Refund.Reason.SHORTENED, once=once, actor=actor)
    _follow(booking, once=once)
    return True


def shortening_refund_minor(booking: Booking, less_minutes: int) -> int:
    """What comes back now of a paid booking that becomes shorter. Raises what `checked_shorter` does."""
    shorter = shortening.checked_shorter(booking=booking, less_minutes=less_minutes)
    over_minor = booking.quote_minor - shorter.price.total_minor
    return left_of(cancel_refund_minor(booking, over_minor), paid_for(booking))
