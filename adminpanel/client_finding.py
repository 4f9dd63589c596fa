"""Which clients an operator looks for. An index finds the rows, the rarest filter's; the others are compared row by
row, LOOKED_AT at most for one page.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from adminpanel.client_words import State, state_of
from adminpanel.walking import AT_ONCE, LOOKED_AT, Search, walk
from bookings.client_words import after, client_words, marked
from bookings.models import Client, SearchWord
from bookings.words import MOST_WORDS, words_of
from evbunker.admin import uuid_of
from evbunker.db import lowest
from evbunker.paging import PAGE, BadCursor

BEGINNING = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
STAFF, DRIVER = "staff", "driver"


@dataclass(frozen=True)
class Wanted:
    """What the clients of a list have in common. `kind` is STAFF or DRIVER; `seen_since`: seen at that moment or
    later. Empty: any."""

    q: str = ""
    state: str = ""
    country: str = ""
    kind: str = ""
    seen_since: dt.datetime | None = None

    @property
    def is_filtered(self) -> bool:
        return any(getattr(self, one.name) for one in fields(self))

    def fits(self, client: Client) -> bool:
        """Has `client` all of it, apart from the words?"""
        return all(
            (
                not self.state or state_of(client) == self.state,
                not self.country or client.country == self.country,
                not self.kind or client.is_staff == (self.kind == STAFF),
                self.seen_since is None or (client.last_seen_at is not None and client.last_seen_at >= self.seen_since),
            )
        )


@dataclass(frozen=True)
class Found:
    """One page of a list. `next` is the cursor after it, empty at the end; `is_cut`: it ends there because LOOKED_AT
    rows were looked through, not because it is full. `gap`: too much has come on top."""

    rows: list[Client] = field(default_factory=list)
    next: str = ""
    is_cut: bool = False
    gap: bool = False


class Spot(NamedTuple):
    """Where a list by words has come to."""

    word: str
    client_id: UUID

    @property
    def cursor(self) -> str:
        return f"{self.client_id.hex}.{self.word}"

    @classmethod
    def parse(cls, cursor: str, word: str) -> "Spot":
        """Raises BadCursor, also for a cursor of another search."""
        client_hex, _dot, reached = cursor.partition(".")
        client_id = uuid_of(client_hex)
        if client_id is None or not reached.startswith(word):
            raise BadCursor
        return cls(reached, client_id)


def find(wanted: Wanted, *, cursor: str = "", down_to: str = "") -> Found:
    """The page of what is `wanted` that begins after `cursor`; with `down_to`, what stands above that cursor now.

    Whom a whole e-mail address or an id names, stands alone; an address of nobody is taken for words. Raises BadCursor.
    """
    if wanted.q:
        named = _named(wanted.q)
        if named is not None:
            return Found([named] if wanted.fits(named) else [])
        return _by_words(wanted, cursor)
    rows, by = _indexed(wanted)
    page = walk(Search(rows, by, wanted.fits), cursor=cursor, down_to=down_to)
    return Found(page.rows, page.next, page.looked_back_to is not None, page.gap)


def _named(term: str) -> Client | None:
    term = term.strip()
    found = uuid_of(term)
    named = {"pk": found} if found else {"email": term.lower()}
    return Client.objects.filter(**named).first() if found or "@" in term else None


def _indexed(wanted: Wanted) -> tuple[QuerySet[Client], str]:
    """Rows that an index has in order, and the moment they are ordered by.

    `__in`: of a bare truth value SQLite uses no index.
    """
    clients = Client.objects.all()
    if wanted.state == State.SUSPENDED:
        return clients.filter(suspended_at__gte=BEGINNING), "suspended_at"
    if wanted.kind == STAFF:
        return clients.filter(is_staff__in=[True]), "created_at"
    if wanted.state in (State.DEACTIVATED, State.DELETED):
        return clients.filter(is_active__in=[False]), "created_at"
    if wanted.seen_since:
        return clients.filter(last_seen_at__gte=wanted.seen_since), "last_seen_at"
    if wanted.country:
        return clients.filter(country=wanted.country), "created_at"
    return clients, "created_at"


def _by_words(wanted: Wanted, cursor: str) -> Found:
    """Those of whom every word begins one of theirs, by the word that the longest one began."""
    words = [marked(word) for word in sorted(words_of(wanted.q), key=len, reverse=True)[:MOST_WORDS]]
    if not words:
        return Found()
    last = Spot.parse(cursor, words[0]) if cursor else None
    shown: list[Client] = []
    for looked, (spot, client) in enumerate(_with_word(words[0], last), 1):
        if client is not None and _has(client, words, spot.word) and wanted.fits(client):
            if last and len(shown) == PAGE:
                return Found(shown, last.cursor)
            shown.append(client)
        last = spot
        if looked == LOOKED_AT:
            return Found(shown, spot.cursor, is_cut=True)
    return Found(shown)


def _has(client: Client, words: list[str], here: str) -> bool:
    """Does every word begin one of the client's, and is it listed `here` and at no other of them?"""
    own = client_words(client.name, client.email)
    begun = [word for word in own if word.startswith(words[0])]
    return bool(begun) and min(begun) == here and all(any(one.startswith(word) for one in own) for word in words)


def _with_word(word: str, spot: Spot | None) -> Iterator[tuple[Spot, Client | None]]:
    """Clients with a word that begins so, by word and then by id, from `spot` on; AT_ONCE a query."""
    while True:
        rows = _following(word, spot)
        clients: dict[Any, Client] = Client.objects.in_bulk({row.client_id for row in rows})
        for row in rows:
            assert row.client_id is not None, "marked words are clients'"
            spot = Spot(row.word, row.client_id)
            yield spot, clients.get(row.client_id)
        if len(rows) < AT_ONCE:
            return


def _following(word: str, spot: Spot | None) -> list[SearchWord]:
    found: list[SearchWord] = []
    beginning = {"word__gte": word}
    if spot is not None:
        same = SearchWord.objects.filter(word=spot.word, client_id__gt=spot.client_id)
        found, beginning = lowest(same, by="client_id", limit=AT_ONCE), {"word__gt": spot.word}
    wanted = AT_ONCE - len(found)
    if not wanted:
        return found
    rows = lowest(SearchWord.objects.filter(**beginning, word__lt=after(word)), by="word", limit=wanted)
    if len(rows) < wanted:
        return found + sorted(rows, key=lambda row: (row.word, row.client_id))
    # the end may fall among many of one word: those are read again by id
    last = rows[-1].word
    before = sorted((row for row in rows if row.word != last), key=lambda row: (row.word, row.client_id))
    again = lowest(SearchWord.objects.filter(word=last), by="client_id", limit=wanted - len(before))
    return found + before + again
