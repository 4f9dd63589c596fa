"""Sending money back: reserved first, so that no clicks at once send more than was paid; then sent, then confirmed."""

from django.db import IntegrityError
from django.db.models import F, QuerySet
from django.utils.translation import gettext_lazy as _

from bookings.models import Client
from bookings.stale_days import mark_stale
from evbunker import clock
from evbunker.audit import record_change
from evbunker.db import atomic, claim
from evbunker.errors import Busy, DomainError
from evbunker.models import new_id
from payments.gateways import KNOWN
from payments.gateways.base import GatewayRefund, RefundRefused, RefundRequest, RefundTruth
from payments.ledger import announce, enter
from payments.models import GatewayCommand, Payment, PaymentEvent, Refund
from payments.receipts import issue_credit_note, prepare_receipts, take_back_credit
from payments.stuck_keys import make_once

Status = Refund.Status
REFUNDABLE = (Payment.Status.CAPTURED, Payment.Status.REVIEW)


class RefundTooLarge(DomainError):
    code, status = "refund_too_large", 422
    field = "amount_minor"
    message = _("That is more than is left of this payment.")


class NothingToRefund(DomainError):
    code, status = "nothing_to_refund", 422
    field = "amount_minor"
    message = _("An amount to send back is more than nothing.")


@atomic
def request_refund(
    *, payment: Payment, amount_minor: int, reason: str, once: str, actor: Client | str, note: str = ""
) -> Refund:
    """Reserve `amount_minor` of what was captured and have the outbox send it back.

    Raises NothingToRefund, RefundTooLarge, or IntegrityError if `once` has been used; then nothing was written.
    """
    if amount_minor <= 0:
        raise NothingToRefund
    enough = Payment.objects.filter(
        pk=payment.pk, status__in=REFUNDABLE, captured_minor__gte=F("refund_reserved_minor") + amount_minor
    )
    if not claim(enough, refund_reserved_minor=F("refund_reserved_minor") + amount_minor):
        raise RefundTooLarge
    payment.refresh_from_db()
    refund = _write(payment, amount_minor=amount_minor, reason=reason, once=once, note=note)
    record_change(
        actor=actor, action="refund.requested", record=refund, reason=note,
        after={"payment": str(payment.pk), "amount_minor": amount_minor, "reason": str(reason)},
    )  # fmt: skip
    return refund


def refund_by_hand(*, payment: Payment, amount_minor: int, note: str, actor: Client, once: str) -> Refund:
    """An operator sends money back; with the `once` of an earlier call, that one's refund. Raises as above, or Busy."""
    same = Refund.objects.filter(once=once)
    try:
        return same.first() or request_refund(
            payment=payment, amount_minor=amount_minor, reason=Refund.Reason.OPERATOR, once=once, actor=actor, note=note
        )
    except (IntegrityError, RefundTooLarge, Busy):  # the same call, at the same moment?
        if (made := same.first()) is None:
            raise
        return made


def _write(payment: Payment, *, amount_minor: int, reason: str, once: str, note: str) -> Refund:
    refund_id = new_id()
    key = f"refund:{refund_id}:1"
    refund = Refund.objects.create(
        id=refund_id, payment=payment, client_id=payment.client_id, reason=reason, note=note, once=once,
        amount_minor=amount_minor, currency=payment.currency, idempotency_key=key,
        station_name=payment.station_name, client_name=payment.client_name,
    )  # fmt: skip
    GatewayCommand.objects.ask(payment, GatewayCommand.Kind.REFUND, key=key, refund=refund)
    _enter(refund, payment, PaymentEvent.Kind.REFUND_ASKED)
    return refund


def send_refund(refund: Refund) -> None:
    """Have the gateway send it back, unless that is done. Safe to repeat. Raises GatewayDown."""
    if refund.status not in Refund.UNDER_WAY:
        return
    payment = refund.payment
    ref = payment.gateway_ref
    assert ref, "only what was paid at a gateway goes back"
    request = RefundRequest(
        idempotency_key=refund.idempotency_key,
        refund_id=str(refund.pk),
        payment_ref=ref,
        amount_minor=refund.amount_minor,
        currency=refund.currency,
    )
    gateway = KNOWN[payment.gateway]()
    try:
        made = make_once(
            refund, ask=lambda: gateway.refund(request), find=lambda: _made_before(gateway.refunds_of(ref), refund)
        )
    except RefundRefused as error:
        _fail(refund, note=str(error))
        return
    _submitted(refund, made)
    apply_refund(refund, made)


