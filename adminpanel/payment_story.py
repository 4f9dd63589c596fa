"""What happened to one payment, oldest first: its ledger, who did what and why, what failed, what the gateway told."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from adminpanel.payment_words import REVIEWED, came_currency
from evbunker.admin import uuid_of
from evbunker.db import newest
from evbunker.models import Change, Record
from evbunker.money import format_money
from payments.models import GatewayCommand, Payment, PaymentEvent, Receipt, Refund, WebhookEvent

MOST = 100
"""So many of each kind are read."""
Kind = PaymentEvent.Kind
DONE, TROUBLE, CALM = "done", "trouble", ""

EVENTS: dict[str, tuple[str | Promise, str]] = {
    Kind.CREATED: (gettext_lazy("The driver began to pay %(amount)s"), CALM),
    Kind.SUBMITTED: (gettext_lazy("Made at the gateway"), CALM),
    Kind.CAPTURED: (gettext_lazy("%(amount)s came"), DONE),
    Kind.FAILED: (gettext_lazy("The payment failed"), TROUBLE),
    Kind.CANCELLED: (gettext_lazy("The payment was called off"), CALM),
    Kind.REVIEW: (gettext_lazy("%(amount)s came and is not what was asked for"), TROUBLE),
    Kind.ACCEPTED: (gettext_lazy("Accepted for %(amount)s"), DONE),
    Kind.RETURNED: (gettext_lazy("All of it is to go back: %(amount)s"), CALM),
    Kind.REFUND_ASKED: (gettext_lazy("%(amount)s is to go back: %(why)s"), CALM),
    Kind.REFUNDED: (gettext_lazy("%(amount)s was sent back"), DONE),
    Kind.REFUND_FAILED: (gettext_lazy("The gateway refused to send %(amount)s back"), TROUBLE),
    Kind.DISPUTED: (gettext_lazy("The driver's bank called %(amount)s back"), TROUBLE),
}
ACTS = {
    "booking.confirmed": gettext_lazy("The booking was confirmed"),
    "booking.cancelled": gettext_lazy("The booking was cancelled"),
    "booking.closed": gettext_lazy("The operator closed the booking"),
    "booking.expired": gettext_lazy("The hold expired"),
    "booking.extended": gettext_lazy("Time was added to the booking"),
    "booking.moved": gettext_lazy("The booking was moved"),
    "booking.shortened": gettext_lazy("The booking was shortened"),
    "command.again": gettext_lazy("What had been given up was begun again"),
    "command.set_aside": gettext_lazy("What had been given up was set aside"),
    "payment.reconciled": gettext_lazy("The gateway was asked by hand"),
    "receipt.resent": gettext_lazy("The receipt was sent again"),
    "refund.came_back": gettext_lazy("A refund came back: the driver's bank did not take it"),
    "refund.external": gettext_lazy("Somebody sent money back at the payment service"),
    "refund.set_aside": gettext_lazy("The refused refund was set aside"),
}
TOLD = {
    "refund.requested",
    "refund.failed",
    "payment.review",
    "payment.accepted",
    "payment.returned",
    "payment.disputed",
    "booking.held",
    "booking.hold_extended",
}
"""Acts that the ledger tells of, or that are not about money."""


@dataclass(frozen=True)
class Line:
    """One line of the story: when, what, how it went, who did it and what was said about it."""

    at: dt.datetime
    id: UUID
    sentence: str
    tone: str = CALM
    who: str = ""
    note: str = ""


@dataclass(frozen=True)
class Story:
    """Everything about one payment that its page shows."""

    refunds: list[Refund]
    receipts: list[Receipt]
    given_up: list[GatewayCommand]
    review: Change | None
    lines: list[Line]

    @property
    def refused(self) -> list[Refund]:
        return [refund for refund in self.refunds if refund.status == Refund.Status.FAILED]


def story_of(payment: Payment) -> Story:
    """Read it all, each kind by its own index."""
    refunds = newest(Refund.objects.filter(payment=payment), by="created_at", limit=MOST)
    receipts = newest(Receipt.objects.filter(payment=payment), by="created_at", limit=MOST)
    commands = list(GatewayCommand.objects.filter(payment=payment)[:MOST])
    changes = _changes_of([payment.pk, payment.booking_id, *_ids(refunds), *_ids(commands)])
    by_record = {(change.record_id, change.action): change for change in changes}
    lines = [
        *_events(payment, {refund.pk: refund for refund in refunds}, by_record),
        *(_act(change) for change in changes if change.action not in TOLD),
        *(_command(command) for command in commands if command.last_error),
        *_webhooks(payment),
        *(_document(receipt) for receipt in receipts),
    ]
    return Story(
        refunds=refunds,
        receipts=receipts,
        given_up=[command for command in commands if command.state == GatewayCommand.State.GIVEN_UP],
        review=by_record.get((payment.pk, REVIEWED)),
        lines=sorted(lines, key=lambda line: (line.at, line.id)),
    )


def _ids(records: list[Any]) -> list[UUID]:
    return [record.pk for record in records]


def _changes_of(records: list[UUID]) -> list[Change]:
    return list(Change.objects.filter(record_id__in=records)[: 2 * MOST])


def _events(payment: Payment, refunds: dict[UUID, Refund], changes: dict[tuple[UUID, str], Change]) -> Iterator[Line]:
    for event in newest(PaymentEvent.objects.filter(payment=payment), by="created_at", limit=MOST):
        refund_id = _refund_id(event)
        refund = refunds.get(refund_id) if refund_id else None
        sentence, tone = EVENTS.get(event.kind, (event.get_kind_display(), CALM))
        amount = format_money(event.amount_minor or payment.amount_minor, _currency(event, payment, changes))
        why = refund.get_reason_display() if refund else ""
        change = _change_behind(event, payment, refund, changes)
        note = change.reason if change and change.reason else (event.note if event.kind != Kind.REVIEW else "")
        yield Line(
            event.created_at, event.pk, str(sentence) % {"amount": amount, "why": why}, tone,
            change.actor if change and change.actor_id else "", note,
        )  # fmt: skip


def _change_behind(
    event: PaymentEvent, payment: Payment, refund: Refund | None, changes: dict[tuple[UUID, str], Change]
) -> Change | None:
    """The note of the act that this line of the ledger comes of."""
    if event.kind == Kind.REFUND_ASKED and refund:
        return changes.get((refund.pk, "refund.requested"))
    return changes.get((payment.pk, f"payment.{event.kind}"))


def _refund_id(event: PaymentEvent) -> UUID | None:
    kind, _colon, refund_id = event.reference.partition(":")
    return uuid_of(refund_id) if kind == "refund" else None


def _currency(event: PaymentEvent, payment: Payment, changes: dict[tuple[UUID, str], Change]) -> str:
    """What was asked for had the payment's own; what came, and goes back, may have had another."""
    if event.kind == Kind.CREATED:
        return payment.currency
    return came_currency(payment, changes.get((payment.pk, REVIEWED)))


