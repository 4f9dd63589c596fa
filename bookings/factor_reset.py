"""Taking a second factor away from who has lost it."""

from allauth.mfa.models import Authenticator
from django.utils.translation import gettext_lazy as _

from bookings.models import Client
from bookings.signals import client_changed
from bookings.standing import check_may_judge
from evbunker.audit import record_change
from evbunker.db import atomic, on_commit
from evbunker.errors import DomainError


class NoFactor(DomainError):
    code = "no_second_factor"
    message = _("There is no second factor to take away.")


@atomic
def reset_second_factor(*, client: Client, actor: Client, reason: str) -> None:
    """Delete the authenticator apps, passkeys and recovery codes of `client`; the password alone opens the account.

    Raises NoFactor, or NotYours if that is not for the actor to do.
    """
    client.refresh_from_db()
    check_may_judge(client, actor)
    factors = Authenticator.objects.filter(user=client)
    kinds = sorted(factors.values_list("type", flat=True))
    if not kinds or not factors.delete()[0]:
        raise NoFactor
    record_change(
        actor=actor, action="client.factor_reset", record=client, before={"second_factors": kinds}, reason=reason
    )
    on_commit(lambda: client_changed.send_robust(Client, client_id=client.pk))
