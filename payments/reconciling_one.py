"""Reconciling one payment now, because a person asks."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.models import Client
from evbunker.audit import record_change
from evbunker.db import atomic
from evbunker.errors import DomainError
from evbunker.money import format_money
from payments.external import take_refunds
from payments.gateways.base import GatewayDown
from payments.lost import find_lost
from payments.models import Payment
from payments.refunding import REFUNDABLE
from payments.settling import settle

FACTS = ("status", "gateway_ref", "captured_minor", "refund_reserved_minor", "refunded_minor", "disputed_at")
"""Of a payment, what a gateway's answer may change."""


class GatewaySilent(DomainError):
    code, status = "gateway_silent", 503
    message = gettext_lazy("The payment service did not answer, so nothing is known. Please try again in a moment.")
    retry_after_seconds = 30


def reconcile_one(*, payment: Payment, actor: Client | str) -> str:
    """Ask the gateway for `payment` and all its refunds now, also those made there by hand, and believe it.

    Returns what has changed, in a sentence for whoever asked, and notes it in the audit trail. Safe to repeat.
    Raises GatewaySilent (what was learned before stays learned) or Busy.
    """
    payment.refresh_from_db()
    before = _facts(payment)
    try:
        bring_up(payment)
    except GatewayDown as error:
        raise GatewaySilent from error
    payment.refresh_from_db()
    _note(payment, actor, before)
    return _sentence(payment, before)


def bring_up(payment: Payment) -> None:
    """Bring `payment` and its refunds to where the gateway says they stand. Raises GatewayDown."""
    find_lost(payment)
    if not payment.gateway_ref:
        return
    settle(payment)
    if payment.status in REFUNDABLE:
        take_refunds(payment)


def _facts(payment: Payment) -> dict[str, object]:
    return {name: str(value) if (value := getattr(payment, name)) is not None else None for name in FACTS}


@atomic
def _note(payment: Payment, actor: Client | str, before: dict[str, object]) -> None:
    after = _facts(payment)
    changed = [name for name in FACTS if before[name] != after[name]]
    record_change(
        actor=actor, action="payment.reconciled", record=payment,
        before={name: before[name] for name in changed}, after={name: after[name] for name in changed},
    )  # fmt: skip


def _sentence(payment: Payment, before: dict[str, object]) -> str:
    if not payment.gateway_ref:
        return _("The payment service knows no such payment.")
    said = [*_about_status(payment, before), *_about_refunds(payment, before)]
    if payment.disputed_at and not before["disputed_at"]:
        said.append(_("The payer's bank has called it back."))
    return " ".join(said) or _("Nothing has changed: the payment service says what we knew.")


def _about_status(payment: Payment, before: dict[str, object]) -> list[str]:
    if payment.status == before["status"]:
        return []
    return [_("The payment is now: %(status)s.") % {"status": payment.get_status_display()}]


def _about_refunds(payment: Payment, before: dict[str, object]) -> list[str]:
    more_minor = payment.refunded_minor - int(str(before["refunded_minor"]))
    if not more_minor:
        return []
    text = _("%(amount)s more went back.") if more_minor > 0 else _("%(amount)s that was to go back came back to us.")
    return [text % {"amount": format_money(abs(more_minor), payment.currency)}]
