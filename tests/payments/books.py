"""Both books compared at rest: the sandbox gateway's own and ours."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator

from bookings.charging import complete_sessions
from bookings.holding import expire_holds
from bookings.models import Booking
from payments import outbox
from payments.comparing import compare_books
from payments.errands import ERRANDS
from payments.models import GatewayCommand, Payment, Receipt, Refund, SandboxPayment, SandboxRefund
from payments.reconciling import reconcile_payments


def send_no_letters() -> dict[str, Callable[[GatewayCommand], None]]:
    """What takes the place of the outbox's letters, which are slow and move nothing."""
    return {kind: lambda _command: None for kind in ERRANDS if kind.endswith("_email")}


def come_to_rest(pass_time: Callable[[dt.timedelta], object]) -> None:
    """Let the jobs run until every booking has ended and the night's comparison is over, though no webhook comes."""
    for _hour in range(9):
        pass_time(dt.timedelta(minutes=61))
        _run_jobs()
    pass_time(dt.timedelta(hours=25))
    compare_books()  # finds what came for attempts that had failed
    _run_jobs()
    pass_time(dt.timedelta(hours=2))
    _run_jobs()
    assert compare_books() == 0
    assert not Booking.objects.live().exists()
    assert not Payment.objects.pending().exists()
    assert not GatewayCommand.objects.exclude(state="done").exists()


def _run_jobs() -> None:
    for job in (expire_holds, complete_sessions, reconcile_payments, outbox.work_outbox):
        job()


def differences() -> Iterator[str]:
    """One sentence for each thing in which they differ, once everything has come to rest: money that came there is in
    our books, once; it confirmed something or went back whole; nothing went back that we do not know of, or twice."""
    payments = {str(payment.pk): payment for payment in Payment.objects.all()}
    seen = Counter(book.payment_id for book in SandboxPayment.objects.all())
    yield from (f"payment {pk} was made {times} times at the gateway" for pk, times in seen.items() if times > 1)
    for book in SandboxPayment.objects.all():
        yield from _differences(book, payments[book.payment_id])
    refs = Counter(Refund.objects.filter(status="succeeded").values_list("gateway_ref", flat=True))
    there = Counter(SandboxRefund.objects.filter(outcome="succeeded").values_list("gateway_ref", flat=True))
    if refs != there:
        yield f"refunds sent: {refs - there} only here, {there - refs} only there"
    kept = sum(payment.captured_minor - payment.refunded_minor for payment in payments.values())
    if (documented := _sum(Receipt, kind="receipt") - _sum(Receipt, kind="credit_note")) != kept:
        yield f"receipts without credit notes come to {documented}, money kept to {kept}"


def _differences(book: SandboxPayment, payment: Payment) -> Iterator[str]:
    came = book.amount_minor if book.outcome == "paid" else 0
    went = _sum(SandboxRefund, payment_ref=book.gateway_ref, outcome="succeeded")
    sums = (payment.captured_minor, payment.refunded_minor, payment.refund_reserved_minor)
    if sums != (came, went, went):
        yield f"payment {payment.pk} ({payment.status}): {came} came and {went} went there, {sums} here"
    refused = Refund.objects.filter(payment=payment, status__in=Refund.REFUSED).exists()
    if payment.status == "captured" and not payment.captured_day and went != came and not refused:
        yield f"payment {payment.pk} confirmed nothing, and {went} of {came} went back"


def _sum(model: type[SandboxRefund | Receipt], **which: str) -> int:
    return sum(model._default_manager.filter(**which).values_list("amount_minor", flat=True))
