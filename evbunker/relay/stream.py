"""MongoDB's change stream of the whole database, batch by batch: here alone is the relay engine-aware.

The commands are sent as they are, because what pymongo offers in their place hides where a batch ends, and with it
the token up to which everything has been told.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Self

import pymongo
from bson.codec_options import CodecOptions, DatetimeConversion
from django.db import connection
from pymongo.errors import ExecutionTimeout, OperationFailure, PyMongoError

from evbunker.relay.reading import Change, columns_read
from evbunker.relay.sources import SOURCES

Token = Mapping[str, Any]
mongodb: Any = connection
"""The same connection, where its MongoDB side is meant: the backend is not annotated."""

AWAIT_MS = 500
"""How long the server waits for a change before it answers that there is none; stopping takes as long."""
ANSWER_MS = 3_000
"""A server or network that takes longer than this for one answer is taken for gone."""
MOST_AT_ONCE = 1_000
"""Changes of a batch: what is told again when the telling was cut short."""
CURSOR_NOT_FOUND = 43
IMAGES = {"enabled": True}
ANY_VALUE: Any = CodecOptions(
    datetime_conversion=DatetimeConversion.DATETIME_MS, unicode_decode_error_handler="replace"
)
"""Other programs may write dates and texts that Python has not."""


class StreamBroken(Exception):
    """The line or the server went away; the stream goes on after the same token."""


class HistoryLost(Exception):
    """The server cannot go on after this token, or ended the stream for good."""


@dataclass(frozen=True)
class Batch:
    """Changes in their order, the token after the last of them, and when that was made (by the server's clock).

    Without changes `until` is None: there were none up to now.
    """

    changes: list[Change]
    token: Token
    until: dt.datetime | None


class Stream:
    """An open change stream. After an error it must be closed and another one opened."""

    def __init__(self, database: Any, session: Any, cursor: Mapping[str, Any]) -> None:
        self.database, self.session = database, session
        self.cursor_id = cursor["id"]
        self.first: Batch | None = _batch(cursor["firstBatch"], cursor)

    @classmethod
    def open(cls, client: Any, after: Token | None) -> Self:
        """Go on after `after`, or begin now. Raises StreamBroken or, only with a token, HistoryLost."""
        database = client[connection.settings_dict["NAME"]]
        session = client.start_session()
        command = {"aggregate": 1, "pipeline": _pipeline(after), "cursor": {"batchSize": MOST_AT_ONCE}}
        try:
            with _understood(lost=after is not None):
                answer = database.command(command, session=session, codec_options=ANY_VALUE)
                return cls(database, session, answer["cursor"])
        except BaseException:
            session.end_session()
            raise

    @property
    def token(self) -> Token:
        """After which it was opened, or now."""
        assert self.first is not None, "asked after the first batch was taken"
        return self.first.token

    def next(self) -> Batch:
        """The next changes; after AWAIT_MS none. Raises StreamBroken or HistoryLost."""
        if self.first is not None:
            batch, self.first = self.first, None
            return batch
        if not self.cursor_id:
            raise HistoryLost("The server ended the stream.")
        more = {"getMore": self.cursor_id, "collection": "$cmd.aggregate", "batchSize": MOST_AT_ONCE}
        with _understood(lost=True):
            answer = self.database.command(
                more | {"maxTimeMS": AWAIT_MS}, session=self.session, codec_options=ANY_VALUE
            )
        cursor = answer["cursor"]
        self.cursor_id = cursor["id"]
        return _batch(cursor["nextBatch"], cursor)

    def close(self) -> None:
        """Let the server forget it; if it cannot be told, it forgets by itself."""
        with suppress(PyMongoError):
            if self.cursor_id:
                killed = {"killCursors": "$cmd.aggregate", "cursors": [self.cursor_id]}
                self.database.command(killed, session=self.session)
        with suppress(PyMongoError):
            self.session.end_session()


def open_client() -> Any:
    """A client of the relay's own, with less patience than a site's: a dead line must be noticed."""
    impatient = {"socketTimeoutMS": ANSWER_MS, "serverSelectionTimeoutMS": ANSWER_MS, "connectTimeoutMS": ANSWER_MS}
    return pymongo.MongoClient(**mongodb.get_connection_params() | impatient)


def patience() -> Any:
    """A context in which nothing asked of MongoDB takes longer than ANSWER_MS."""
    return pymongo.timeout(ANSWER_MS / 1000)


def keep_images(client: Any, say: Callable[[str], None]) -> None:
    """Let the server keep each row as it was before a change, so that a deleted one is known. Safe to repeat.

    A server before 6.0, or a user who may not, goes without: a deletion then means that everything is stale. Raises
    StreamBroken.
    """
    database = client[connection.settings_dict["NAME"]]
    with _understood(lost=False):
        known = list(database.list_collections(filter={"name": {"$in": [*SOURCES]}}))
    for found in known:
        if found["options"].get("changeStreamPreAndPostImages") == IMAGES:
            continue
        try:
            database.command("collMod", found["name"], changeStreamPreAndPostImages=IMAGES)
        except OperationFailure as error:
            say(f"No image is kept of what is deleted in {found['name']}: {_sentence(error)}")


def _pipeline(after: Token | None) -> list[dict[str, Any]]:
    names = [*SOURCES]
    stream: dict[str, Any] = {"fullDocument": "updateLookup", "fullDocumentBeforeChange": "whenAvailable"}
    if after is not None:
        stream["resumeAfter"] = after
    ours = {"$or": [
        {"ns.coll": {"$in": names}},
        {"to.coll": {"$in": names}},  # another collection is renamed over one of ours, as $out does
        {"operationType": {"$in": ["dropDatabase", "invalidate"]}},
    ]}  # fmt: skip
    rows = ("fullDocument", "fullDocumentBeforeChange")
    kept = ["operationType", "ns", "documentKey", "clusterTime", "updateDescription"]
    kept += [f"{row}.{column}" for row in rows for column in columns_read()]
    return [{"$changeStream": stream}, {"$match": ours}, {"$project": dict.fromkeys(kept, 1)}]


def _batch(changes: list[Change], cursor: Mapping[str, Any]) -> Batch:
    until = changes[-1]["clusterTime"].as_datetime() if changes else None
    return Batch(changes, cursor["postBatchResumeToken"], until)


@contextmanager
def _understood(*, lost: bool) -> Iterator[None]:
    """Sort the errors as the specification of change streams does: what is not resumable has lost its history."""
    try:
        yield
    except OperationFailure as error:
        resumable = error.has_error_label("ResumableChangeStreamError") or error.code == CURSOR_NOT_FOUND
        if lost and not resumable and not isinstance(error, ExecutionTimeout):
            raise HistoryLost(_sentence(error)) from error
        raise StreamBroken(_sentence(error)) from error
    except PyMongoError as error:
        raise StreamBroken(_sentence(error)) from error


def _sentence(error: PyMongoError) -> str:
    """What it says, without the server's whole answer."""
    return str(error).partition(", full error")[0]
