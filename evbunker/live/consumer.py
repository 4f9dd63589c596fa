"""The socket: who is it, what may it watch; the hub does the rest."""

import logging
from collections.abc import Callable
from http.cookies import SimpleCookie
from importlib import import_module
from urllib.parse import parse_qs, urlsplit

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest
from django.http.request import validate_host

from evbunker.live.events import OPERATORS, client_group
from evbunker.live.hub import NOT_ALLOWED, SIGNED_OUT, Watcher, hub_of_this_loop
from evbunker.live.panels import NotAllowed, Ref, SignedOut, UnknownPanel, Viewer, check_access, group_of, ref_of

log = logging.getLogger(__name__)
MOST_PANELS = 20
TokenOwner = Callable[[str], Viewer | None]


class LiveConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """`/live/?panels=a,b` sends those panels whenever they change; with `format=json` the events instead.

    A foreign origin is refused before the handshake. Who is signed out (4401) or not allowed (4403) is told by a close
    code after it, because a browser would take a refused handshake for a dead line and try for ever.
    """

    def __init__(self, token_owner: TokenOwner) -> None:
        super().__init__()
        self.token_owner = token_owner

    async def connect(self) -> None:
        self.watcher: Watcher | None = None
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in self.scope["headers"]}
        if not origin_allowed(headers.get("origin")):
            await self.close()
            return
        await self.accept()
        recheck = _identity(headers, self.token_owner)
        viewer = await database_sync_to_async(recheck)()
        try:
            wanted = await database_sync_to_async(_wanted)(parse_qs(self.scope["query_string"].decode()), viewer)
        except SignedOut:
            await self.close(SIGNED_OUT)
        except (NotAllowed, UnknownPanel):
            await self.close(NOT_ALLOWED)
        else:
            await self._watch(viewer, recheck, *wanted)

    async def _watch(
        self, viewer: Viewer | None, recheck: Callable[[], Viewer | None], refs: list[Ref], groups: list[str]
    ) -> None:
        self.watcher = Watcher(
            send=self.send, close=self.close, recheck=recheck, viewer=viewer,
            language=getattr(viewer, "language", settings.LANGUAGE_CODE), refs=refs, event_groups=groups,
        )  # fmt: skip
        await hub_of_this_loop().join(self.watcher)

    async def disconnect(self, code: int) -> None:
        if self.watcher is not None:
            await hub_of_this_loop().leave(self.watcher)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Nobody has anything to say here."""


def origin_allowed(origin: str | None) -> bool:
    """Pages of this site, and programs, which send no origin."""
    if origin is None:
        return True
    host = urlsplit(origin).hostname
    return origin == settings.SITE_URL or bool(host and validate_host(host, settings.ALLOWED_HOSTS))


def _identity(headers: dict[str, str], token_owner: TokenOwner) -> Callable[[], Viewer | None]:
    """Who holds the token, or the session cookie; asks the database each time."""
    scheme, _space, token = headers.get("authorization", "").partition(" ")
    if scheme:
        return lambda: token_owner(token.strip()) if scheme.lower() == "bearer" else None
    cookie = SimpleCookie(headers.get("cookie", "")).get(settings.SESSION_COOKIE_NAME)
    session_key = cookie.value if cookie else ""
    return lambda: _session_owner(session_key)


def _session_owner(session_key: str) -> Viewer | None:
    if not session_key:
        return None
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    user = get_user(request)
    return user if user.is_authenticated and user.is_active else None  # type: ignore[return-value]


def _wanted(query: dict[str, list[str]], viewer: Viewer | None) -> tuple[list[Ref], list[str]]:
    """The panels it may watch, and the groups whose events it gets as JSON. Raises what `check_access` raises."""
    names = [name for text in query.get("panels", []) for name in text.split(",") if name]
    refs = [ref_of(name) for name in dict.fromkeys(names)]
    if len(refs) > MOST_PANELS:
        raise UnknownPanel
    for ref in refs:
        check_access(ref, viewer)
    if query.get("format") != ["json"]:
        if not refs:
            raise UnknownPanel
        return refs, []
    return [], _event_groups(refs, viewer)


def _event_groups(refs: list[Ref], viewer: Viewer | None) -> list[str]:
    if refs:
        return list({group_of(ref, viewer) for ref in refs})
    if viewer is None:
        raise SignedOut
    return [client_group(viewer.id), *([OPERATORS] if viewer.acts_as_staff() else [])]
