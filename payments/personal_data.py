"""What payments know of a client. Books are kept: only the name goes."""

from uuid import UUID

from bookings.personal_data import Part, register, rename, rows_of
from payments.models import Payment, Receipt, Refund

register(
    Part(
        "payments",
        lambda pk: rows_of(Payment.objects.filter(client_id=pk), without=("idempotency_key", "live_for")),
        lambda pk, stand_in: rename(Payment.objects.filter(client_id=pk), stand_in),
    )
)
register(
    Part(
        "refunds",
        lambda pk: rows_of(Refund.objects.filter(client_id=pk), without=("idempotency_key", "once")),
        lambda pk, stand_in: rename(Refund.objects.filter(client_id=pk), stand_in),
    )
)


def _nothing(client_id: UUID, stand_in: str) -> None:
    """Documents for the books are kept, and name nobody."""


register(Part("receipts", lambda pk: rows_of(Receipt.objects.filter(client_id=pk), without=("once",)), _nothing))
