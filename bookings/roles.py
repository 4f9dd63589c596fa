"""Who is staff, and what they may do."""

from django.contrib.auth.models import Group
from django.utils.translation import gettext_lazy as _

from bookings.models import Client
from bookings.models.client import ROLES
from bookings.signals import client_changed
from evbunker.audit import record_change
from evbunker.db import atomic, on_commit
from evbunker.errors import DomainError


class UnknownRole(DomainError):
    code, status = "unknown_role", 422
    field = "role"
    message = _("There is no such role. Roles are viewer, operator and owner.")


class OwnRole(DomainError):
    code = "own_role"
    field = "role"
    message = _("Your own role is changed by another owner, so that one always remains.")


@atomic
def set_role(*, client: Client, role: str | None, actor: Client | str) -> bool:
    """Put `client` into the staff group `role` and no other; None makes a driver of it. False if that was so.

    Raises UnknownRole, or OwnRole if the actor is the client.
    """
    if role is not None and role not in ROLES:
        raise UnknownRole
    before = _staff_groups(client)
    wanted = {role} if role else set()
    if before == wanted and client.is_staff == bool(role):
        return False
    if isinstance(actor, Client) and actor.pk == client.pk:
        raise OwnRole
    client.groups.remove(*Group.objects.filter(name__in=before - wanted))
    client.groups.add(*Group.objects.filter(name__in=wanted - before))
    client.is_staff = bool(role)
    client.save(update_fields=["is_staff"])
    _tell(client, actor=actor, before=before, after=wanted)
    return True


def _staff_groups(client: Client) -> set[str]:
    return set(client.groups.filter(name__in=ROLES).values_list("name", flat=True))


def _tell(client: Client, *, actor: Client | str, before: set[str], after: set[str]) -> None:
    client.forget_role()
    record_change(
        actor=actor, action="client.role", record=client, before={"role": sorted(before)}, after={"role": sorted(after)}
    )
    on_commit(lambda: client_changed.send_robust(Client, client_id=client.pk))
