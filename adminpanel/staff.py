"""Who runs the network: inviting staff, changing what they may do. Owners do it, and never to themselves."""

from dataclasses import dataclass
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.db import IntegrityError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from adminpanel import account_mail
from adminpanel.client_words import ROLE_LABELS, State, roles_of, state_of
from bookings.models import Client
from bookings.models.client import SECOND_FACTORS
from bookings.provisioning import take_for_owner
from bookings.roles import set_role
from evbunker.audit import record_change
from evbunker.db import atomic
from evbunker.errors import DomainError


class NotUsable(DomainError):
    code = "not_usable"
    field = "email"
    message = _("There is an account with this address that nobody can sign in with now. Restore it first.")


class StaffAlready(DomainError):
    code = "staff_already"
    field = "email"
    message = _("Somebody with this address is staff already. Change the role in the list.")


@dataclass(frozen=True)
class Member:
    """One of the staff as the list shows it. `role` is empty for staff in no group, who are let in nowhere."""

    client: Client
    role: str
    has_factor: bool
    has_come: bool
    state: State


def staff() -> QuerySet[Client]:
    """All of them. `__in`: of a bare truth value SQLite uses no index."""
    return Client.objects.filter(is_staff__in=[True])


def members_of(clients: list[Client]) -> list[Member]:
    """What the list says of each of these, in three reads for all of them."""
    ids = [client.pk for client in clients]
    roles = roles_of(ids)
    factors = _with_factor(ids)
    return [
        Member(
            client, "owner" if client.is_superuser else roles.get(client.pk, ""), client.pk in factors,
            client.has_usable_password(), state_of(client),
        )
        for client in clients
    ]  # fmt: skip


def _with_factor(ids: list[UUID]) -> set[UUID]:
    kinds = Authenticator.objects.filter(user_id__in=ids).values_list("user_id", "type")
    return {client_id for client_id, kind in kinds if kind in SECOND_FACTORS}


def invite(*, email: str, name: str, role: str, actor: Client) -> Client:
    """Give the role to whoever reads mail at `email`, and write to them. They cannot come in without a second factor.

    An account that is there keeps its password if its address was confirmed. Raises NotUsable, StaffAlready, OwnRole,
    or MailNotSent: then the role is given all the same, and the invitation can be sent again.
    """
    try:
        client, _is_new = _invite(email, name, role, actor)
    except IntegrityError:  # somebody made the account at the same moment
        client, _is_new = _invite(email, name, role, actor)
    send_invitation(client=client, actor=actor, role=role)
    return client


@atomic
def _invite(email: str, name: str, role: str, actor: Client) -> tuple[Client, bool]:
    known = Client.objects.filter(email=email.strip().lower()).first()
    if known is not None and state_of(known) != State.ACTIVE:
        raise NotUsable
    if known is not None and known.is_staff:
        raise StaffAlready
    client, is_new = take_for_owner(email=email, name=name, actor=actor)
    set_role(client=client, role=role, actor=actor)
    record_change(actor=actor, action="client.invited", record=client, after={"role": role})
    return client, is_new


def send_invitation(*, client: Client, actor: Client, role: str) -> None:
    """Write to somebody who has the role; with a link to set a password if there is none yet. Raises MailNotSent."""
    url = "" if client.has_usable_password() else account_mail.password_url(client)
    account_mail.send(
        client, account_mail.INVITATION, "invitation", inviter=str(actor), role=ROLE_LABELS.get(role, role), url=url,
        days=account_mail.valid_days(),
    )  # fmt: skip


@atomic
def note_invitation(*, client: Client, actor: Client) -> None:
    """That the invitation is sent again belongs into the audit trail."""
    record_change(actor=actor, action="client.invited", record=client)
