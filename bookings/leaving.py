"""Going away: for a while, or for good."""

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bookings import personal_data
from bookings.models import Booking, Client
from bookings.signals import client_changed
from evbunker.audit import record_change
from evbunker.db import atomic, claim, on_commit
from evbunker.errors import DomainError
from evbunker.models import Change


class StillBooked(DomainError):
    code = "still_booked"
    message = _("You still have bookings that are not over. Cancel them or use them first.")


class StaffAccount(DomainError):
    code = "staff_account"
    message = _("This is a staff account. Ask an owner to take your role away first.")


@atomic
def deactivate_account(*, client: Client) -> bool:
    """Let nobody sign in with this account or use its tokens; False if it was so. An operator can undo it.

    Raises StillBooked or StaffAccount.
    """
    _check_may_leave(client)
    if not claim(Client.objects.filter(pk=client.pk, is_active=True), is_active=False):
        return False
    record_change(actor=client, action="client.deactivated", record=client, after={"is_active": False})
    _tell(client)
    return True


@atomic
def delete_account(*, client: Client) -> bool:
    """Forget who the client was; False if it was forgotten before. Nobody can undo it.

    Bookings and payments stay, for the books must stay true, under a name that says nothing. Raises StillBooked or
    StaffAccount.
    """
    _check_may_leave(client)
    gone = nobody(client)
    known = Client.objects.filter(pk=client.pk).exclude(email=gone)
    if not claim(known, email=gone, name="", country="", time_zone="UTC", is_active=False, password=_unusable(client)):
        return False
    client.email = gone
    personal_data.forget(client.pk, gettext("Deleted account"))
    Change.objects.filter(actor_id=client.pk).update(actor=gone)
    Change.objects.filter(record_id=client.pk).update(before={}, after={}, reason="")
    record_change(actor=client, action="client.deleted", record=client)
    _tell(client)
    return True


def nobody(client: Client) -> str:
    """The address that stands for a deleted account: unique, and no mail can reach it."""
    return f"deleted-{client.pk.hex}@deleted.invalid"


def _unusable(client: Client) -> str:
    """A password that no text fits; changing it ends every session of the client."""
    client.set_unusable_password()
    return client.password


def _check_may_leave(client: Client) -> None:
    if client.is_staff:
        raise StaffAccount
    if Booking.objects.filter(client=client).live().exists():
        raise StillBooked


def _tell(client: Client) -> None:
    on_commit(lambda: client_changed.send_robust(Client, client_id=client.pk))
