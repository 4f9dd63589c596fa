"""What came to a stop and waits for a person: tried again, or set aside with a word of why. Each once."""

from django.db import IntegrityError
from django.utils.translation import gettext_lazy as _

from bookings.models import Client
from evbunker import clock
from evbunker.audit import record_change
from evbunker.db import atomic, claim
from evbunker.errors import DomainError
from payments.ledger import announce
from payments.models import GatewayCommand, Payment, Reconciliation, Refund
from payments.refunding import request_refund

MOVES_MONEY = (GatewayCommand.Kind.REFUND, GatewayCommand.Kind.SETTLE)
"""Commands that nobody may set aside: what is owed stays owed."""


class DealtWith(DomainError):
    code = "dealt_with"
    message = _("Somebody has dealt with this already.")


class StillOwed(DomainError):
    code = "still_owed"
    message = _("This sends money that is owed, so it cannot be set aside. Try it again.")


def refund_again(*, refund: Refund, actor: Client, note: str = "") -> Refund:
    """Send what its gateway refused a second time, as a refund of its own. Repeated, it gives the same one.

    Raises DealtWith if it did not fail or was set aside, RefundTooLarge if the money went back in another way since.
    """
    try:
        return _again_of(refund) or _refund_again(refund, actor=actor, note=note)
    except IntegrityError:  # the same click, at the same moment
        made = _again_of(refund)
        assert made is not None, "only the refund that takes its place has this name"
        return made


def _again_of(refund: Refund) -> Refund | None:
    return Refund.objects.filter(once=f"again:{refund.pk}").first()


@atomic
def _refund_again(refund: Refund, *, actor: Client, note: str) -> Refund:
    _set_aside(refund)
    return request_refund(
        payment=refund.payment, amount_minor=refund.amount_minor, reason=refund.reason, once=f"again:{refund.pk}",
        actor=actor, note=note or refund.note,
    )  # fmt: skip


@atomic
def set_refund_aside(*, refund: Refund, actor: Client, note: str) -> None:
    """Nobody sends this refund any more, say because the driver got the money in another way. Raises DealtWith."""
    _set_aside(refund)
    record_change(
        actor=actor, action="refund.set_aside", record=refund, before={"status": "failed"},
        after={"status": "set_aside"}, reason=note,
    )  # fmt: skip
    announce(refund.payment)


def _set_aside(refund: Refund) -> None:
    failed = Refund.objects.filter(pk=refund.pk, status=Refund.Status.FAILED)
    if not claim(failed, status=Refund.Status.SET_ASIDE):
        raise DealtWith


@atomic
def command_again(*, command: GatewayCommand, actor: Client) -> None:
    """Have the outbox try what it gave up, under the same key. Raises DealtWith."""
    _leave_given_up(command, state=GatewayCommand.State.WAITING, attempts=0, next_at=clock.now(), lease_until=None)
    _note_command(command, "command.again", actor=actor, to="waiting", note="")


@atomic
def set_command_aside(*, command: GatewayCommand, actor: Client, note: str) -> None:
    """Nobody does this any more. Raises DealtWith, or StillOwed where it moves money."""
    if command.kind in MOVES_MONEY:
        raise StillOwed
    _leave_given_up(command, state=GatewayCommand.State.SET_ASIDE)
    _note_command(command, "command.set_aside", actor=actor, to="set_aside", note=note)


def _leave_given_up(command: GatewayCommand, **changes: object) -> None:
    if not claim(GatewayCommand.objects.filter(pk=command.pk, state=GatewayCommand.State.GIVEN_UP), **changes):
        raise DealtWith


def _note_command(command: GatewayCommand, action: str, *, actor: Client, to: str, note: str) -> None:
    record_change(
        actor=actor, action=action, record=command, before={"state": "given_up"}, after={"state": to}, reason=note
    )
    announce(Payment.objects.get(pk=command.payment_id))


@atomic
def explain_day(*, day: Reconciliation, actor: Client, note: str) -> None:
    """A person knows why the books of this day differ. Raises DealtWith."""
    differs = Reconciliation.objects.filter(pk=day.pk, state=Reconciliation.State.DIFFERS)
    if not claim(differs, state=Reconciliation.State.EXPLAINED):
        raise DealtWith
    record_change(
        actor=actor, action="reconciliation.explained", record=day, before={"state": "differs"},
        after={"state": "explained"}, reason=note,
    )  # fmt: skip
