"""Live pieces of the pages about bookings."""

from uuid import UUID

from adminpanel.booking_story import whole_story
from adminpanel.booking_words import reckoning_of, terms_of
from bookings.models import Booking, Client, EcoStat, SlotClaim
from bookings.policy import policy_sentences
from bookings.pricewords import price_table
from evbunker.db import newest
from evbunker.live import panel
from payments.models import Payment
from payments.standing import standing_of
from payments.wording import words_of

A_MINUTE = 60
MOST = 50
"""So many attempts to pay, and so many extensions, are shown."""


def booking_of(key: str) -> Booking:
    """The booking with the id `key`; raises LookupError."""
    try:
        found = Booking.objects.filter(pk=UUID(key)).first()
    except ValueError as error:
        raise LookupError(key) from error
    if found is None:
        raise LookupError(key)
    return found


@panel(
    "bookings", audience="operators", stale_on={"booking_update"}, ttl=A_MINUTE,
    template="adminpanel/bookings/_row.html", rows="booking",
)  # fmt: skip
def bookings(key: str) -> dict[str, object]:
    """One row of the list."""
    return {"booking": booking_of(key)}


@panel(
    "operations-booking", audience="operators", ttl=A_MINUTE, by_time=True, keyed=True,
    stale_on={"booking_update", "payment_update", "charging_session_update", "eco_stats_update"},
    template="adminpanel/bookings/_booking.html",
)  # fmt: skip
def operations_booking(key: str) -> dict[str, object]:
    """Everything about one booking."""
    booking = booking_of(key)
    standing = standing_of(booking)
    added = list(Booking.objects.filter(extends=booking)[:MOST])
    payments = newest(Payment.objects.filter(booking=booking), by="created_at", limit=MOST)
    payments += [one for one in standing.paid if one.booking_id != booking.pk]
    session = standing.session
    return {
        "booking": booking,
        "standing": standing,
        "session": session,
        "told": words_of(standing),
        "reckoning": reckoning_of(standing),
        "prices": price_table(booking.price_lines, booking.currency),
        "terms": terms_of(booking),
        "policy": policy_sentences(booking),
        "client": Client.objects.get(pk=booking.client_id),
        "claims": SlotClaim.objects.filter(booking=booking).count(),
        "payments": payments,
        "added": added,
        "impact": EcoStat.objects.filter(booking=booking).first(),
        "lines": whole_story(booking, payments, *([session.pk] if session else []), *(one.pk for one in added)),
        "zone": booking.station_time_zone,
    }
