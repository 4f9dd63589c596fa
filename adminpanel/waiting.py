"""What waits for a person: payments in review, refused refunds, commands given up, days whose books differ."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from adminpanel.payment_words import asked_and_came, review_words
from evbunker.db import lowest
from evbunker.models import Change
from payments.models import GatewayCommand, Payment, Reconciliation, Refund
from payments.reviewing import why_not_acceptable

MOST_COUNTED = 100
"""Nobody needs to know how many more there are."""
SHOWN = 50


@dataclass(frozen=True)
class Counts:
    """How many of each wait, each as far as MOST_COUNTED."""

    reviews: int
    refunds: int
    commands: int
    days: int

    @property
    def all(self) -> int:
        return self.reviews + self.refunds + self.commands + self.days

    @property
    def is_more(self) -> bool:
        """Are there more than it says?"""
        return MOST_COUNTED in (self.reviews, self.refunds, self.commands, self.days)


@dataclass(frozen=True)
class Review:
    """A payment in review: what was asked for, what came, and why it cannot be accepted (empty: it can)."""

    payment: Payment
    why: str
    asked: str
    came: str
    not_acceptable: str


@dataclass(frozen=True)
class GivenUp:
    """A command that the outbox gave up, with its payment."""

    command: GatewayCommand
    payment: Payment


def in_review() -> QuerySet[Payment]:
    return Payment.objects.filter(status=Payment.Status.REVIEW)


def refused() -> QuerySet[Refund]:
    return Refund.objects.filter(status=Refund.Status.FAILED)


def given_up() -> QuerySet[GatewayCommand]:
    return GatewayCommand.objects.filter(state=GatewayCommand.State.GIVEN_UP)


def differing() -> QuerySet[Reconciliation]:
    return Reconciliation.objects.filter(state=Reconciliation.State.DIFFERS)


def counts() -> Counts:
    """Four looks into an index, each of MOST_COUNTED keys at most."""
    return Counts(*(_count(rows) for rows in (in_review(), refused(), given_up(), differing())))


def _count(rows: QuerySet[Any]) -> int:
    return len(rows.values_list("pk")[:MOST_COUNTED])


def reviews() -> list[Review]:
    """The oldest first."""
    payments = lowest(in_review(), by="created_at", limit=SHOWN)
    notes = _notes([payment.pk for payment in payments])
    return [_review(payment, notes.get(payment.pk)) for payment in payments]


def _notes(payments: list[UUID]) -> dict[UUID, Change]:
    changes = Change.objects.filter(record_id__in=payments)[: 2 * SHOWN]
    return {change.record_id: change for change in changes if change.action == "payment.review"}


def _review(payment: Payment, note: Change | None) -> Review:
    asked, came = asked_and_came(payment, note)
    return Review(payment, review_words(payment), asked, came, why_not_acceptable(payment))


def refused_refunds() -> list[Refund]:
    return lowest(refused(), by="created_at", limit=SHOWN)


def commands_given_up() -> list[GivenUp]:
    commands = lowest(given_up(), by="next_at", limit=SHOWN)
    payments = {one.pk: one for one in Payment.objects.filter(pk__in={command.payment_id for command in commands})}
    return [GivenUp(command, payments[command.payment_id]) for command in commands]


def days_that_differ() -> list[Reconciliation]:
    return lowest(differing(), by="day", limit=SHOWN)
