"""One hub a process: it hears each group once, renders each stale panel once, and sends it to all who watch it.

A queue for every socket, as Channels has by default, was three times slower with 300 sockets (`docs/decisions/`).
"""

import asyncio
import json
import logging
import threading
import weakref
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any

from channels.db import database_sync_to_async

from evbunker.live.events import EVERYBODY, OPERATORS
from evbunker.live.lines import open_line
from evbunker.live.rendering import Pane
from evbunker.live.screens import Screen, screen_for
from evbunker.live.versions import versions_of
from evbunker.live.watchers import SIGNED_OUT, TRY_AGAIN, Watcher
from evbunker.live.wire import Frame
from evbunker.metrics import EVENTS, SOCKETS

log = logging.getLogger(__name__)
BEAT_SECONDS = 15.0
"""A sign of life to each page, and a look at everything: rights, what is shown."""
SILENCE_SECONDS = 35
"""Pages call the line dead after this long without a frame (two beats may be late)."""
MENDING_SECONDS = 2.0
"""How often the line is tried: while it is broken what changed is looked for as often."""
RENDERERS = 4
BLANK = " "
"""All is well. Daphne drops an empty frame."""
DEAF = "<!--deaf-->"
"""We are here, but do not hear what changes; `live.js` says so until it gets a blank one."""

_hubs: "weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Hub]" = weakref.WeakKeyDictionary()
_hubs_lock = threading.Lock()


