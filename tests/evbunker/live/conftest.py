"""Watchers: sockets in this process, and a server with test panels for browsers."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
import pytest_asyncio
from channels.db import database_sync_to_async
from channels.testing import WebsocketCommunicator
from django.conf import settings

from bookings.models import Client
from evbunker.live.panels import REGISTRY
from tests.browsing import session_cookie
from tests.evbunker.live import watching

SOON = 15.0
"""A process that is only just being started may have to come first."""
QUIET = 0.5
WELL, DEAF = " ", "<!--deaf-->"
"""Signs of life, as `live.js` knows them."""


class Socket(WebsocketCommunicator):
    """A socket opened as a browser would: cookie, origin."""

    client: Client | None = None

    async def opened(self) -> "Socket":
        if self.client is not None:
            await database_sync_to_async(self.sign_in)()
        connected, _protocol = await self.connect(timeout=SOON)
        assert connected
        return self

    def sign_in(self) -> None:
        """Put the cookie of a new session into the handshake."""
        cookie = session_cookie(self.client)
        self.scope["headers"].append((b"cookie", f"{cookie['name']}={cookie['value']}".encode()))
        self.client = None

    def session_key(self) -> str:
        return dict(self.scope["headers"])[b"cookie"].decode().partition("=")[2]

    async def frame(self) -> str:
        """The next frame that is more than a sign of life."""
        while (text := await self.receive_from(timeout=SOON)) in (WELL, DEAF):
            pass
        return text

    async def sign(self, wanted: str) -> None:
        """Wait for this sign of life; what else comes is let through."""
        async with asyncio.timeout(SOON):
            while await self.receive_from(timeout=SOON) != wanted:
                pass

    async def frames_until(self, wanted: str) -> list[str]:
        """Frames up to the one with `wanted` in it."""
        frames = [await self.frame()]
        while wanted not in frames[-1]:
            frames.append(await self.frame())
        return frames

    async def told(self) -> dict[str, object]:
        return json.loads(await self.frame())

    async def close_code(self) -> int:
        """The code it is closed with; what comes before is let through."""
        while (message := await self.receive_output(timeout=SOON))["type"] != "websocket.close":
            pass
        return message["code"]

    async def is_quiet(self) -> bool:
        """Does nothing but heartbeats come for a while?"""
        try:
            async with asyncio.timeout(QUIET):
                await self.frame()
        except TimeoutError:
            return True
        return False


Open = Callable[..., Socket]


@pytest.fixture(autouse=True)
def _test_panels(settings: object) -> Iterator[None]:
    settings.ROOT_URLCONF = "tests.evbunker.live.watching"
    options = settings.TEMPLATES[0]
    settings.TEMPLATES = [options | {"DIRS": [*options["DIRS"], watching.TEMPLATES]}]
    watching.loads.clear()
    names = watching.declare()
    yield
    for name in names:
        del REGISTRY[name]


@pytest_asyncio.fixture
async def watch(transactional_db: None) -> AsyncIterator[Open]:
    """`watch("own-name", client)`: a socket, not yet opened. Options: token, origin, host, query."""
    from evbunker.asgi import application

    sockets = []

    def make(
        panels: str = "", client: Client | None = None, *, token: str = "", origin: str | None = None,
        host: str = "testserver", query: str = "", path: str = "/live/",
    ) -> Socket:  # fmt: skip
        headers = [(b"host", host.encode()), (b"origin", (origin or settings.SITE_URL).encode())]
        if token:
            headers.append((b"authorization", token.encode()))
        sockets.append(Socket(application, f"{path}?panels={panels}{query}", headers))
        sockets[-1].client = client
        return sockets[-1]

    yield make
    for socket in sockets:
        await socket.disconnect()


@pytest.fixture
def application() -> str:
    """A server with the test panels, and less patience than the product's."""
    return "tests.evbunker.live.server:application"
