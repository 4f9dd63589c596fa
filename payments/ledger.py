"""The append-only ledger of a payment, and telling that a payment changed."""

from evbunker.db import on_commit
from evbunker.metrics import PAYMENTS
from payments.models import Payment, PaymentEvent
from payments.signals import payment_changed, payment_confirmed


def enter(payment: Payment, kind: str, *, reference: str, amount_minor: int = 0, note: str = "") -> PaymentEvent:
    """Write one line, inside the unit of work that makes it true. The same fact twice is an IntegrityError."""
    on_commit(PAYMENTS.labels(str(kind)).inc)
    return PaymentEvent.objects.create(
        payment=payment,
        kind=kind,
        reference=reference,
        amount_minor=amount_minor,
        currency=payment.currency,
        note=note,
    )


def announce(payment: Payment) -> None:
    """Tell, after commit, that the payment changed."""
    facts = {**_ids(payment), "status": str(payment.status)}
    on_commit(lambda: payment_changed.send_robust(Payment, **facts))


def announce_confirmed(payment: Payment) -> None:
    """Tell, after commit, that money came and the booking is sure."""
    facts = _ids(payment)
    on_commit(lambda: payment_confirmed.send_robust(Payment, **facts))


def _ids(payment: Payment) -> dict[str, object]:
    return {
        "payment_id": payment.pk,
        "booking_id": payment.booking_id,
        "client_id": payment.client_id,
        "station_id": payment.station_id,
    }
