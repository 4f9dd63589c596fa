"""Documents for money that moved before there were receipts: one walk over the payments of that time, then never again.

The row EARLIER among the series holds how far the walk has come, in seconds since 1970. It ends where the walk began:
whatever was paid later has its receipt from the unit of work that took the money in.
"""

import datetime as dt

from django.db import IntegrityError

from bookings.stale_days import mark_stale
from evbunker.db import atomic, claim, lowest
from payments.models import Payment, Receipt, ReceiptSeries, Refund
from payments.receipts import begin_series, credit, issue_receipt, prepare_receipts

EARLIER = "earlier"
AT_ONCE = 200
PAID = (Payment.Status.CAPTURED, Payment.Status.REVIEW)


def issue_earlier_receipts() -> int:
    """Document the next AT_ONCE payments of that time; how many lacked something. Safe to repeat and to run at once.

    Nobody is sent an e-mail: the money moved long ago.
    """
    walk = _walk()
    begun, come = int(walk.created_at.timestamp()), walk.last_number
    if come >= begun:
        return 0
    earlier = Payment.objects.filter(created_at__gte=_moment(come), created_at__lt=walk.created_at)
    payments = lowest(earlier, by="created_at", limit=AT_ONCE)
    to = begun
    if len(payments) == AT_ONCE:  # and whoever else belongs to the last second
        last = payments[-1].created_at
        payments = [one for one in payments if one.created_at < last] + list(Payment.objects.filter(created_at=last))
        to = int(last.timestamp()) + 1
    issued = sum(_complete(payment) for payment in payments if payment.status in PAID and payment.captured_minor)
    _go_on(walk, to)
    return issued


def _walk() -> ReceiptSeries:
    try:
        return ReceiptSeries.objects.filter(name=EARLIER).first() or begin_series(EARLIER)
    except IntegrityError:  # somebody else began it at the same moment
        return ReceiptSeries.objects.get(name=EARLIER)


def _moment(seconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, dt.UTC)


def _complete(payment: Payment) -> bool:
    """Issue what this payment lacks; False if it lacked nothing."""
    sent = list(Refund.objects.filter(payment_id=payment.pk, status__in=Refund.SENT).order_by("created_at", "id"))
    wanted = {f"receipt:{payment.pk}", *(f"refund:{refund.pk}" for refund in sent)}
    if len(wanted) == Receipt.objects.filter(once__in=wanted).count():
        return False
    prepare_receipts(payment)
    return _issue(payment, sent)


@atomic
def _issue(payment: Payment, sent: list[Refund]) -> bool:
    known = set(Receipt.objects.filter(payment_id=payment.pk).values_list("once", flat=True))
    if f"receipt:{payment.pk}" not in known:
        issue_receipt(payment)
    for refund in sent:
        if f"refund:{refund.pk}" not in known:
            credit(refund)
    if payment.captured_day:  # its tax counts now
        mark_stale(station_id=payment.station_id, day=payment.captured_day, time_zone=payment.station_time_zone)
    return True


@atomic
def _go_on(walk: ReceiptSeries, seconds: int) -> bool:
    return claim(ReceiptSeries.objects.filter(pk=walk.pk, last_number=walk.last_number), last_number=seconds)
