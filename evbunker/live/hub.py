"""One hub a process: it hears each group once, renders each stale panel once, and sends it to all who watch it.

A queue for every socket, as Channels has by default, was three times slower with 300 sockets (`docs/decisions/`).
"""

import asyncio
import contextlib
import json
import logging
import uuid
import weakref
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.utils import translation

from evbunker.live.cache import raise_versions
from evbunker.live.events import NAMES
from evbunker.live.panels import NotAllowed, Ref, SignedOut, UnknownPanel, Viewer, group_of, render, version_in

log = logging.getLogger(__name__)
WINDOW_SECONDS = 0.2
"""Events that come within this time of a rendering are shown together; the first of a quiet time goes at once."""
BEAT_SECONDS = 15.0
"""A blank frame to each socket, a look whether it may still watch, and a message through the layer to ourselves."""
RENDERERS = 2
REMEMBERED_EVENTS = 200
BLANK = " "

SIGNED_OUT, NOT_ALLOWED = 4401, 4403
"""Close codes that a browser does not answer with a new connection."""


@dataclass(eq=False)
class Watcher:
    """One socket. `recheck` says who it is now (None: signed out); it asks the database."""

    send: Callable[[str], Awaitable[None]]
    close: Callable[[int], Awaitable[None]]
    recheck: Callable[[], Viewer | None]
    viewer: Viewer | None
    language: str
    refs: list[Ref] = field(default_factory=list)
    event_groups: list[str] = field(default_factory=list)
    """Groups whose events it wants as JSON."""
    shown: dict[str, str] = field(default_factory=dict)
    told: deque[str] = field(default_factory=lambda: deque(maxlen=REMEMBERED_EVENTS))

    def groups(self) -> set[str]:
        return {group_of(ref, self.viewer) for ref in self.refs} | set(self.event_groups)


RenderKey = tuple[str, str, str, str]
"""Panel, group, language and zone: watchers with equal keys see the same HTML."""
_hubs: "weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Hub]" = weakref.WeakKeyDictionary()


