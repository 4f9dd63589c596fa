"""The cancellation policy a booking was bought under: what it costs, and how that is said."""

import datetime as dt

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.models import Booking
from bookings.pricing import WHOLE_BP, half_up
from evbunker import clock
from evbunker.moments import format_moment


def policy_sentences(booking: Booking) -> list[str]:
    """What giving a paid booking up costs, now and later; from the terms copied when it was held."""
    terms = booking.policy_terms
    return [
        _("You get everything back until %(moment)s.") % {"moment": format_moment(free_until(booking), booking.zone)},
        _late(terms["late_refund_bp"]),
        _no_show(terms["no_show_fee_bp"]),
    ]


def policy_in_words(free_cancel_hours: int, late_refund_bp: int, no_show_fee_bp: int) -> list[str]:
    """What a tariff's policy says of any booking, before it has a time."""
    if free_cancel_hours == 0:
        free = _("Everything comes back until it begins.")
    else:
        free = ngettext(
            "Everything comes back until %(hours)s hour before it begins.",
            "Everything comes back until %(hours)s hours before it begins.",
            free_cancel_hours,
        ) % {"hours": free_cancel_hours}
    return [free, _late(late_refund_bp), _no_show(no_show_fee_bp)]


def _late(refund_bp: int) -> str:
    if refund_bp == 0:
        return _("After that nothing comes back.")
    return _("After that %(percent)s %% comes back.") % {"percent": _percent(refund_bp)}


def _no_show(fee_bp: int) -> str:
    if fee_bp >= WHOLE_BP:
        return _("If you do not come, nothing comes back.")
    return _("If you do not come, %(percent)s %% is kept.") % {"percent": _percent(fee_bp)}


def _percent(bp: int) -> str:
    """`50`, `12.5`."""
    return f"{bp / 100:.2f}".rstrip("0").rstrip(".")


def cancel_refund_minor(booking: Booking, paid_minor: int) -> int:
    """What of `paid_minor` comes back if the paid booking is given up now, before it begins."""
    if clock.now() <= free_until(booking):
        return paid_minor
    return half_up(paid_minor * booking.policy_terms["late_refund_bp"], WHOLE_BP)


def no_show_refund_minor(booking: Booking, paid_minor: int) -> int:
    """What of `paid_minor` comes back if nobody came."""
    return paid_minor - half_up(paid_minor * booking.policy_terms["no_show_fee_bp"], WHOLE_BP)


def free_until(booking: Booking) -> dt.datetime:
    """Until when giving the paid booking up costs nothing. Moving it brings no lost time back: what stood before counts
    as long as it is earlier."""
    terms = booking.policy_terms
    deadline = booking.starts_at - dt.timedelta(hours=terms["free_cancel_hours"])
    return min(deadline, dt.datetime.fromisoformat(terms["free_until"])) if "free_until" in terms else deadline
