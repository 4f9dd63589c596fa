"""The socket: who is it, what may it watch; the hub does the rest."""

import asyncio
import logging
from functools import partial
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.http.request import split_domain_port, validate_host
from django.utils import translation

from evbunker.live.events import NAMES, OPERATORS, client_group
from evbunker.live.hub import hub_of_this_loop
from evbunker.live.identity import Credentials, TokenOwner, identify
from evbunker.live.panels import NotAllowed, SignedOut, UnknownPanel, Viewer, ref_of
from evbunker.live.rendering import Pane, html_of, pane_of
from evbunker.live.watchers import NOT_ALLOWED, SIGNED_OUT, TRY_AGAIN, Watcher
from evbunker.live.wire import writer_of

log = logging.getLogger(__name__)
MOST_PANELS = 20
Query = dict[str, list[str]]


class LiveConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """`/live/?panels=a,b` sends those panels whenever they change; with `format=json` the events instead.

    A foreign origin is refused before the handshake. Who is signed out (4401) or not allowed (4403) is told by a close
    code after it, because a browser would take a refused handshake for a dead line and try for ever. `lang` is the
    language of the page.
    """

    channel_layer_alias = None
    """The hub listens for all sockets; none needs a channel of its own."""

    def __init__(self, token_owner: TokenOwner) -> None:
        super().__init__()
        self.token_owner = token_owner
        self.watcher: Watcher | None = None

    async def connect(self) -> None:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in self.scope["headers"]}
        if not origin_allowed(headers.get("origin"), headers.get("host", "")):
            await self.close()
            return
        query = parse_qs(self.scope["query_string"].decode(errors="replace"))
        try:
            self.watcher = await database_sync_to_async(self._watcher, thread_sensitive=False)(headers, query)
        except SignedOut:
            await self._accept_and_close(SIGNED_OUT)
        except (NotAllowed, UnknownPanel):
            await self._accept_and_close(NOT_ALLOWED)
        except Exception:  # a dead database or cache; a browser tries again
            log.warning("A socket could not be opened.", exc_info=True)
            await self._accept_and_close(TRY_AGAIN)
        else:
            await self._watch(self.watcher)

    async def _watch(self, watcher: Watcher) -> None:
        """From the handshake on it hears everything."""
        hub = hub_of_this_loop()
        try:
            await hub.join(watcher)
        except asyncio.CancelledError:  # the server gave it up, and will not say that it is gone
            await hub.leave(watcher)
            raise
        if watcher in hub.watchers:  # else its right ended meanwhile
            await self.accept()
            hub.show(watcher)

    async def _accept_and_close(self, code: int) -> None:
        await self.accept()
        await self.close(code)

    def _watcher(self, headers: dict[str, str], query: Query) -> Watcher:
        """Raises SignedOut, NotAllowed or UnknownPanel."""
        credentials = Credentials.of(headers)
        asked = partial(identify, credentials, self.token_owner)
        viewer = asked()
        if viewer is None and credentials.is_token:
            raise SignedOut
        panes = panes_of(query, viewer)
        as_json = query.get("format") == ["json"]
        return Watcher(
            send=self.send, write=writer_of(self.base_send), close=self.close, identify=asked, credentials=credentials,
            viewer_id=viewer.id if viewer else None, panes=frozenset() if as_json else panes,
            listens_to=events_of(panes, viewer) if as_json else {},
        )  # fmt: skip

    async def disconnect(self, code: int) -> None:
        if self.watcher is not None:
            await hub_of_this_loop().leave(self.watcher)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Nobody has anything to say here."""


def origin_allowed(origin: str | None, host: str) -> bool:
    """Pages of this site, by the name it was called or its own; and programs, which send no origin."""
    if origin is None or origin == settings.SITE_URL:
        return True
    scheme, _separator, called = origin.lower().partition("://")
    domain, _port = split_domain_port(host)
    same = scheme in ("http", "https") and called == host.lower()
    return same and validate_host(domain, settings.ALLOWED_HOSTS)


def panes_of(query: Query, viewer: Viewer | None) -> frozenset[Pane]:
    """What the socket asks to see, every bit of it allowed and there. Raises as `pane_of` and `html_of` do."""
    names = [name for text in query.get("panels", []) for name in text.split(",") if name]
    if len(names) > MOST_PANELS:
        raise UnknownPanel
    language = language_of(query, viewer)
    panes = frozenset(pane_of(ref_of(name), viewer, language) for name in names)
    for pane in panes:
        if pane.ref.key:
            html_of(pane)
    return panes


def events_of(panes: frozenset[Pane], viewer: Viewer | None) -> dict[str, frozenset[str]]:
    """Group -> names of the events to tell: those that change the panels, or without panels all it may hear."""
    if panes:
        named: dict[str, frozenset[str]] = {}
        for pane in panes:
            named[pane.group] = named.get(pane.group, frozenset()) | pane.ref.panel.stale_on
        return named
    if viewer is None:
        raise SignedOut
    groups = [client_group(viewer.id), *([OPERATORS] if viewer.acts_as_staff() else [])]
    return dict.fromkeys(groups, NAMES)


def language_of(query: Query, viewer: Viewer | None) -> str:
    """The page's language, else the client's own, else the site's."""
    for wanted in (*query.get("lang", []), *([viewer.language] if viewer else [])):
        try:
            return translation.get_supported_language_variant(wanted)
        except LookupError:
            continue
    return settings.LANGUAGE_CODE