def _made_before(known: list[GatewayRefund], refund: Refund) -> GatewayRefund | None:
    return next((one for one in known if one.refund_id == str(refund.pk)), None)


def settle_refund(refund: Refund) -> None:
    """Bring `refund` to where its gateway says it stands. Raises GatewayDown; then nothing changed."""
    if refund.gateway_ref:
        apply_refund(refund, ask_refund(refund))


def ask_refund(refund: Refund) -> GatewayRefund:
    """What the gateway says of a refund that was made there. Raises GatewayDown."""
    assert refund.gateway_ref, "only a refund that was made at the gateway can be asked for"
    return KNOWN[refund.payment.gateway]().look_up_refund(refund.gateway_ref)


def apply_refund(refund: Refund, seen: GatewayRefund) -> None:
    """Take the gateway's answer into our books. Safe to repeat.

    A refund that was final may fail after all (Stripe: a closed account, up to 30 days later): the money came back.
    """
    if seen.truth == RefundTruth.OPEN:
        return
    prepare_receipts(refund.payment)
    if seen.truth == RefundTruth.SUCCEEDED:
        _succeed(refund)
    elif not _fail(refund, note="refused by the gateway"):
        _come_back(refund)


@atomic
def _submitted(refund: Refund, made: GatewayRefund) -> bool:
    requested = Refund.objects.filter(pk=refund.pk, status=Status.REQUESTED)
    return claim(requested, status=Status.SUBMITTED, gateway_ref=made.ref)


@atomic
def _succeed(refund: Refund) -> bool:
    """The money is on its way to the driver; False if that was known."""
    if not claim(_under_way(refund), status=Status.SUCCEEDED, settled_at=clock.now()):
        return False
    sent = Payment.objects.filter(pk=refund.payment_id)
    claim(sent, refunded_minor=F("refunded_minor") + refund.amount_minor)
    _enter(refund, Payment.objects.get(pk=refund.payment_id), PaymentEvent.Kind.REFUNDED)
    issue_credit_note(refund)
    return True


@atomic
def _fail(refund: Refund, *, note: str) -> bool:
    """The gateway never sends it: what was reserved is free again, for a person to decide. False if that was known."""
    if not claim(_under_way(refund), status=Status.FAILED, settled_at=clock.now()):
        return False
    reserved = Payment.objects.filter(pk=refund.payment_id)
    claim(reserved, refund_reserved_minor=F("refund_reserved_minor") - refund.amount_minor)
    _enter(refund, Payment.objects.get(pk=refund.payment_id), PaymentEvent.Kind.REFUND_FAILED, note=note)
    record_change(actor=refund.payment.gateway, action="refund.failed", record=refund, after={"note": note})
    return True


@atomic
def _come_back(refund: Refund) -> bool:
    """What was sent came back to us: it is free again, for a person to decide. False if that was known.

    The ledger gets lines that take back the earlier ones, and the credit note a document that does.
    """
    if not claim(Refund.objects.filter(pk=refund.pk, status__in=Refund.SENT), status=Status.FAILED):
        return False
    sums = ("refund_reserved_minor", "refunded_minor")
    claim(Payment.objects.filter(pk=refund.payment_id), **{name: F(name) - refund.amount_minor for name in sums})
    payment = Payment.objects.get(pk=refund.payment_id)
    back = f"refund:{refund.pk}:came back"
    enter(payment, PaymentEvent.Kind.REFUNDED, reference=back, amount_minor=-refund.amount_minor)
    _enter(refund, payment, PaymentEvent.Kind.REFUND_FAILED, note="it came back")
    record_change(actor=payment.gateway, action="refund.came_back", record=refund)
    take_back_credit(refund)
    return True


def _under_way(refund: Refund) -> QuerySet[Refund]:
    return Refund.objects.under_way().filter(pk=refund.pk)


def _enter(refund: Refund, payment: Payment, kind: str, *, note: str = "") -> None:
    """One line in the ledger; what the day comes to has changed, and whoever watches is told."""
    enter(payment, kind, reference=f"refund:{refund.pk}", amount_minor=refund.amount_minor, note=note[:300])
    if payment.captured_day:
        mark_stale(station_id=payment.station_id, day=payment.captured_day, time_zone=payment.station_time_zone)
    announce(payment)
