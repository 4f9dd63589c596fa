"""When a client was last seen."""

import datetime as dt
import logging
from collections.abc import Callable

from django.db import DatabaseError
from django.db.models import Q
from django.http import HttpRequest, HttpResponse

from bookings.models import Client
from bookings.signals import client_changed
from evbunker import clock
from evbunker.db import atomic, claim, on_commit
from evbunker.errors import DomainError

log = logging.getLogger(__name__)
Handler = Callable[[HttpRequest], HttpResponse]
NOTED_EVERY = dt.timedelta(minutes=5)
TOLD_AFTER = dt.timedelta(hours=1)
"""Who was away for that long is told to the operators' pages as seen; whoever stays is not, every five minutes."""


def last_seen(get_response: Handler) -> Handler:
    """Note, after the answer, that its client was here. An answer never fails because of it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        client = _known_client(request)
        if client is not None and _is_stale(client.last_seen_at):
            try:
                _note(client)
            except (DomainError, DatabaseError):
                log.warning("Could not note when %s was last seen", client.pk, exc_info=True)
        return response

    return middleware


def _known_client(request: HttpRequest) -> Client | None:
    """Who asked, if the view wanted to know: nobody is looked up only for this."""
    user = getattr(request, "_cached_user", None) or vars(request).get("user")
    return user if type(user) is Client else None


def _is_stale(seen_at: dt.datetime | None) -> bool:
    return seen_at is None or seen_at <= clock.now() - NOTED_EVERY


@atomic
def _note(client: Client) -> None:
    """Write the time; of many requests at once, one writes."""
    now = clock.now()
    unnoted = Client.objects.filter(pk=client.pk).filter(
        Q(last_seen_at__isnull=True) | Q(last_seen_at__lte=now - NOTED_EVERY)
    )
    if claim(unnoted, last_seen_at=now) and (client.last_seen_at is None or client.last_seen_at <= now - TOLD_AFTER):
        on_commit(lambda: client_changed.send_robust(Client, client_id=client.pk))
