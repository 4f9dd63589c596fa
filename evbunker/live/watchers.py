"""One open socket, as the hub knows it."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from evbunker.live.events import OPERATORS, client_group
from evbunker.live.identity import Credentials
from evbunker.live.panels import Viewer
from evbunker.live.rendering import Pane
from evbunker.live.wire import Frame, Write
from evbunker.metrics import FRAME_BYTES, FRAMES

log = logging.getLogger(__name__)
SIGNED_OUT, NOT_ALLOWED, TRY_AGAIN = 4401, 4403, 1013
"""Close codes; a browser does not answer the first two with a new connection."""
REMEMBERED_EVENTS = 200
MOST_UNSENT = 1000
"""Events that a slow program may leave waiting; then it is told to connect again and to fetch what it missed."""


@dataclass(eq=False)
class Watcher:
    """A socket: how to reach it, whose it is, what it shows (`panes`) or which events of which groups it is told.

    `write` is the short way to it, if there is one. `listens_to` maps a group to the names of the events told as JSON.
    `viewer_id` is None for a visitor of public pages. `as_staff`: it needs a staff role for as long as it is open.
    """

    send: Callable[[str], Awaitable[None]]
    write: Write | None
    close: Callable[[int], Awaitable[None]]
    identify: Callable[[], Viewer | None]
    credentials: Credentials
    viewer_id: UUID | None
    panes: frozenset[Pane] = frozenset()
    listens_to: dict[str, frozenset[str]] = field(default_factory=dict)
    told: deque[str] = field(default_factory=lambda: deque(maxlen=REMEMBERED_EVENTS))
    unsent: asyncio.Queue[Frame] = field(default_factory=lambda: asyncio.Queue(MOST_UNSENT))

    @property
    def shows_panels(self) -> bool:
        return not self.listens_to

    @property
    def as_staff(self) -> bool:
        return OPERATORS in self.listens_to or any(pane.group == OPERATORS for pane in self.panes)

    def groups(self) -> set[str]:
        """Those it needs to hear; its own client's always, because that may end its right to watch."""
        own = {client_group(self.viewer_id)} if self.viewer_id else set()
        return own | self.listens_to.keys() | {pane.group for pane in self.panes}

    async def try_send(self, said: Frame | str) -> None:
        """Send to a socket that may have gone. What goes to many is a frame, made once."""
        frame = said if isinstance(said, Frame) else Frame(said)
        try:
            if not self._write(frame):
                await self.send(frame.text)
                _count(frame)
        except Exception:
            log.debug("A socket is gone.", exc_info=True)

    def _write(self, frame: Frame) -> bool:
        """Send at once; False if only `send` can."""
        if self.write is None or not self.write(frame):
            return False
        _count(frame)
        return True

    async def try_close(self, code: int) -> None:
        """Close a socket that may have gone."""
        try:
            await self.close(code)
        except Exception:
            log.debug("A socket is gone.", exc_info=True)

    def tell(self, message: dict[str, Any], frame: Frame) -> bool:
        """Send or queue an event, once though it came through several groups; False if the socket is too slow."""
        if message["event"] not in self.listens_to.get(message["group"], ()):
            return True
        if len(self.listens_to) > 1:
            if message["id"] in self.told:
                return True
            self.told.append(message["id"])
        if self.unsent.empty() and self._write(frame):
            return True
        try:
            self.unsent.put_nowait(frame)
        except asyncio.QueueFull:
            return False
        return True

    async def send_unsent(self) -> None:
        """Send what `tell` queued, for ever."""
        while True:
            await self.try_send(await self.unsent.get())

    def refusal(self) -> int:
        """The code to close it with, because its right has ended; 0 if it may watch on. Asks the database."""
        if self.viewer_id is None:
            return 0
        viewer = self.identify()
        if viewer is None or viewer.id != self.viewer_id:
            return SIGNED_OUT
        return NOT_ALLOWED if self.as_staff and not viewer.acts_as_staff() else 0


def _count(frame: Frame) -> None:
    FRAMES.inc()
    FRAME_BYTES.inc(len(frame.payload))
