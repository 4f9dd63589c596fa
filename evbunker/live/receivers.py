"""Signing out ends the sockets of that session at once."""

from typing import Any

from django.contrib.auth.signals import user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from evbunker.live.events import client_group
from evbunker.live.identity import hash_of_session
from evbunker.live.publishing import send


@receiver(user_logged_out)
def end_sockets(request: HttpRequest | None, user: Any, **_kwargs: Any) -> None:
    """The session is still there when Django says this, so the hubs are told which one is about to go."""
    session_key = getattr(getattr(request, "session", None), "session_key", None)
    if user is None or not session_key:
        return
    group = client_group(user.pk)
    send([{"type": "live.signed_out", "group": group, "session": hash_of_session(session_key)}])
