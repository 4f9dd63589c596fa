"""Who a session belongs to: asked at every request of somebody signed in."""

from uuid import UUID

from allauth.account.auth_backends import AuthenticationBackend

from bookings.models import Client
from evbunker.db import by_key


class ClientBackend(AuthenticationBackend):  # type: ignore[misc]
    """allauth's sign-in. The session's client is read anew every time, so a suspended one is out at once."""

    def get_user(self, user_id: UUID) -> Client | None:
        client = by_key(Client, "id", user_id)
        return client if client is not None and self.user_can_authenticate(client) else None
