"""Who is staff, and what they may do."""

from django.contrib.auth.models import Group
from django.utils.translation import gettext_lazy as _

from bookings.models import Client
from bookings.models.client import ROLES
from bookings.signals import client_changed
from evbunker.audit import record_change
from evbunker.db import atomic, on_commit
from evbunker.errors import DomainError

OWNER = "owner"


class UnknownRole(DomainError):
    code, status = "unknown_role", 422
    field = "role"
    message = _("There is no such role. Roles are viewer, operator and owner.")


class OwnRole(DomainError):
    code = "own_role"
    field = "role"
    message = _("Your own role is changed by another owner, so that one always remains.")


class OwnerNoMore(DomainError):
    code, status = "owner_no_more", 403
    message = _("Meanwhile somebody has taken your own role away.")


@atomic
def set_role(*, client: Client, role: str | None, actor: Client | str, reason: str = "") -> bool:
    """Put `client` into the staff group `role` and no other; None makes a driver of it. False if that was so.

    Raises UnknownRole, OwnRole if the actor is the client, or OwnerNoMore.
    """
    if role is not None and role not in ROLES:
        raise UnknownRole
    before = _staff_groups(client)
    wanted = {role} if role else set()
    if before == wanted and client.is_staff == bool(role):
        return False
    if isinstance(actor, Client) and actor.pk == client.pk:
        raise OwnRole
    if isinstance(actor, Client) and OWNER in before:
        _stay_owner(actor)
    client.groups.remove(*Group.objects.filter(name__in=before - wanted))
    client.groups.add(*Group.objects.filter(name__in=wanted - before))
    client.is_staff = bool(role)
    client.save(update_fields=["is_staff"])
    client.forget_role()
    record_change(
        actor=actor, action="client.role", record=client, before={"role": sorted(before)},
        after={"role": sorted(wanted)}, reason=reason,
    )  # fmt: skip
    on_commit(lambda: client_changed.send_robust(Client, client_id=client.pk))
    return True


def _stay_owner(actor: Client) -> None:
    """Two owners who take each other's role away at once must not both succeed, or nobody is left.

    Each writes the other's membership and its own anew, so that the two conflict and the later one finds itself out.
    """
    if actor.is_superuser:
        return
    owners = Group.objects.get(name=OWNER)
    own = Client.groups.through.objects.filter(client_id=actor.pk, group_id=owners.pk)
    if not own.delete()[0]:
        raise OwnerNoMore
    Client.groups.through.objects.create(client_id=actor.pk, group_id=owners.pk)


def _staff_groups(client: Client) -> set[str]:
    return set(client.groups.filter(name__in=ROLES).values_list("name", flat=True))
