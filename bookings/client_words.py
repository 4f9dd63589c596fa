"""Words by which operators find clients: of their name and their e-mail address, each a row of `SearchWord`."""

from uuid import UUID

from bookings.models import Client, SearchWord
from bookings.words import LONGEST, PAST_EVERY_WORD, words_of, words_to_find

MARK = "@"
"""Stands before each word of a client's: no station's begins so, and neither search reads what the other has."""


def client_words(name: str, email: str) -> set[str]:
    """What a client is found by, as it stands in the rows."""
    return {marked(word) for word in words_to_find(name) | words_of(email)}


def marked(word: str) -> str:
    """How a word of a client's stands in its row."""
    return (MARK + word)[:LONGEST]


def after(word: str) -> str:
    """The end of the range of words that begin with the marked `word`."""
    return word + PAST_EVERY_WORD


def index_client(client_id: UUID) -> None:
    """Keep the words in step with name and address, in the unit of work that changed them. Safe to repeat."""
    name, email = Client.objects.values_list("name", "email").get(pk=client_id)
    wanted = client_words(name, email)
    kept = {row.word: row.pk for row in SearchWord.objects.filter(client_id=client_id)}
    if gone := [kept[word] for word in kept.keys() - wanted]:
        SearchWord.objects.filter(pk__in=gone).delete()
    SearchWord.objects.bulk_create(SearchWord(word=word, client_id=client_id) for word in sorted(wanted - kept.keys()))