class Hub:
    """The sockets of one event loop and what they show. Runs while there are any."""

    def __init__(self) -> None:
        self.watchers: set[Watcher] = set()
        self.members: defaultdict[str, set[Watcher]] = defaultdict(set)
        self.screens: dict[Pane, Screen] = {}
        self.screens_in: defaultdict[str, set[Screen]] = defaultdict(set)
        self.line = open_line(self.hear)
        self.sign = BLANK
        self.gate = asyncio.Lock()
        self.renderers = asyncio.Semaphore(RENDERERS)
        self.running: set[asyncio.Task[None]] = set()
        self.tasks: set[asyncio.Task[None]] = set()
        self.pumps: dict[Watcher, asyncio.Task[None]] = {}

    async def join(self, watcher: Watcher) -> None:
        """Listen for `watcher`. Comes before `show`, so that nothing is missed in between."""
        self.watchers.add(watcher)
        SOCKETS.set(len(self.watchers))
        for group in watcher.groups():
            self.members[group].add(watcher)
        if not self.running:
            self.running = {self._do(self._while_running(work)) for work in (self._beat, self._mend, self._look)}
        async with self.gate:
            await self.line.join({EVERYBODY, *watcher.groups()})

    def show(self, watcher: Watcher) -> None:
        """Send `watcher` what it watches, now and whenever it changes."""
        if watcher.shows_panels:
            self._do(watcher.try_send(self.sign))
        else:
            self.pumps[watcher] = asyncio.create_task(watcher.send_unsent())
        for pane in watcher.panes:
            self._screen(pane).add(watcher)

    async def leave(self, watcher: Watcher) -> None:
        """Forget `watcher`, and what nobody else watches. Safe to repeat."""
        self.watchers.discard(watcher)
        SOCKETS.set(len(self.watchers))
        if pump := self.pumps.pop(watcher, None):
            pump.cancel()
        for pane in watcher.panes:
            self._remove_from_screen(pane, watcher)
        for group in watcher.groups():
            self.members[group].discard(watcher)
        async with self.gate:
            unwatched = {group for group in watcher.groups() if not self.members[group]}
            for group in unwatched:
                del self.members[group]
            await self.line.leave(unwatched)
            if not self.watchers:
                await self._stop()

    def hear(self, message: dict[str, Any]) -> None:
        """Take one message of a group; called in the hub's own loop."""
        if message["type"] == "live.everything":
            self._everything_changed()
            return
        group = message["group"]
        listening = list(self.members.get(group, ()))
        if message["type"] == "live.signed_out":
            over = [one for one in listening if one.credentials.session_hash == message["session"]]
            self._do(self._end(over, SIGNED_OUT))
            return
        EVENTS.labels(message["event"]).inc()
        frame = Frame(json.dumps({name: message[name] for name in ("event", "at", "ids")}))
        if slow := [one for one in listening if not one.tell(message, frame)]:
            self._do(self._end(slow, TRY_AGAIN))
        if message["event"] == "client_update" and group != OPERATORS:
            self._do(self._recheck(listening))
        for screen in list(self.screens_in.get(group, ())):
            if message["event"] in screen.pane.ref.panel.stale_on:
                screen.mark_stale(message["ids"], message.get("published", 0.0))

    def _everything_changed(self) -> None:
        """Anything may have changed: show all anew, let programs fetch it again, ask who may still watch."""
        for screen in list(self.screens.values()):
            screen.mark_stale()
        self._do(self._end([one for one in self.watchers if not one.shows_panels], TRY_AGAIN))
        self._do(self._recheck(list(self.watchers)))

    async def _stop(self) -> None:
        running, self.running = self.running, set()
        for task in running - {asyncio.current_task()}:
            task.cancel()
        await self.line.close()
        self.sign = BLANK

    def _do(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self.tasks.add(task)  # the loop itself keeps no more than a weak reference
        task.add_done_callback(self.tasks.discard)
        return task

    def _screen(self, pane: Pane) -> Screen:
        if pane not in self.screens:
            self.screens[pane] = screen_for(pane, self.renderers)
            self.screens_in[pane.group].add(self.screens[pane])
        return self.screens[pane]

    def _remove_from_screen(self, pane: Pane, watcher: Watcher) -> None:
        screen = self.screens.get(pane)
        if screen is None:
            return
        screen.remove(watcher)
        if not screen.sockets:
            del self.screens[pane]
            self.screens_in[pane.group].discard(screen)
            if not self.screens_in[pane.group]:
                del self.screens_in[pane.group]

    async def _while_running(self, work: Callable[[], Awaitable[None]]) -> None:
        while asyncio.current_task() in self.running:
            try:
                await work()
            except Exception:
                log.exception("The live hub failed and goes on.")
                await asyncio.sleep(MENDING_SECONDS)

    async def _beat(self) -> None:
        """Let pages know that somebody is there."""
        await asyncio.sleep(BEAT_SECONDS)
        await self._send_sign()

    async def _send_sign(self) -> None:
        self.sign = DEAF if self.line.broken else BLANK
        for watcher in list(self.watchers):
            if watcher.shows_panels:
                await watcher.try_send(self.sign)

    async def _mend(self) -> None:
        """Try the line, mend it, and let pages know as soon as it breaks or is whole again."""
        await asyncio.sleep(MENDING_SECONDS)
        if self.line.broken or not await self.line.hears_itself():
            async with self.gate:
                missed = bool(self.watchers) and await self.line.mend()
            if missed:
                self._everything_changed()
        if self.line.broken != (self.sign == DEAF):
            await self._send_sign()

    async def _look(self) -> None:
        """End what is no longer allowed, and show what changed without a word reaching us."""
        await asyncio.sleep(MENDING_SECONDS if self.line.broken else BEAT_SECONDS)
        await self._recheck(list(self.watchers))
        screens = list(self.screens.values())
        scopes = [(screen.pane.group, screen.pane.ref.panel.stale_on) for screen in screens]
        versions = await database_sync_to_async(versions_of, thread_sensitive=False)(scopes)
        for screen, version in zip(screens, versions, strict=True):
            if screen.is_due(version):
                screen.mark_stale()

    async def _recheck(self, watchers: list[Watcher]) -> None:
        """Close the sockets of those who signed out or lost the right to watch."""
        if not watchers:
            return
        for watcher, code in await database_sync_to_async(refusals, thread_sensitive=False)(watchers):
            await self._end([watcher], code)

    async def _end(self, watchers: Iterable[Watcher], code: int) -> None:
        for watcher in watchers:
            await self.leave(watcher)
            await watcher.try_close(code)


def refusals(watchers: Iterable[Watcher]) -> list[tuple[Watcher, int]]:
    """Those whose right has ended, with the code to close them with. What cannot be asked now is asked again later."""
    found = []
    for watcher in watchers:
        try:
            code = watcher.refusal()
        except Exception:
            log.warning("Whether a socket may still watch could not be asked.", exc_info=True)
            continue
        if code:
            found.append((watcher, code))
    return found


def hub_of_this_loop() -> Hub:
    """The hub of the running event loop. Each test has a loop of its own, and with it a hub of its own."""
    loop = asyncio.get_running_loop()
    with _hubs_lock:
        if loop not in _hubs:
            _hubs[loop] = Hub()
        return _hubs[loop]


def call_hubs(messages: Iterable[dict[str, Any]]) -> None:
    """Give messages to every hub of this process, each in its own loop; from any thread."""
    with _hubs_lock:
        hubs = list(_hubs.items())
    for loop, hub in hubs:
        for message in messages:
            try:
                loop.call_soon_threadsafe(hub.hear, message)
            except RuntimeError:  # the loop is closed, and its watchers with it
                break
