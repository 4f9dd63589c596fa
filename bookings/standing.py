"""Whether a client may use its account at all."""

from django.utils.translation import gettext_lazy as _

from bookings.leaving import nobody
from bookings.models import Client
from bookings.signals import client_changed
from evbunker import clock
from evbunker.audit import record_change
from evbunker.db import atomic, claim, newest, on_commit
from evbunker.errors import DomainError
from evbunker.models import Change

SUSPENDED, RESTORED = "client.suspended", "client.restored"
LATEST = 100
"""So many notes of the audit trail are looked through for the last suspension."""


class NotYours(DomainError):
    code, status = "not_yours", 403
    message = _("Staff accounts are suspended and restored by another owner.")


class Forgotten(DomainError):
    code = "forgotten"
    message = _("This account was deleted: nobody can sign in with it any more.")


@atomic
def suspend_client(*, client: Client, actor: Client, reason: str = "") -> bool:
    """Shut the account; False if an operator had. Its bookings stay.

    A suspended client is signed out everywhere, and its tokens open nothing. When it signs in with its password it
    reads `reason`. Raises NotYours or Forgotten.
    """
    before = _checked(client, actor)
    open_to_it = Client.objects.filter(pk=client.pk, suspended_at__isnull=True).exclude(email=nobody(client))
    if not claim(open_to_it, is_active=False, suspended_at=clock.now()):
        return False
    record_change(
        actor=actor, action=SUSPENDED, record=client, before=before, after={"is_active": False}, reason=reason
    )
    _tell(client)
    return True


@atomic
def restore_client(*, client: Client, actor: Client, reason: str = "") -> bool:
    """Open an account again that an operator suspended, or its client deactivated; False if it is open.

    Raises NotYours or Forgotten.
    """
    before = _checked(client, actor)
    shut = Client.objects.filter(pk=client.pk, is_active=False).exclude(email=nobody(client))
    if not claim(shut, is_active=True, suspended_at=None):
        return False
    record_change(actor=actor, action=RESTORED, record=client, before=before, after={"is_active": True}, reason=reason)
    _tell(client)
    return True


def set_active(*, client: Client, active: bool, actor: Client) -> bool:
    """Suspend the client, or restore it; False if that was so."""
    return restore_client(client=client, actor=actor) if active else suspend_client(client=client, actor=actor)


def why_suspended(client: Client) -> str:
    """What the operator said who suspended the client; empty if nothing."""
    noted = newest(Change.objects.filter(record_id=client.pk), by="created_at", limit=LATEST)
    return next((change.reason for change in noted if change.action == SUSPENDED), "")


def check_may_judge(client: Client, actor: Client) -> None:
    """Raise NotYours unless `actor` may suspend `client`, restore it, or take its second factor away."""
    if client.pk == actor.pk or (client.is_staff and not actor.has_role("owner")):
        raise NotYours


def _checked(client: Client, actor: Client) -> dict[str, bool]:
    """How the client stands now, as the audit trail notes it."""
    client.refresh_from_db()
    check_may_judge(client, actor)
    if client.email == nobody(client):
        raise Forgotten
    return {"is_active": client.is_active}


def _tell(client: Client) -> None:
    on_commit(lambda: client_changed.send_robust(Client, client_id=client.pk))
