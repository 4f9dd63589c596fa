"""Accounts made by whoever runs the site, not by the client itself."""

from allauth.account.models import EmailAddress
from django.db import IntegrityError

from bookings.models import Client
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
