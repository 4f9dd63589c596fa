"""What staff writes down about a client: added, never edited, forgotten with the account."""

from adminpanel.models import ClientNote
from bookings.leaving import nobody
from bookings.models import Client
from bookings.signals import client_changed
from bookings.standing import Forgotten
from evbunker import clock
from evbunker.audit import record_change
from evbunker.db import atomic, claim, newest, on_commit

NOTED = "client.noted"
LONGEST = 2000
SHOWN = 50
"""So many notes of one client are shown, the newest."""


@atomic
def add_note(*, client: Client, text: str, author: Client) -> ClientNote:
    """Keep a note. The audit trail says that there is one, not what it says: that is the client's, and goes with it.

    Raises Forgotten if the account is deleted.
    """
    known = Client.objects.filter(pk=client.pk).exclude(email=nobody(client))
    if not claim(known, updated_at=clock.now()):
        raise Forgotten
    note = ClientNote.objects.create(client=client, author_id=author.pk, author=author.email, text=text)
    record_change(actor=author, action=NOTED, record=client)
    on_commit(lambda: client_changed.send_robust(Client, client_id=client.pk))
    return note


def notes_of(client: Client) -> list[ClientNote]:
    """The notes about `client`, the newest first."""
    return newest(ClientNote.objects.filter(client=client), by="created_at", limit=SHOWN)
