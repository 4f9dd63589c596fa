"""Words by which stations are found: folded to lower case without accents, matched from their beginning."""

import unicodedata

LONGEST = 80
MOST_WORDS = 8
PAST_EVERY_WORD = chr(0x10FFFF)
APOSTROPHES = "'\N{RIGHT SINGLE QUOTATION MARK}\N{MODIFIER LETTER APOSTROPHE}"
UNDECOMPOSED = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})
"""Letters that people leave out as if they were accented; Unicode does not take them apart."""


def folded(text: str) -> str:
    """Lower case, without accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in plain if not unicodedata.combining(letter)).translate(UNDECOMPOSED)


def words_of(*texts: str) -> set[str]:
    """The folded words of some texts."""
    return {word[:LONGEST] for text in texts for word in "".join(map(_letter_or_space, folded(text))).split()}


def words_to_find(*texts: str) -> set[str]:
    """The words of some texts, those with an apostrophe also written without: McDonald's is found as mcdonalds."""
    return words_of(*texts) | words_of(*(text.translate(dict.fromkeys(map(ord, APOSTROPHES))) for text in texts))


def connector_word(connector: str) -> str:
    """How a connector type stands among the words; no text can be searched for it by chance."""
    return f"connector:{connector}"


def beginning_with(word: str) -> dict[str, str]:
    """The filter for words that begin with `word`: an indexed range."""
    return {"word__gte": word, "word__lt": word + PAST_EVERY_WORD}


def _letter_or_space(letter: str) -> str:
    """Letters, digits and the vowel signs of Indian scripts make words; everything else parts them."""
    return letter if unicodedata.category(letter)[0] in "LMN" else " "
