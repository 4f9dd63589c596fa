"""Words by which stations are found: folded to lower case without accents, matched from their beginning."""

import re
import unicodedata

LONGEST = 80
MOST_WORDS = 8
PAST_EVERY_WORD = chr(0x10FFFF)


def folded(text: str) -> str:
    """Lower case, without accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def words_of(*texts: str) -> set[str]:
    """The folded words of some texts."""
    return {word[:LONGEST] for text in texts for word in re.findall(r"\w+", folded(text))}


def connector_word(connector: str) -> str:
    """How a connector type stands among the words; no text can be searched for it by chance."""
    return f"connector:{connector}"


def beginning_with(word: str) -> dict[str, str]:
    """The filter for words that begin with `word`: an indexed range."""
    return {"word__gte": word, "word__lt": word + PAST_EVERY_WORD}
