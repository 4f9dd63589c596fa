"""Many sockets in one process, which note when each frame came: the same client for our server and for Socket.IO.

A client library spends more on a frame than the servers do, and 300 frames at once would measure it alone; so this is
just enough of RFC 6455, and of Engine.IO 4 on top of it, to listen.
"""

import asyncio
import base64
import hashlib
import os
import time
from multiprocessing.connection import Connection
from typing import NamedTuple

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class Heard(NamedTuple):
    """What one socket got: when (ns, monotonic), how long, and a digest of the last one; `closed` if it was closed."""

    times: list[int]
    sizes: list[int]
    last: str
    closed: bool


class Socket(asyncio.Protocol):
    """One connection; `opened` is done when it listens."""

    def __init__(self, host: str, path: str, engine_io: bool) -> None:
        self.request = (
            f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        self.engine_io = engine_io
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.buffer = b""
        self.upgraded = False
        self.closed = False
        self.forget()

    def forget(self) -> None:
        self.times: list[int] = []
        self.sizes: list[int] = []
        self.last = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        transport.write(self.request.encode())

    def data_received(self, data: bytes) -> None:
        now = time.monotonic_ns()
        self.buffer += data
        if not self.upgraded:
            head, found, rest = self.buffer.partition(b"\r\n\r\n")
            if not found:
                return
            assert b" 101 " in head.split(b"\r\n")[0], head
            self.upgraded, self.buffer = True, rest
            if not self.engine_io:
                self.opened.set_result(None)
        place, end = 0, len(self.buffer)
        while end - place >= 2:
            kind, length, start = self.buffer[place] & 15, self.buffer[place + 1] & 127, place + 2
            if length == 126:
                length, start = int.from_bytes(self.buffer[start : start + 2]), start + 2
            elif length == 127:
                length, start = int.from_bytes(self.buffer[start : start + 8]), start + 8
            if start + length > end:
                break
            self.frame(kind, self.buffer[start : start + length], now)
            place = start + length
        self.buffer = self.buffer[place:]

    def frame(self, kind: int, content: bytes, now: int) -> None:
        if kind == TEXT and self.engine_io:
            self.packet(content, now)
        elif kind == TEXT and len(content) > 1:  # not the heartbeat
            self.note(content, now)
        elif kind == PING:
            self.send(PONG, content)
        elif kind == CLOSE:
            self.closed = True

    def packet(self, content: bytes, now: int) -> None:
        """Engine.IO: 0 open, 2 ping; Socket.IO within 4: 40 connected, 42 an event."""
        if content.startswith(b"42"):
            self.note(content, now)
        elif content.startswith(b"40"):
            self.opened.set_result(None)
        elif content.startswith(b"0"):
            self.send(TEXT, b"40")
        elif content == b"2":
            self.send(TEXT, b"3")

    def note(self, content: bytes, now: int) -> None:
        self.times.append(now)
        self.sizes.append(len(content))
        self.last = content

    def send(self, kind: int, content: bytes) -> None:
        """A short frame; the mask of zeros is one, too."""
        self.transport.write(bytes((128 | kind, 128 | len(content), 0, 0, 0, 0)) + content)

    def connection_lost(self, error: Exception | None) -> None:
        self.closed = True

    def heard(self) -> Heard:
        return Heard(self.times, self.sizes, digest(self.last), self.closed)


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def listen(orders: Connection) -> None:
    """A process: ("open", ports, count, path, engine_io), "forget", "heard", "last" and "close" until it is ended."""
    asyncio.run(_listen(orders))


async def _listen(orders: Connection) -> None:
    loop = asyncio.get_running_loop()
    sockets: list[Socket] = []
    while True:
        name, *rest = await loop.run_in_executor(None, orders.recv)
        answer: object = None
        if name == "open":
            sockets = await _opened(*rest)
        elif name == "forget":
            for socket in sockets:
                socket.forget()
        elif name == "heard":
            answer = [socket.heard() for socket in sockets]
        elif name == "last":
            answer = sockets[0].last.decode()
        elif name == "close":
            for socket in sockets:
                socket.transport.abort()
        orders.send(answer)


async def _opened(ports: list[int], count: int, path: str, engine_io: bool) -> list[Socket]:
    """`count` sockets, in turn to each of the ports, few at a time."""
    loop = asyncio.get_running_loop()
    sockets = []
    for n in range(count):
        port = ports[n % len(ports)]
        _transport, socket = await loop.create_connection(
            lambda port=port: Socket(f"127.0.0.1:{port}", path, engine_io), "127.0.0.1", port
        )
        sockets.append(socket)
        if n % 10 == 9:
            await asyncio.gather(*(one.opened for one in sockets))
    await asyncio.gather(*(one.opened for one in sockets))
    return sockets
