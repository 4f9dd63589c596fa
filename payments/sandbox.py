"""The other side of the sandbox gateway: its books, its pay page's decisions and the webhooks it sends.

It stands for a company far away, so our own services reach it only through `payments.gateways.sandbox`. What it does
wrong on purpose is in `payments.sandbox_knobs`. Tests and whoever runs a demo act as the company's staff would:
`decide` (also "pay" after "fail"), `refund_by_hand`, `fail_refund`, `dispute`; each returns what is to be sent with
`call_webhook` after it, unless SANDBOX_AUTO_WEBHOOK sends it by itself.
"""

import datetime as dt
import hashlib
import json
import logging
import secrets
import threading

import requests
from django.conf import settings
from django.db import IntegrityError
from django.db.models import F

from evbunker import clock
from evbunker.db import atomic, claim, on_commit
from evbunker.logs import carried
from payments.gateways.base import PayRequest, RefundRefused, RefundRequest, Truth
from payments.gateways.signing import hex_hmac, secrets_in
from payments.models import SandboxPayment, SandboxRefund
from payments.sandbox_knobs import Knob, is_on, pauses, unanswered

log = logging.getLogger(__name__)
Outcome = SandboxPayment.Outcome
OUTCOMES = ("pay", "fail", "pay_late")
LATE_BY = dt.timedelta(seconds=1)
"""`pay_late` is captured this long after the hold's end."""
WEBHOOK_TRIES = 5


def open_payment(request: PayRequest) -> SandboxPayment:
    """The payment of this key, made now if it is new."""
    known = SandboxPayment.objects.filter(idempotency_key=request.idempotency_key)
    try:
        return known.first() or unanswered(_open(request))
    except IntegrityError:
        return known.get()


@atomic
def _open(request: PayRequest) -> SandboxPayment:
    return SandboxPayment.objects.create(
        gateway_ref=f"sb_{secrets.token_urlsafe(24)}",
        idempotency_key=request.idempotency_key,
        payment_id=request.payment_id,
        amount_minor=request.amount_minor,
        currency=request.currency,
        description=request.description,
        return_url=request.return_url,
        pay_before=request.pay_before,
    )


def truth_of(book: SandboxPayment) -> Truth:
    """How it stands now: a late capture stays open until its time has come."""
    if book.outcome == Outcome.PAID:
        due = book.effective_at is not None and book.effective_at <= clock.now()
        return Truth.CAPTURED if due else Truth.OPEN
    return {Outcome.OPEN: Truth.OPEN, Outcome.FAILED: Truth.FAILED, Outcome.CANCELLED: Truth.CANCELLED}[
        Outcome(book.outcome)
    ]


@atomic
def decide(book: SandboxPayment, outcome: str) -> bool:
    """What the payer chose, one of OUTCOMES; False if it was paid or cancelled before. A failed one may be paid."""
    open_still = SandboxPayment.objects.filter(pk=book.pk, outcome__in=[Outcome.OPEN, Outcome.FAILED])
    if outcome == "fail":
        open_still = open_still.filter(outcome=Outcome.OPEN)
    effective_at = max(clock.now(), book.pay_before + LATE_BY) if outcome == "pay_late" else clock.now()
    chosen = Outcome.FAILED if outcome == "fail" else Outcome.PAID
    wrong = int(chosen == Outcome.PAID and is_on(Knob.WRONG_AMOUNT))
    if not claim(open_still, outcome=chosen, effective_at=effective_at, amount_minor=F("amount_minor") + wrong):
        return False
    book.refresh_from_db()
    if settings.SANDBOX_AUTO_WEBHOOK:
        on_commit(lambda: call_webhook_later(book))
    return True


@atomic
def cancel_payment(ref: str) -> bool:
    """Nobody can pay it any more; False if somebody has."""
    open_still = SandboxPayment.objects.filter(gateway_ref=ref, outcome__in=[Outcome.OPEN, Outcome.FAILED])
    return claim(open_still, outcome=Outcome.CANCELLED)


def refund(request: RefundRequest) -> SandboxRefund:
    """The refund of this key, made now if it is new. Raises RefundRefused for more than was paid."""
    known = SandboxRefund.objects.filter(idempotency_key=request.idempotency_key)
    try:
        return known.first() or unanswered(_refund(request))
    except IntegrityError:
        return known.get()


@atomic
def _refund(request: RefundRequest) -> SandboxRefund:
    book = SandboxPayment.objects.filter(gateway_ref=request.payment_ref, outcome=Outcome.PAID).first()
    if book is None or request.currency != book.currency:
        raise RefundRefused("Nothing was paid that this could be sent back from.")
    earlier = SandboxRefund.objects.filter(payment_ref=book.gateway_ref, outcome=SandboxRefund.Outcome.SUCCEEDED)
    if sum(earlier.values_list("amount_minor", flat=True)) + request.amount_minor > book.amount_minor:
        raise RefundRefused("More than was paid.")
    made = SandboxRefund.objects.create(
        gateway_ref=f"sbr_{secrets.token_urlsafe(24)}",
        payment_ref=book.gateway_ref,
        idempotency_key=request.idempotency_key,
        refund_id=request.refund_id,
        amount_minor=request.amount_minor,
        currency=request.currency,
        outcome=SandboxRefund.Outcome.FAILED if is_on(Knob.REFUND_FAILURE) else SandboxRefund.Outcome.SUCCEEDED,
    )
    claim(SandboxPayment.objects.filter(pk=book.pk), refunds=book.refunds + 1)  # two at once must not both fit
    _call_when_committed(refund_event_of(made))
    return made


