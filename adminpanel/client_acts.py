"""What operators may do with one client's account, beside suspending and restoring it (`client_standing.py`)."""

import logging

from allauth.mfa.models import Authenticator
from django.http import HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from adminpanel import account_mail
from adminpanel.acts import STAFF, Act, NotPossible, Subject
from adminpanel.client_words import State, name_of, state_of
from bookings.factor_reset import NoFactor, reset_second_factor
from bookings.models import Client
from bookings.personal_data import export_of
from bookings.standing import Forgotten, check_may_judge
from evbunker.audit import record_change
from evbunker.db import atomic

log = logging.getLogger(__name__)
NOT_ACTIVE = gettext_lazy("Nobody can sign in with this account now. Restore it first.")
FOR_OWNERS = gettext_lazy("An account of staff is an owner's business.")


def client_page(client: Client) -> str:
    return reverse("operations-client", args=[client.pk])


def _facts(client: Client) -> list[str]:
    return [name_of(client), *([client.email] if state_of(client) != State.DELETED else [])]


CLIENT = Subject(Client, gettext_lazy("Client"), client_page, _facts)


def _will_reset(client: Client) -> str:
    names = {"client": str(client), "email": client.email}
    return (
        _(
            "The authenticator apps, passkeys and recovery codes of %(client)s are deleted: the password alone opens "
            "the account then. Make sure that it is really %(client)s who asks. An e-mail to %(email)s tells of it."
        )
        % names
    )


def _why_no_reset(client: Client) -> str:
    return "" if Authenticator.objects.filter(user=client).exists() else str(NoFactor.message)


def _reset(client: Client, actor: Client, note: str) -> str:
    reset_second_factor(client=client, actor=actor, reason=note)
    try:
        account_mail.send(client, account_mail.FACTOR_RESET, "factor_reset")
    except account_mail.MailNotSent:
        log.warning("Could not tell %s that the second factor is gone", client.pk, exc_info=True)
        return _("The second factor is gone, but the e-mail that tells of it could not be sent. Tell the client.")
    return _("The second factor is gone, and the client was told by e-mail.")


def _will_send(client: Client) -> str:
    return _(
        "%(email)s gets an e-mail with a link to choose a new password. It is good for %(days)d days, and until one is "
        "chosen. The old password goes on working until then."
    ) % {"email": client.email, "days": account_mail.valid_days()}


def _not_active(client: Client) -> str:
    return "" if state_of(client) == State.ACTIVE else str(NOT_ACTIVE)


def _send(client: Client, actor: Client, _note: str) -> str:
    if client.is_staff and client.pk != actor.pk:
        check_may_judge(client, actor)
    if reason := _not_active(client):
        raise NotPossible(reason)
    _note_act(client, actor, "client.password_link", "")
    account_mail.send(client, account_mail.NEW_PASSWORD, "new_password", url=account_mail.password_url(client))
    return _("The link is on its way to %(email)s.") % {"email": client.email}


def _will_export(client: Client) -> str:
    return _(
        "You get a file with all that is known of %(client)s: account, vehicles, bookings, payments, notes. Keep it as "
        "you would keep a letter of theirs. That you took it is noted."
    ) % {"client": str(client)}


def _export(client: Client, actor: Client, note: str) -> HttpResponse:
    if reason := _is_deleted(client):
        raise NotPossible(reason)
    if client.is_staff and client.pk != actor.pk:
        check_may_judge(client, actor)
    _note_act(client, actor, "client.data_exported", note)
    answer = JsonResponse(export_of(client.pk), json_dumps_params={"indent": 2, "ensure_ascii": False})
    answer["Content-Disposition"] = f'attachment; filename="client-{client.pk}.json"'
    answer["Cache-Control"] = "no-store"
    return answer


def _is_deleted(client: Client) -> str:
    return str(Forgotten.message) if state_of(client) == State.DELETED else ""


@atomic
def _note_act(client: Client, actor: Client, action: str, note: str) -> None:
    record_change(actor=actor, action=action, record=client, reason=note)


ACTS: dict[str, Act] = {
    "password": Act(
        gettext_lazy("Send a link for a new password"), gettext_lazy("Send the link"), "mail", CLIENT,
        _will_send, _not_active, _send, asks_why=False,
    ),
    "factor": Act(
        gettext_lazy("Take the second factor away"), gettext_lazy("Take it away"), "key", CLIENT,
        _will_reset, _why_no_reset, _reset, told=STAFF, moves_money=True,
    ),
    "data": Act(
        gettext_lazy("Export all data"), gettext_lazy("Take the file"), "download", CLIENT,
        _will_export, _is_deleted, _export, told=STAFF,
    ),
}  # fmt: skip


def acts_of(client: Client, actor: Client) -> list[tuple[str, Act]]:
    """What `actor` can do now: the name in the address, and the act."""
    if client.is_staff and not actor.has_role("owner"):
        return []
    return [
        (name, act) for name, act in ACTS.items()
        if not act.why_not(client) and not (name == "factor" and client.pk == actor.pk)
    ]  # fmt: skip
