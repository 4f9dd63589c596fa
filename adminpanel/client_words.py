"""How a client stands, in words."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.leaving import nobody
from bookings.models import Client
from bookings.models.client import ROLES


class State(TextChoices):
    """Whether a client may use its account, and who said no."""

    ACTIVE = "active", gettext_lazy("Active")
    SUSPENDED = "suspended", gettext_lazy("Suspended")
    DEACTIVATED = "deactivated", gettext_lazy("Deactivated")
    DELETED = "deleted", gettext_lazy("Deleted")


ROLE_LABELS = {
    "viewer": gettext_lazy("Viewer"),
    "operator": gettext_lazy("Operator"),
    "owner": gettext_lazy("Owner"),
}


def state_of(client: Client) -> State:
    """Suspended by an operator, deactivated by itself, or deleted for good; else active."""
    if client.email == nobody(client):
        return State.DELETED
    if client.suspended_at is not None:
        return State.SUSPENDED
    return State.ACTIVE if client.is_active else State.DEACTIVATED


def name_of(client: Client) -> str:
    """How operators call the client."""
    return _("Deleted account") if state_of(client) == State.DELETED else str(client)


def roles_of(clients: Iterable[UUID]) -> dict[UUID, str]:
    """The highest role of each of these clients who has one, in one read of the memberships."""
    memberships = Client.groups.through.objects.filter(client_id__in=list(clients))
    names = _group_names()
    held: dict[UUID, str] = {}
    for client_id, group_id in memberships.values_list("client_id", "group_id"):
        role = names.get(group_id)
        if role and (client_id not in held or ROLES.index(held[client_id]) < ROLES.index(role)):
            held[client_id] = role
    return held


def _group_names() -> dict[object, str]:
    from django.contrib.auth.models import Group

    return dict(Group.objects.filter(name__in=ROLES).values_list("pk", "name"))
