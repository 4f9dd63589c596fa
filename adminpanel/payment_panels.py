"""Live pieces of the pages about payments."""

from uuid import UUID

from evbunker.live import panel
from payments.models import Payment

LIST_SECONDS = 300


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
