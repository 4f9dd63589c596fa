"""Frames of text, and the short way to sockets that daphne holds.

Daphne's long way encodes and frames a text for each socket anew, formats a coloured line for a log that nobody keeps,
and asks the event loop twice whether the socket may be written to: four times the work of writing. With 300 sockets
that is what an event waits for.
"""

from collections.abc import Callable
from functools import cached_property
from typing import Any

MOST_PENDING_BYTES = 1_000_000
"""What a slow socket may have waiting; more goes daphne's way."""
TEXT = 0x81
"""First byte of a frame that is a whole message of text (RFC 6455, 5.2)."""
NEEDED = ("writeSomeData", "dataBuffer", "offset", "_tempDataLen", "TLS")
"""What the short way uses of Twisted's connections, some of it not promised: without it, all goes the long way."""
Write = Callable[["Frame"], bool]


class Frame:
    """One text for many sockets."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def payload(self) -> bytes:
        return self.text.encode()

    @cached_property
    def framed(self) -> bytes:
        """As a server sends it: unmasked, in one frame."""
        size = len(self.payload)
        if size < 126:
            head = bytes((TEXT, size))
        elif size < 1 << 16:
            head = bytes((TEXT, 126)) + size.to_bytes(2)
        else:
            head = bytes((TEXT, 127)) + size.to_bytes(8)
        return head + self.payload


def writer_of(send: Any) -> Write | None:
    """What writes a frame at once to the socket behind `send`, if daphne holds it; False: this one goes the long way.

    To be called in daphne's own thread, as `send` is.
    """
    protocol: Any = next(iter(getattr(send, "args", ())), None)
    if type(protocol).__module__ != "daphne.ws_protocol":
        return None
    if not all(hasattr(protocol.transport, name) for name in NEEDED):
        return None
    return lambda frame: _write(protocol, frame.framed)


def _write(protocol: Any, data: bytes) -> bool:
    transport = protocol.transport
    if protocol.state != protocol.STATE_OPEN or protocol.send_queue or transport is None:
        return False
    pending: int = len(transport.dataBuffer) - transport.offset + transport._tempDataLen
    if pending or transport.TLS:
        if pending < MOST_PENDING_BYTES:
            transport.write(data)
        return pending < MOST_PENDING_BYTES
    written = transport.writeSomeData(data)
    if not isinstance(written, int):  # the connection is lost, as the reactor finds out when it tries
        written = 0
    if written < len(data):
        transport.write(data[written:])
    return True
