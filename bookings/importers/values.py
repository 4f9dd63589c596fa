"""Reading values that may be of any type: what does not fit is empty, never an exception."""

import html
import math
import re
import unicodedata
from typing import Any

NUMBER = re.compile(r"[+-]?\d{1,15}([.,]\d{1,20})?([eE][+-]?\d{1,2})?", re.ASCII)
ESCAPED_BYTES = re.compile(r"(?:\\?u00[89a-fA-F][0-9a-fA-F])+")
MARKUP = re.compile(r"</?[a-zA-Z][^<>]*>|<!--.*?-->", re.DOTALL)
LINE_ENDS = "Cc", "Zl", "Zp"
INVISIBLE = "Cf", "Cs", "Co", "Cn"
JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
"""Invisible, but Indian scripts and Persian are spelled with them."""
LONGEST_READ = 10_000


def text(value: object, longest: int = 250) -> str:
    """One line of readable text: no markup, no control characters, no doubled spaces, at most `longest` characters."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    plain = MARKUP.sub(" ", html.unescape(ESCAPED_BYTES.sub(_decoded, str(value)[:LONGEST_READ])))
    plain = "".join(map(_visible, unicodedata.normalize("NFC", plain)))
    return " ".join(plain.split())[:longest].rstrip()


def number(value: object) -> float | None:
    """A finite number, also from text, also with a decimal comma."""
    if isinstance(value, str):
        found = NUMBER.fullmatch(value.strip())
        value = float(found[0].replace(",", ".")) if found else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def count(value: object) -> int:
    """A number of things; 0 for what is none."""
    found = number(value)
    return int(found) if found is not None and 0 < found < 1_000_000 else 0


def items(value: object) -> list[dict[str, Any]]:
    """The objects in a JSON list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def mapping(value: object) -> dict[str, Any]:
    """A JSON object."""
    return value if isinstance(value, dict) else {}


def _visible(letter: str) -> str:
    if letter in JOINERS:
        return letter
    category = unicodedata.category(letter)
    return " " if category in LINE_ENDS else "" if category in INVISIBLE else letter


def _decoded(found: re.Match[str]) -> str:
    """Bytes that lost their backslash on the way, as in u00a0 or u00e2u0080u0093: UTF-8, or else Latin-1."""
    raw = bytes(int(code, 16) for code in re.findall(r"u00(..)", found[0]))
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")
