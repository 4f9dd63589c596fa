"""Opening what was downloaded: plain or gzip, in whatever encoding, a record at a time."""

import codecs
import csv
import gzip
import json
import zlib
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Any

from bookings.importers.rows import NotStations, Unusable

GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
FALLBACK = "cp1252"
"""What Excel writes in western countries; taken where a file is not UTF-8."""
CHUNK = 1 << 16
DELIMITERS = ",;\t|"

CsvRecord = dict[str, str]


class SourceFile:
    """A file to import, opened anew by every `text()`. Raises NotStations where it cannot be read at all."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._raw = path.open("rb")
            self._size = max(1, path.stat().st_size)
            first = self._raw.read(4)
            self._zipped = first.startswith(GZIP)
            self.encoding = self._find_encoding()
        except (OSError, EOFError, zlib.error) as error:
            raise NotStations(f"{path.name} cannot be read: {getattr(error, 'strerror', None) or error}.") from error
        if first.startswith(ZIP):
            raise NotStations(f"{path.name} is a zip archive: unpack it first.")

    @property
    def percent(self) -> int:
        """How much of it has been read."""
        return 100 if self._raw.closed else min(100, 100 * self._raw.tell() // self._size)

    def text(self) -> IO[str]:
        """The file from its beginning."""
        return TextIOWrapper(self._bytes(), encoding=self.encoding, errors="replace", newline="")

    def _bytes(self) -> IO[bytes]:
        self._raw = self._path.open("rb")
        return gzip.GzipFile(fileobj=self._raw) if self._zipped else self._raw  # type: ignore[return-value]

    def _find_encoding(self) -> str:
        """Look through the whole of it once: a damaged archive is found before anything is written."""
        with self._bytes() as source:
            beginning = chunk = source.read(2)
            encoding = "utf-16" if beginning in UTF_16 else "utf-8-sig"
            decoder = codecs.getincrementaldecoder(encoding)(errors="strict" if encoding == "utf-8-sig" else "replace")
            while chunk:
                if encoding != FALLBACK:
                    encoding = encoding if _decodes(decoder, chunk) else FALLBACK
                chunk = source.read(CHUNK)
        return encoding


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes) -> bool:
    try:
        decoder.decode(chunk)
    except UnicodeDecodeError:
        return False
    return True


def csv_columns(file: SourceFile) -> list[str]:
    """The names in the first row. Raises NotStations if it is empty."""
    with file.text() as source:
        return _columns(source)[1]


def _columns(source: IO[str]) -> tuple[str, list[str]]:
    """Delimiter and column names in the first line of `source`."""
    header = source.readline()
    if not header.strip():
        raise NotStations("The file is empty.")
    delimiter = max(DELIMITERS, key=header.count)
    return delimiter, [name.strip() for name in next(csv.reader([header], delimiter=delimiter))]


def csv_records(file: SourceFile) -> Iterator[tuple[int, CsvRecord | Unusable]]:
    """Line number and cells by column of each row; the first row names the columns. Empty lines are left out."""
    source = file.text()
    delimiter, names = _columns(source)
    reader = csv.reader(source, delimiter=delimiter)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield reader.line_num + 1, Unusable("a row that cannot be read", error)
            continue
        if cells:
            yield reader.line_num + 1, _record(names, cells)


def _record(names: list[str], cells: list[str]) -> CsvRecord | Unusable:
    """Cells by column; of columns with the same name the first counts."""
    if any(cell.strip() for cell in cells[len(names) :]):
        return Unusable("more cells than columns", f"{len(cells)} instead of {len(names)}")
    padded = cells + [""] * (len(names) - len(cells))
    return dict(reversed(list(zip(names, padded, strict=False))))


def json_records(file: SourceFile) -> Iterator[tuple[int, object]]:
    """Number (from 1) and value of each record: of a list, or of the list that an envelope has under `data`.

    Anything else is one record. Raises NotStations where the JSON breaks off; what came before was good.
    """
    scanner = _Scanner(file.text())
    try:
        first = scanner.peek()
        if first == "[":
            records = scanner.elements()
        elif first == "{":
            records = scanner.envelope()
        else:
            records = iter([scanner.value()])
        yield from enumerate(records, 1)
    except (ValueError, RecursionError) as error:
        raise NotStations("The file is no JSON, or it is damaged.") from error


class _Scanner:
    """Reads JSON from a stream a value at a time, so that a large list is never in memory as a whole."""

    def __init__(self, source: IO[str]) -> None:
        self._source = source
        self._buffer, self._at, self._chunk = "", 0, CHUNK
        self._decode = json.JSONDecoder().raw_decode

    def peek(self) -> str:
        """The next character that is no white space; empty at the end."""
        while True:
            while self._at < len(self._buffer) and self._buffer[self._at].isspace():
                self._at += 1
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if not self._read_more():
                return ""

    def value(self) -> Any:
        """The next value. One that fills the buffer may go on behind it, so more is read first."""
        self.peek()
        while True:
            try:
                found, end = self._decode(self._buffer, self._at)
            except json.JSONDecodeError:
                if not self._read_more():
                    raise
                continue
            if end < len(self._buffer) or not self._read_more():
                self._at = end
                self._chunk = CHUNK
                return found

    def elements(self) -> Iterator[Any]:
        """The values of a list."""
        self._expect("[")
        while self.peek() != "]":
            yield self.value()
            if self.peek() != "]":
                self._expect(",")
        self._expect("]")

    def envelope(self) -> Iterator[Any]:
        """The records under `data`; an object without such a list is a record itself."""
        self._expect("{")
        kept: dict[str, Any] = {}
        while self.peek() != "}":
            key = self.value()
            self._expect(":")
            if key == "data" and self.peek() == "[":
                yield from self.elements()
                return
            kept[str(key)] = self.value()
            if self.peek() != "}":
                self._expect(",")
        data = kept.get("data")
        yield data if isinstance(data, dict) else kept

    def _expect(self, mark: str) -> None:
        if self.peek() != mark:
            raise json.JSONDecodeError(f"Expected {mark}", self._buffer, self._at)
        self._at += 1

    def _read_more(self) -> bool:
        """Read on, twice as much as the time before: a large value is not parsed again for every little piece."""
        more = self._source.read(self._chunk)
        self._chunk *= 2
        self._buffer = self._buffer[self._at :] + more
        self._at = 0
        return bool(more)
