"""What reader and writer say to each other, a line of JSON at a time.

First `{"source": …}`; for each record type `{"begin": label, "rows": about how many}`, a list a row and
`{"end": label, "rows": …, "checksum": …}`; at last `{"done": true}`, without which nothing counts.
"""

import json
from collections.abc import Iterator
from typing import Any, TextIO

from evbunker.copying.record_types import AT_A_TIME
from evbunker.copying.refusing import Refused

BATCH_CHARACTERS = 4_000_000
"""So much text at most goes into one unit of work."""


def say(out: TextIO, **words: Any) -> None:
    out.write(json.dumps(words) + "\n")
    out.flush()


class Lines:
    """The writer's end. Raises Refused when the lines stop before they are done."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._next = ""

    def words(self) -> dict[str, Any]:
        """What the reader says next, between rows."""
        line, self._next = self._next or self._read(), ""
        words: dict[str, Any] = json.loads(line)
        return words

    def batches(self) -> Iterator[list[str]]:
        """The rows up to the next words, as many at once as one unit of work takes."""
        batch: list[str] = []
        characters = 0
        while (line := self._read()).startswith("["):
            if len(batch) == AT_A_TIME or characters > BATCH_CHARACTERS:
                yield batch
                batch, characters = [], 0
            batch.append(line.removesuffix("\n"))
            characters += len(line)
        self._next = line
        if batch:
            yield batch

    def _read(self) -> str:
        line = self._file.readline()
        if not line.endswith("\n"):
            raise Refused("The source ended too early.")
        return line
