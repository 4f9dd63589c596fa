"""Frames as they go over the wire, read back by a library that nobody here wrote."""

import pytest
from websockets.frames import Frame as Parsed
from websockets.streams import StreamReader

from evbunker.live.wire import Frame, writer_of


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 200_000])
def test_a_frame_is_one_whole_message_of_text(size: int) -> None:
    frame = Frame("é" + "x" * size)
    reader = StreamReader()
    reader.feed_data(frame.framed)
    parsing = Parsed.parse(reader.read_exact, mask=False)
    with pytest.raises(StopIteration) as parsed:
        next(parsing)

    read = parsed.value.value
    assert (read.opcode, read.fin, bytes(read.data).decode()) == (1, True, frame.text)
    reader.feed_eof()
    assert reader.at_eof()


def test_other_servers_have_no_short_way() -> None:
    async def send(message: object) -> None:
        raise AssertionError

    assert writer_of(send) is None