def refund_by_hand(ref: str, amount_minor: int) -> SandboxRefund:
    """A refund of the payment `ref` that nobody asked us for, as somebody makes it on the gateway's own pages."""
    book = SandboxPayment.objects.get(gateway_ref=ref)
    key = f"by hand:{secrets.token_urlsafe(12)}"
    return _refund(RefundRequest(key, "", payment_ref=ref, amount_minor=amount_minor, currency=book.currency))


@atomic
def fail_refund(made: SandboxRefund) -> bool:
    """A refund that was sent comes back, as when the payer's account is closed; False if it has failed before."""
    sent = SandboxRefund.objects.filter(pk=made.pk, outcome=SandboxRefund.Outcome.SUCCEEDED)
    if not claim(sent, outcome=SandboxRefund.Outcome.FAILED):
        return False
    made.refresh_from_db()
    _call_when_committed(refund_event_of(made))
    return True


@atomic
def dispute(book: SandboxPayment) -> bool:
    """The payer's bank calls the payment back; False if it has before, or nothing was paid."""
    if not claim(SandboxPayment.objects.filter(pk=book.pk, outcome=Outcome.PAID, disputed=False), disputed=True):
        return False
    book.refresh_from_db()
    _call_when_committed(dispute_event_of(book))
    return True


def event_of(book: SandboxPayment) -> bytes:
    """The webhook's body. Sent again, it is the same event."""
    kind = "payment.captured" if book.outcome == Outcome.PAID else "payment.failed"
    return _event(kind, book.gateway_ref, payment_ref=book.gateway_ref, of=book)


def refund_event_of(made: SandboxRefund) -> bytes:
    """The same for a refund."""
    return _event(f"refund.{made.outcome}", made.gateway_ref, payment_ref=made.payment_ref, of=made)


def dispute_event_of(book: SandboxPayment) -> bytes:
    """The same for a payment that was called back."""
    return _event("dispute.created", book.gateway_ref, payment_ref=book.gateway_ref, of=book)


def _event(kind: str, ref: str, *, payment_ref: str, of: SandboxPayment | SandboxRefund) -> bytes:
    digest = hashlib.sha256(f"{ref}:{kind}".encode()).hexdigest()
    data = {"payment": payment_ref, "amount_minor": of.amount_minor, "currency": of.currency, "live": False}
    created = int(of.updated_at.timestamp())
    return json.dumps({"id": f"evt_{digest[:24]}", "type": kind, "created": created, "data": data}).encode()


def signature(sent_at: int, body: bytes) -> str:
    """What it signs with: the first of the shared secrets."""
    secret = next(iter(secrets_in(settings.SANDBOX_WEBHOOK_SECRET)), "")
    return hex_hmac(secret, signed_part(sent_at, body))


def signed_part(sent_at: int, body: bytes) -> bytes:
    """`<sent_at>.<body>`."""
    return str(sent_at).encode() + b"." + body


def _call_when_committed(body: bytes) -> None:
    if settings.SANDBOX_AUTO_WEBHOOK:
        on_commit(lambda: call_webhook_soon(body))


def call_webhook_later(book: SandboxPayment) -> None:
    """Call the webhook in the background when the outcome takes effect. What a dying process forgets, polling finds."""
    assert book.effective_at is not None
    call_webhook_soon(event_of(book), seconds=max(0.0, (book.effective_at - clock.now()).total_seconds()))


def call_webhook_soon(body: bytes, seconds: float = 0.0) -> None:
    """Call the webhook in a thread of its own, after `seconds`, as the knobs say."""
    for pause in pauses(seconds):
        timer = threading.Timer(pause, carried(call_webhook), args=[body])
        timer.daemon = True
        timer.start()


def call_webhook(body: bytes) -> None:
    """Post one signed event to SITE_URL, a few times if it is not taken."""
    url = f"{settings.SITE_URL}/payments/webhooks/sandbox/"
    for pause in [0.2 * 4**n for n in range(WEBHOOK_TRIES)]:
        sent_at = int(clock.now().timestamp())
        headers = {
            "Content-Type": "application/json",
            "Sandbox-Signature": f"t={sent_at},v1={signature(sent_at, body)}",
        }
        try:
            if requests.post(url, data=body, headers=headers, timeout=5).ok:
                return
        except requests.RequestException as error:
            log.info("The sandbox could not reach %s: %s", url, error)
        threading.Event().wait(pause)
    log.warning("The sandbox gave up calling %s", url)
