"""One pane and the sockets that show it. One task at a time renders and sends, so frames never overtake each other."""

import asyncio
import logging
import time
from collections.abc import Iterable

from channels.db import database_sync_to_async

from evbunker import clock
from evbunker.live.panels import UnknownPanel
from evbunker.live.rendering import Pane, changed_rows, html_of
from evbunker.live.watchers import Watcher
from evbunker.live.wire import Frame
from evbunker.metrics import LAG_SECONDS

log = logging.getLogger(__name__)
WINDOW_SECONDS = 0.2
"""Changes that come within this time of a frame are shown together; the first of a quiet time is shown at once."""


class Screen:
    """Sends a pane's HTML to its sockets whenever it is stale, and to each new socket."""

    def __init__(self, pane: Pane, renderers: asyncio.Semaphore) -> None:
        self.pane = pane
        self.renderers = renderers
        self.sockets: set[Watcher] = set()
        self.waiting: set[Watcher] = set()
        self.stale = False
        self.published = 0.0
        self.version = ""
        self.shown_at = 0.0
        self.html = ""
        self.task: asyncio.Task[None] | None = None

    def add(self, watcher: Watcher) -> None:
        self.sockets.add(watcher)
        self.waiting.add(watcher)
        self._wake()

    def remove(self, watcher: Watcher) -> None:
        self.sockets.discard(watcher)
        self.waiting.discard(watcher)
        if not self.sockets and self.task is not None:
            self.task.cancel()

    def mark_stale(self, ids: dict[str, str] | None = None, published: float = 0.0) -> None:
        """Something in it changed, by an event with these ids, `published` at that instant; or nobody knows what."""
        self.stale = True
        self.published = self.published or published
        self._wake()

    def is_due(self, version: str) -> bool:
        """Is what it shows no longer of this version, or made too long ago for what time alone changes?"""
        declared = self.pane.ref.panel
        too_old = declared.by_time and time.monotonic() - self.shown_at >= declared.ttl
        return too_old or not version or version != self.version

    def _wake(self) -> None:
        if self.task is None or self.task.done():
            self.task = asyncio.create_task(self._work())

    async def _work(self) -> None:
        while self.stale or self.waiting:
            try:
                await self._show()
            except UnknownPanel:
                log.debug("Nothing to show for %s", self.pane.ref)
            except Exception:  # the hub looks again at what has no version, and then everybody gets it
                self.html = ""
                log.exception("The panel %s could not be rendered", self.pane.ref)
            await asyncio.sleep(WINDOW_SECONDS)

    async def _show(self) -> None:
        """Render once; everybody gets what changed, newcomers what there is."""
        newcomers, self.waiting, self.stale, self.version = self.waiting, set(), False, ""
        published, self.published = self.published, 0.0
        async with self.renderers:
            version, html = await database_sync_to_async(html_of, thread_sensitive=False)(self.pane)
        changed, self.version, self.html, self.shown_at = html != self.html, version, html, time.monotonic()
        if changed:
            self.waiting.clear()  # whoever came meanwhile is one of the sockets
        await self._send(self.sockets if changed else newcomers, html)
        if changed:
            _measure(published)

    async def _send(self, receivers: Iterable[Watcher], text: str) -> None:
        frame = Frame(text)
        for watcher in list(receivers):
            if watcher in self.sockets:
                await watcher.try_send(frame)


class ListScreen(Screen):
    """Sends the rows that changed, each once, and newcomers only the mark that tells whether they are up to date."""

    def __init__(self, pane: Pane, renderers: asyncio.Semaphore) -> None:
        super().__init__(pane, renderers)
        self.rows: set[str] = set()

    def mark_stale(self, ids: dict[str, str] | None = None, published: float = 0.0) -> None:
        row = (ids or {}).get(self.pane.ref.panel.rows)
        if row:
            self.rows.add(row)
        super().mark_stale(published=published)

    async def _show(self) -> None:
        rows, newcomers, changed = sorted(self.rows), self.waiting, self.stale
        published, self.published = self.published, 0.0
        self.rows, self.waiting, self.stale, self.version = set(), set(), False, ""
        render = database_sync_to_async(changed_rows, thread_sensitive=False)
        async with self.renderers:
            version, frame = await render(self.pane, rows)
            _version, mark = await render(self.pane, ()) if rows else (version, frame)
        self.version, self.shown_at = version, time.monotonic()
        if changed:
            await self._send(self.sockets - newcomers, frame)
            _measure(published)
        await self._send(newcomers, mark)


def _measure(published: float) -> None:
    """How long what was published then took to reach the sockets; clocks of two machines may disagree."""
    if published:
        LAG_SECONDS.observe(max(0.0, clock.instant() - published))


def screen_for(pane: Pane, renderers: asyncio.Semaphore) -> Screen:
    """The kind of screen that `pane` needs."""
    return (ListScreen if pane.ref.is_list else Screen)(pane, renderers)