def _act(change: Change) -> Line:
    sentence = ACTS.get(change.action, change.action)
    return Line(change.created_at, change.pk, str(sentence), CALM, change.actor, change.reason)


def _command(command: GatewayCommand) -> Line:
    """What the outbox could not do."""
    tried = _("tried %(times)d times") % {"times": command.attempts}
    given_up = command.state == GatewayCommand.State.GIVEN_UP
    said = _("Given up: %(what)s, %(tried)s") if given_up else _("Not done yet: %(what)s, %(tried)s")
    sentence = said % {"what": command.get_kind_display(), "tried": tried}
    return _line(command, sentence, TROUBLE if given_up else CALM, note=command.last_error, at=command.updated_at)


def _webhooks(payment: Payment) -> Iterator[Line]:
    for event in WebhookEvent.objects.filter(payment=payment)[:MOST]:
        names = {"gateway": event.gateway.capitalize(), "type": event.type, "state": event.get_state_display()}
        yield _line(event, _("%(gateway)s told us: %(type)s (%(state)s)") % names)


def _document(receipt: Receipt) -> Line:
    names = {"number": receipt.reference, "amount": format_money(receipt.amount_minor, receipt.currency)}
    if receipt.kind == Receipt.Kind.RECEIPT:
        return _line(receipt, _("Receipt %(number)s over %(amount)s was issued") % names)
    return _line(receipt, _("Credit note %(number)s over %(amount)s was issued") % names)


def _line(record: Record, sentence: str, tone: str = CALM, note: str = "", at: dt.datetime | None = None) -> Line:
    return Line(at or record.created_at, record.id, sentence, tone, note=note)
