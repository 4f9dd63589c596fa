"""What staff noted about clients: theirs to read, and gone with the account. Who wrote it, loses its name there."""

from uuid import UUID

from adminpanel.client_notes import NOTED
from adminpanel.models import ClientNote
from bookings.leaving import nobody
from bookings.models import Client
from bookings.personal_data import Part, register, rows_of
from evbunker import clock
from evbunker.models import Change


def _forget(client_id: UUID, _stand_in: str) -> None:
    """`author` is an address, so that the one that stands for a deleted account takes its place."""
    ClientNote.objects.filter(client_id=client_id).delete()
    gone = nobody(Client(pk=client_id))
    noted = set(Change.objects.filter(actor_id=client_id, action=NOTED).values_list("record_id", flat=True))
    ClientNote.objects.filter(client_id__in=noted, author_id=client_id).update(author=gone, updated_at=clock.now())


register(
    Part(
        "notes_about_you",
        lambda pk: rows_of(ClientNote.objects.filter(client_id=pk), without=("author", "author_id")),
        _forget,
    )
)
