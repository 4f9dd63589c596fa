"""What happened to a booking and its charging session, oldest first, out of the audit trail."""

import datetime as dt
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from adminpanel.payment_story import ACTS as OF_PAYMENTS
from adminpanel.payment_story import CALM, DONE, TROUBLE, Line, story_of
from bookings.models import Booking
from evbunker.models import Change
from evbunker.moments import format_moment
from evbunker.money import format_money
from payments.models import Payment

MOST = 100
"""So many acts are read."""
OWN = {
    "booking.held": gettext_lazy("The driver held the time"),
    "booking.hold_extended": gettext_lazy("The driver went to pay; the hold lasts longer"),
    "session.started": gettext_lazy("Charging began"),
    "session.completed": gettext_lazy("Charging ended"),
    "session.stopped": gettext_lazy("An operator ended the charging"),
    "session.unused": gettext_lazy("Nobody came in the booked time"),
}
TONES = {"booking.confirmed": DONE, "session.completed": DONE, "session.stopped": TROUBLE, "booking.closed": TROUBLE}
WITHOUT_WORDS = {"booking.cancelled", "booking.expired"}
"""Acts whose reason is a code of ours."""


def booking_lines(booking: Booking, *more: UUID) -> list[Line]:
    """The acts on the booking, and on the records `more` that belong to it."""
    changes = list(Change.objects.filter(record_id__in=[booking.pk, *more])[:MOST])
    return sorted((_line(change, booking) for change in changes), key=_order)


def whole_story(booking: Booking, payments: list[Payment], *more: UUID) -> list[Line]:
    """The same with all that happened to the money; what both tell of stands once."""
    lines = {line.id: line for payment in payments for line in story_of(payment).lines}
    return sorted((lines | {line.id: line for line in booking_lines(booking, *more)}).values(), key=_order)


def _order(line: Line) -> tuple[dt.datetime, UUID]:
    return line.at, line.id


def _line(change: Change, booking: Booking) -> Line:
    sentence = str(OWN.get(change.action) or OF_PAYMENTS.get(change.action) or change.action)
    note = "" if change.action in WITHOUT_WORDS else change.reason
    who = change.actor if change.actor_id else ""
    tone = TONES.get(change.action, CALM)
    return Line(
        change.created_at, change.pk, ": ".join(filter(None, [sentence, _new(change, booking)])), tone, who, note
    )


def _new(change: Change, booking: Booking) -> str:
    """What is new since this act, of what a driver pays for; empty if it is none of that."""
    end, price_minor = change.after.get("ends_at"), change.after.get("quote_minor")
    if not isinstance(end, str) or not isinstance(price_minor, int):
        return ""
    names = {
        "end": format_moment(dt.datetime.fromisoformat(end), booking.zone),
        "before": format_money(change.before.get("quote_minor", price_minor), booking.currency),
        "after": format_money(price_minor, booking.currency),
    }  # fmt: skip
    if names["before"] == names["after"]:
        return _("until %(end)s, the price stays %(after)s") % names
    return _("until %(end)s, for %(after)s instead of %(before)s") % names
