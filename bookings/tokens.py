"""Keys to the JSON API: shown once, kept as a hash."""

import datetime as dt
import hashlib
import secrets

from django.db.models import Q

from bookings.models import ApiToken, Client
from evbunker import clock
from evbunker.audit import record_change
from evbunker.db import atomic, by_key, claim

PREFIX = "evb_"
"""So that a token is recognised where it should not be: in a log, a commit, a chat."""
SECRET_BYTES = 32
USE_NOTED_EVERY = dt.timedelta(minutes=1)


@atomic
def create_token(*, client: Client, name: str) -> tuple[ApiToken, str]:
    """A new token of `client` and its text, which nobody can ever read again."""
    text = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    token = ApiToken.objects.create(client=client, hash=hash_of(text), name=name)
    record_change(actor=client, action="token.created", record=token, after={"name": name})
    return token, text


@atomic
def revoke_token(*, token: ApiToken, actor: Client) -> None:
    """The token opens nothing any more. Safe to repeat."""
    deleted, _by_model = ApiToken.objects.filter(pk=token.pk).delete()
    if deleted:
        record_change(actor=actor, action="token.revoked", record=token, before={"name": token.name})


def client_of_token(text: str) -> Client | None:
    """Whose token `text` is, marked as come with one; None if it is nobody's or its client is not active."""
    token = by_key(ApiToken, "hash", hash_of(text))
    if token is None:
        return None
    client = by_key(Client, "id", token.client_id)
    if client is None or not client.is_active:
        return None
    client.came_with_token = True
    _note_use(token)
    return client


def _note_use(token: ApiToken) -> None:
    """Say when the token was last used, writing at most once in USE_NOTED_EVERY."""
    before = clock.now() - USE_NOTED_EVERY
    if token.last_used_at is None or token.last_used_at <= before:
        _write_use(token, before)


@atomic
def _write_use(token: ApiToken, before: dt.datetime) -> bool:
    stale = ApiToken.objects.filter(pk=token.pk).filter(Q(last_used_at__isnull=True) | Q(last_used_at__lte=before))
    return claim(stale, last_used_at=clock.now())


def hash_of(text: str) -> str:
    """SHA-256 is enough: the text has 256 random bits, there is nothing to guess."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()
