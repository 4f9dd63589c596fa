"""What operators may do with what came to a stop: refunds that were refused, commands given up, days that differ."""

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from adminpanel.acts import Act, Subject
from adminpanel.payment_acts import payment_facts, payment_page
from bookings.models import Client
from evbunker.models import Record
from evbunker.money import format_money
from payments.models import GatewayCommand, Reconciliation, Refund
from payments.retrying import (
    MOVES_MONEY,
    DealtWith,
    StillOwed,
    command_again,
    explain_day,
    refund_again,
    set_command_aside,
    set_refund_aside,
)


def _about(refund: Refund) -> dict[str, str]:
    return {"amount": format_money(refund.amount_minor, refund.currency), "client": refund.client_name}


def _not_failed(refund: Refund) -> str:
    return "" if refund.status == Refund.Status.FAILED else str(DealtWith.message)


def _again(refund: Refund, actor: Client, note: str) -> str:
    made = refund_again(refund=refund, actor=actor, note=note)
    return _("%(amount)s is on its way to %(client)s once more.") % _about(made)


def _aside(refund: Refund, actor: Client, note: str) -> str:
    set_refund_aside(refund=refund, actor=actor, note=note)
    return _("Set aside. The amount can still be sent back in another way.")


def _not_given_up(command: GatewayCommand) -> str:
    return "" if command.state == GatewayCommand.State.GIVEN_UP else str(DealtWith.message)


def _may_not_set_aside(command: GatewayCommand) -> str:
    return str(StillOwed.message) if command.kind in MOVES_MONEY else _not_given_up(command)


def _command_again(command: GatewayCommand, actor: Client, _note: str) -> str:
    command_again(command=command, actor=actor)
    return _("It is tried again within a minute.")


def _command_aside(command: GatewayCommand, actor: Client, note: str) -> str:
    set_command_aside(command=command, actor=actor, note=note)
    return _("Set aside.")


def _not_differing(day: Reconciliation) -> str:
    return "" if day.state == Reconciliation.State.DIFFERS else str(DealtWith.message)


def _explain(day: Reconciliation, actor: Client, note: str) -> str:
    explain_day(day=day, actor=actor, note=note)
    return _("Noted. The day no longer waits for a person.")


def _part_of_payment(model: type[Record]) -> Subject:
    """A refund or a command: its payment's page shows it."""
    return Subject(
        model,
        gettext_lazy("Payment"),
        lambda part: payment_page(part.payment),
        lambda part: payment_facts(part.payment),
    )


REFUND, COMMAND = _part_of_payment(Refund), _part_of_payment(GatewayCommand)
DAY = Subject(
    Reconciliation, gettext_lazy("Needs a person"), lambda day: reverse("operations-review"), lambda day: [],
)  # fmt: skip
STOPPED: dict[str, Act] = {
    "refund-again": Act(
        gettext_lazy("Try the refund again"), gettext_lazy("Send it again"), "refresh", REFUND,
        lambda refund: _("%(amount)s goes to %(client)s by a new refund in place of the refused.") % _about(refund),
        _not_failed, _again, asks_why=False, moves_money=True,
    ),
    "refund-aside": Act(
        gettext_lazy("Set the refused refund aside"), gettext_lazy("Set it aside"), "minus", REFUND,
        lambda refund: _("Nobody tries to send these %(amount)s to %(client)s any more. Do this if they got the money "
                         "in another way, or are not owed it.") % _about(refund),
        _not_failed, _aside,
    ),
    "command-again": Act(
        gettext_lazy("Try again what was given up"), gettext_lazy("Try it again"), "refresh", COMMAND,
        lambda command: _("“%(what)s” is tried again, under the same key, so that nothing is done twice. The last "
                          "error was: %(error)s")
        % {"what": command.get_kind_display(), "error": command.last_error},
        _not_given_up, _command_again, asks_why=False,
    ),
    "command-aside": Act(
        gettext_lazy("Set aside what was given up"), gettext_lazy("Set it aside"), "minus", COMMAND,
        lambda command: _("“%(what)s” is not tried any more. No money is moved by this.")
        % {"what": command.get_kind_display()},
        _may_not_set_aside, _command_aside,
    ),
    "day-explained": Act(
        gettext_lazy("Explain the difference"), gettext_lazy("Note it"), "check", DAY,
        lambda day: _("What you write is kept as the explanation of the books of %(day)s at %(gateway)s, and the day "
                      "no longer waits for a person. No money is moved by this.")
        % {"day": day.day, "gateway": day.gateway.capitalize()},
        _not_differing, _explain,
    ),
}  # fmt: skip
