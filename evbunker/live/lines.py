"""How a hub hears: its process's one subscription to the groups that any of its sockets watches."""

import asyncio
import logging
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from channels.layers import channel_layers
from django.conf import settings
from redis.exceptions import RedisError

log = logging.getLogger(__name__)
Hear = Callable[[dict[str, Any]], None]
FAILURES = (RedisError, OSError, TimeoutError)
PATIENCE_SECONDS = 3.0
"""For each thing asked of Redis; also how long our own message may take to come back."""


class Line(Protocol):
    """Brings the messages of the groups it joined."""

    broken: bool

    async def join(self, groups: set[str]) -> None: ...

    async def leave(self, groups: set[str]) -> None: ...

    async def close(self) -> None: ...

    async def hears_itself(self) -> bool:
        """Would a message reach us?"""

    async def mend(self) -> bool:
        """Subscribe anew; True if that went well, and what was said before may have been missed."""


class NoLine:
    """Without Redis all who publish are in this process and call the hub themselves."""

    broken = False

    async def join(self, groups: set[str]) -> None:
        return

    async def leave(self, groups: set[str]) -> None:
        return

    async def close(self) -> None:
        return

    async def hears_itself(self) -> bool:
        return True

    async def mend(self) -> bool:
        return False


class RedisLine:
    """A subscription through a channel layer of its own, which can start anew without deafening anybody else."""

    def __init__(self, hear: Hear) -> None:
        self.hear = hear
        self.layer = channel_layers.make_backend("default")
        self.groups: set[str] = set()
        self.broken = False
        self.own_group = f"hub.{uuid.uuid4().hex}"
        self.echo = asyncio.Event()
        self.channel = ""
        self.pump: asyncio.Task[None] | None = None

    async def join(self, groups: set[str]) -> None:
        """Subscribe to what is not subscribed to yet. While Redis is gone `mend` will."""
        new = groups - self.groups
        self.groups |= groups
        if self.broken:
            return
        try:
            if self.pump is None:
                await self._start()
            else:
                await self._subscribe(new)
        except FAILURES as error:
            self._break(error)

    async def leave(self, groups: set[str]) -> None:
        self.groups -= groups
        if self.pump is None or self.broken:
            return
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                for group in groups:
                    await self.layer.group_discard(group, self.channel)
        except FAILURES as error:
            self._break(error)

    async def close(self) -> None:
        self.groups.clear()
        await self._stop()
        self.broken = False

    async def mend(self) -> bool:
        await self._stop()
        try:
            await self._start()
        except FAILURES as error:
            self._break(error)
            return False
        if self.broken:
            log.warning("Live events are heard again.")
        self.broken = False
        return True

    async def hears_itself(self) -> bool:
        """Send ourselves a message. The first send after a restart of Redis meets a dead connection: try twice."""
        self.echo.clear()
        for _try in range(2):
            with suppress(*FAILURES):
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await self.layer.group_send(self.own_group, {"type": "live.echo"})
                    await self.echo.wait()
                    return True
        return False

    async def _start(self) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            self.channel = await self.layer.new_channel()
        self.pump = asyncio.create_task(self._listen())
        await self._subscribe({self.own_group, *self.groups})

    async def _subscribe(self, groups: set[str]) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            for group in groups:
                await self.layer.group_add(group, self.channel)

    async def _stop(self) -> None:
        pump, self.pump = self.pump, None
        if pump is not None:
            pump.cancel()
        with suppress(*FAILURES):
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self.layer.flush()

    def _break(self, error: Exception) -> None:
        if not self.broken:
            log.warning("Live events cannot be heard; trying again until they can: %s", error)
        self.broken = True

    async def _listen(self) -> None:
        while True:
            try:
                message = await self.layer.receive(self.channel)
                if message["type"] == "live.echo":
                    self.echo.set()
                else:
                    self.hear(message)
            except Exception:
                log.exception("A live message could not be taken.")
                await asyncio.sleep(1)


def open_line(hear: Hear) -> Line:
    """The kind of line that the settings ask for."""
    return RedisLine(hear) if settings.REDIS_URL else NoLine()
