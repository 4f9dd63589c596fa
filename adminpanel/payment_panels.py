"""Live pieces of the pages about payments."""

from uuid import UUID

from adminpanel import waiting
from adminpanel.payment_story import story_of
from adminpanel.payment_words import asked_and_came, came_currency, words_of
from bookings.models import Booking, ChargingSession, Client
from evbunker.live import panel
from payments.models import Payment

LIST_SECONDS = 300
A_MINUTE = 60
"""What the outbox gives up, and what two books differ in, is told by no event."""


def payment_of(key: str) -> Payment:
    """The payment with the id `key`; raises LookupError."""
    try:
        found = Payment.objects.filter(pk=UUID(key)).first()
    except ValueError as error:
        raise LookupError(key) from error
    if found is None:
        raise LookupError(key)
    return found


@panel(
    "payments", audience="operators", stale_on={"payment_update"}, ttl=LIST_SECONDS,
    template="adminpanel/payments/_row.html", rows="payment",
)  # fmt: skip
def payments(key: str) -> dict[str, object]:
    """One row of the list."""
    return {"payment": payment_of(key)}


@panel(
    "operations-payment", audience="operators", ttl=A_MINUTE, by_time=True, keyed=True,
    stale_on={"payment_update", "booking_update", "charging_session_update"},
    template="adminpanel/payments/_payment.html",
)  # fmt: skip
def operations_payment(key: str) -> dict[str, object]:
    """How one payment stands, and its story."""
    payment = payment_of(key)
    booking = Booking.objects.get(pk=payment.booking_id)
    story = story_of(payment)
    asked, came = asked_and_came(payment, story.review)
    return {
        "payment": payment,
        "booking": booking,
        "client": Client.objects.get(pk=payment.client_id),
        "session": ChargingSession.objects.filter(booking=booking).first(),
        "words": words_of(payment, booking),
        "story": story,
        "asked": asked,
        "came": came,
        "came_in": came_currency(payment, story.review),
        "on_the_way_minor": payment.refund_reserved_minor - payment.refunded_minor,
        "zone": payment.station_time_zone,
    }


@panel(
    "needs-person", audience="operators", stale_on={"payment_update"}, ttl=A_MINUTE, by_time=True,
    template="adminpanel/payments/_badge.html",
)  # fmt: skip
def needs_person() -> dict[str, object]:
    """How much waits for a person, behind its name in the menu."""
    return {"counts": waiting.counts()}


@panel(
    "waiting", audience="operators", stale_on={"payment_update", "booking_update"}, ttl=A_MINUTE, by_time=True,
    template="adminpanel/payments/_waiting.html",
)  # fmt: skip
def waiting_for_a_person() -> dict[str, object]:
    """All that waits for a person, the oldest first."""
    return {
        "reviews": waiting.reviews(),
        "refunds": waiting.refused_refunds(),
        "commands": waiting.commands_given_up(),
        "days": waiting.days_that_differ(),
    }
