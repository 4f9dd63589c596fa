"""What changes on a booking's page while its driver looks."""

from uuid import UUID

from bookings.models import Booking
from evbunker.live import panel
from payments.standing import standing_of
from payments.wording import energy_wh, words_of

A_MOMENT = 1
"""Time alone turns a booking's page, so it is kept only as long as its sockets ask at once."""


@panel(
    "booking", audience="client", stale_on={"booking_update", "payment_update", "charging_session_update"},
    ttl=A_MOMENT, template="payments/_booking.html", keyed=True, by_time=True,
)  # fmt: skip
def booking(client_id: UUID, key: str) -> dict[str, object]:
    """How the client's booking `key` stands; raises LookupError if it is not this client's."""
    try:
        found = Booking.objects.filter(pk=UUID(key), client_id=client_id).first()
    except ValueError as error:
        raise LookupError(key) from error
    if found is None:
        raise LookupError(key)
    standing = standing_of(found)
    return {
        "booking": found,
        "payment": standing.payment,
        "amount_minor": standing.captured_minor or (standing.payment and standing.payment.amount_minor),
        "back_minor": standing.back_minor,
        "kept_minor": standing.kept_minor,
        "session": standing.session,
        "stage": standing.stage,
        "words": words_of(standing),
        "energy_wh": energy_wh(standing),
    }
