"""Accounts made by whoever runs the site, not by the client itself."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db import IntegrityError

from bookings.client_words import index_client
from bookings.models import ApiToken, Client
from bookings.signals import client_changed
from evbunker.audit import record_change
from evbunker.db import atomic, on_commit


def provide_client(*, email: str, actor: Client | str) -> tuple[Client, bool]:
    """The client with this login, its address verified, and whether it was made now; it has no password yet then."""
    try:
        return _provide(email.strip().lower(), actor)
    except IntegrityError:  # somebody made it at the same moment
        return _provide(email.strip().lower(), actor)


@atomic
def _provide(email: str, actor: Client | str) -> tuple[Client, bool]:
    client = Client.objects.filter(email=email).first()
    made = client is None
    if client is None:
        client = Client.objects.create_user(email)
        index_client(client.pk)
        record_change(actor=actor, action="client.created", record=client, after={"email": email})
        on_commit(lambda: client_changed.send_robust(Client, client_id=client.pk))
    _verify(client)
    return client, made


def _verify(client: Client) -> None:
    """Take the address as the client's own."""
    addresses = EmailAddress.objects.filter(user=client)
    if addresses.filter(email=client.email, verified=True, primary=True).exists():
        return
    addresses.exclude(email=client.email).update(primary=False)
    if not addresses.filter(email=client.email).update(verified=True, primary=True):
        EmailAddress.objects.create(user=client, email=client.email, verified=True, primary=True)


@atomic
def take_for_owner(*, email: str, name: str, actor: Client | str) -> tuple[Client, bool]:
    """The client with this login, for whoever reads mail at that address, and whether a password must be set first.

    An account that somebody made with an address which was never confirmed may be anybody's: its password, second
    factor and tokens are taken away before the address is believed, so that only who reads the mail gets in.
    """
    email = email.strip().lower()
    known = Client.objects.filter(email=email).first()
    if known is not None and not EmailAddress.objects.filter(user=known, email=email, verified=True).exists():
        _empty(known, actor)
    client, made = _provide(email, actor)
    if made and name:
        Client.objects.filter(pk=client.pk).update(name=name)
        client.name = name
        index_client(client.pk)
    return client, not client.has_usable_password()


def _empty(client: Client, actor: Client | str) -> None:
    client.set_unusable_password()  # ends its sessions, too
    client.save(update_fields=["password"])
    ApiToken.objects.filter(client=client).delete()
    Authenticator.objects.filter(user=client).delete()
    EmailAddress.objects.filter(user=client).exclude(email=client.email).delete()
    record_change(actor=actor, action="client.emptied", record=client)