def hub_of_this_loop() -> "Hub":
    """The hub of the running event loop, made now if there is none."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub()
    return _hubs[loop]


def running_loops() -> list[asyncio.AbstractEventLoop]:
    """Loops in which somebody watches."""
    return [loop for loop, hub in list(_hubs.items()) if hub.watchers and not loop.is_closed()]


class Hub:
    """The watchers of one event loop. Its task runs while there are any."""

    def __init__(self) -> None:
        self.layer = get_channel_layer()
        self.watchers: set[Watcher] = set()
        self.joined: set[str] = set()
        self.channel = ""
        self.stale: set[RenderKey] = set()
        self.changed = asyncio.Event()
        self.renderers = asyncio.Semaphore(RENDERERS)
        self.tasks: list[asyncio.Task[None]] = []
        self.own_group = f"hub.{uuid.uuid4().hex}"
        self.heard = True

    async def join(self, watcher: Watcher) -> None:
        """Let `watcher` hear of its groups and then show it all its panels, so that nothing falls in between."""
        if not self.tasks:
            await self._start()
        self.watchers.add(watcher)
        await self._subscribe(watcher.groups())
        self.stale |= {_render_key(ref, watcher) for ref in watcher.refs}
        self.changed.set()

    async def leave(self, watcher: Watcher) -> None:
        """Forget `watcher`, and the groups that nobody else watches."""
        self.watchers.discard(watcher)
        still = {group for other in self.watchers for group in other.groups()}
        for group in watcher.groups() - still:
            self.joined.discard(group)
            with contextlib.suppress(Exception):  # an unreachable layer has forgotten it anyway
                await self.layer.group_discard(group, self.channel)
        if not self.watchers:
            await self._stop()

    async def _start(self) -> None:
        self.channel = await self.layer.new_channel()
        self.joined, self.heard = set(), True
        self.tasks = [asyncio.create_task(task()) for task in (self._listen, self._render, self._beat)]
        await self._subscribe({self.own_group})

    async def _stop(self) -> None:
        tasks, self.tasks = self.tasks, []
        current = asyncio.current_task()
        for task in tasks:
            if task is not current:
                task.cancel()
        self.joined.clear()
        self.stale.clear()

    async def _subscribe(self, groups: set[str]) -> None:
        for group in groups - self.joined:
            await self.layer.group_add(group, self.channel)
            self.joined.add(group)

    async def _listen(self) -> None:
        """Hear what the layer brings; if it fails, the beat subscribes again."""
        while True:
            try:
                message = await self.layer.receive(self.channel)
                await self._hear(message)
            except asyncio.CancelledError:
                raise
            except Exception:
                log.warning("The live hub cannot hear; it tries again.", exc_info=True)
                await asyncio.sleep(1)

    async def _hear(self, message: dict[str, Any]) -> None:
        if message["type"] == "live.tick":
            self.heard = True
            return
        if message["event"] == "client_update":
            client = message["ids"].get("client")
            await self._recheck([w for w in self.watchers if w.viewer and str(w.viewer.id) == client])
        for watcher in list(self.watchers):
            if message["group"] in watcher.event_groups and message["id"] not in watcher.told:
                watcher.told.append(message["id"])
                told = {name: message[name] for name in ("event", "at", "ids")}
                await _guarded(watcher.send(json.dumps(told)))
        self._mark_stale(message["group"], {message["event"]})

    def _mark_stale(self, group: str, names: set[str] | frozenset[str]) -> None:
        for watcher in self.watchers:
            for ref in watcher.refs:
                if names & ref.panel.stale_on and group_of(ref, watcher.viewer) == group:
                    self.stale.add(_render_key(ref, watcher))
        if self.stale:
            self.changed.set()

    async def _render(self) -> None:
        """Show what is stale, then rest for the window, so that a burst costs a few frames a second."""
        while True:
            await self.changed.wait()
            self.changed.clear()
            keys, self.stale = self.stale, set()
            await asyncio.gather(*(self._refresh(self._watching(key)) for key in keys))
            await asyncio.sleep(WINDOW_SECONDS)

    def _watching(self, key: RenderKey) -> list[tuple[Watcher, Ref]]:
        return [(watcher, ref) for watcher in self.watchers for ref in watcher.refs if _render_key(ref, watcher) == key]

    async def _refresh(self, watching: list[tuple[Watcher, Ref]]) -> None:
        """Render one panel once and send it to all of `watching` who do not see it yet."""
        if not watching:
            return
        watcher, ref = watching[0]
        try:
            async with self.renderers:
                html = await database_sync_to_async(_rendered, thread_sensitive=False)(ref, watcher)
        except (SignedOut, NotAllowed):
            await self._recheck([watcher for watcher, _ref in watching])
            return
        except UnknownPanel:
            return
        except Exception:
            log.exception("The panel %s could not be rendered", ref)
            return
        version = version_in(html)
        for watcher, ref in watching:
            if watcher.shown.get(str(ref)) != version and await _guarded(watcher.send(html)):
                watcher.shown[str(ref)] = version

    async def _beat(self) -> None:
        """Keep lines warm, end what is no longer allowed, and find out whether we still hear."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            try:
                await asyncio.gather(*(_guarded(watcher.send(BLANK)) for watcher in list(self.watchers)))
                await self._recheck(list(self.watchers))
                if not self.heard:
                    await self._resubscribe()
                self.heard = False
                await self.layer.group_send(self.own_group, {"type": "live.tick"})
            except asyncio.CancelledError:
                raise
            except Exception:
                log.warning("The live hub's beat failed; it tries again.", exc_info=True)

    async def _resubscribe(self) -> None:
        """The layer forgot us: subscribe anew, and take everything that is shown for stale."""
        log.warning("The live hub did not hear itself and subscribes again.")
        groups, self.joined = self.joined | {self.own_group}, set()
        self.channel = await self.layer.new_channel()
        listening = self.tasks[0]
        self.tasks[0] = asyncio.create_task(self._listen())
        listening.cancel()
        await self._subscribe(groups)
        for group in groups - {self.own_group}:
            await database_sync_to_async(raise_versions)(group, NAMES)
            self._mark_stale(group, NAMES)

    async def _recheck(self, watchers: list[Watcher]) -> None:
        """Close the sockets of those who signed out or lost the right to watch."""
        for watcher in watchers:
            try:
                viewer = await database_sync_to_async(watcher.recheck, thread_sensitive=False)()
            except Exception:
                log.warning("Whether a socket may still watch could not be asked.", exc_info=True)
                continue
            if code := refusal(viewer, watcher):
                await _guarded(watcher.close(code))
            elif viewer is not None:
                watcher.viewer = viewer


def refusal(viewer: Viewer | None, watcher: Watcher) -> int:
    """The close code for a watcher who is `viewer` now; 0 if it may watch on."""
    if watcher.viewer is not None and viewer is None:
        return SIGNED_OUT
    staff_only = "operators" in watcher.groups()
    return NOT_ALLOWED if staff_only and not (viewer and viewer.acts_as_staff()) else 0


def _render_key(ref: Ref, watcher: Watcher) -> RenderKey:
    zone = watcher.viewer.time_zone if watcher.viewer else "UTC"
    return str(ref), group_of(ref, watcher.viewer), watcher.language, zone


def _rendered(ref: Ref, watcher: Watcher) -> str:
    with translation.override(watcher.language):
        return render(ref, watcher.viewer)


async def _guarded(sending: Awaitable[None]) -> bool:
    """Send to a socket that may have gone."""
    try:
        await sending
    except Exception:
        log.debug("A socket is gone.", exc_info=True)
        return False
    return True
