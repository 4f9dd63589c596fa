"""Whether a client may use its account at all."""

from django.utils.translation import gettext_lazy as _

from bookings.leaving import nobody
from bookings.models import Client
from bookings.signals import client_changed
from evbunker.audit import record_change
from evbunker.db import atomic, claim, on_commit
from evbunker.errors import DomainError


class NotYours(DomainError):
    code, status = "not_yours", 403
    message = _("Staff accounts are suspended and restored by another owner.")


class Forgotten(DomainError):
    code = "forgotten"
    message = _("This account was deleted: nobody can sign in with it any more.")


@atomic
def set_active(*, client: Client, active: bool, actor: Client) -> bool:
    """Suspend the client, or restore it; False if that was so. Its bookings stay.

    A suspended client is signed out, and its tokens open nothing. Raises NotYours or Forgotten.
    """
    if client.pk == actor.pk or (client.is_staff and not actor.has_role("owner")):
        raise NotYours
    if client.email == nobody(client):
        raise Forgotten
    if not claim(Client.objects.filter(pk=client.pk, is_active=not active), is_active=active):
        return False
    record_change(
        actor=actor, action="client.restored" if active else "client.suspended", record=client,
        before={"is_active": not active}, after={"is_active": active},
    )  # fmt: skip
    on_commit(lambda: client_changed.send_robust(Client, client_id=client.pk))
    return True
