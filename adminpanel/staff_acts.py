"""What owners may do with one of the staff, beside choosing the role (`views/staff.py`)."""

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from adminpanel.acts import STAFF, Act, NotPossible, Subject
from adminpanel.client_words import ROLE_LABELS, State, state_of
from adminpanel.staff import note_invitation, send_invitation
from bookings.models import Client
from bookings.roles import OwnRole, set_role

NO_STAFF = gettext_lazy("This is not staff any more.")


def _list(_client: Client) -> str:
    return reverse("operations-staff")


def _facts(client: Client) -> list[str]:
    role = client.role()
    return [str(client), client.email, *([str(ROLE_LABELS[role])] if role else [])]


MEMBER = Subject(Client, gettext_lazy("Staff"), _list, _facts)


def _will_remove(client: Client) -> str:
    return _(
        "%(client)s becomes a driver again, at once: open pages of operations close, API tokens open no more than a "
        "driver's. The account, its bookings and what it did in the audit trail stay."
    ) % {"client": str(client)}


def _not_staff(client: Client) -> str:
    return "" if client.is_staff else str(NO_STAFF)


def _remove(client: Client, actor: Client, note: str) -> str:
    if not set_role(client=client, role=None, actor=actor, reason=note):
        raise NotPossible(NO_STAFF)
    return _("%(client)s is a driver again.") % {"client": str(client)}


def _will_invite(client: Client) -> str:
    return _("%(email)s gets the invitation by e-mail once more.") % {"email": client.email}


def _not_invitable(client: Client) -> str:
    if not client.is_staff or state_of(client) != State.ACTIVE:
        return str(NO_STAFF)
    return str(_("They have set a password already.")) if client.has_usable_password() else ""


def _invite(client: Client, actor: Client, _note: str) -> str:
    if client.pk == actor.pk:
        raise OwnRole
    if reason := _not_invitable(client):
        raise NotPossible(reason)
    note_invitation(client=client, actor=actor)
    send_invitation(client=client, actor=actor, role=client.role() or "")
    return _("The invitation is on its way to %(email)s.") % {"email": client.email}


ACTS: dict[str, Act] = {
    "remove": Act(
        gettext_lazy("Take the role away"), gettext_lazy("Take the role away"), "close", MEMBER,
        _will_remove, _not_staff, _remove, told=STAFF, moves_money=True, least="owner",
    ),
    "again": Act(
        gettext_lazy("Invite again"), gettext_lazy("Send the invitation again"), "mail", MEMBER,
        _will_invite, _not_invitable, _invite, asks_why=False, moves_money=True, least="owner",
    ),
}  # fmt: skip
