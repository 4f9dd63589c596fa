"""Plain text as a page: paragraphs between blank lines, headings after "# ", list items after "- "."""

from typing import NamedTuple


class Block(NamedTuple):
    """`kind` is heading, list or paragraph; `lines` are plain text, escaped by the template."""

    kind: str
    lines: list[str]


def blocks(text: str) -> list[Block]:
    """The text's blocks. Nothing in it can fail to be shown: what is no heading and no list is a paragraph."""
    chunks = [_lines(chunk) for chunk in text.replace("\r\n", "\n").split("\n\n")]
    return [_block(lines) for lines in chunks if lines]


def _lines(chunk: str) -> list[str]:
    return [line.strip() for line in chunk.splitlines() if line.strip()]


def _block(lines: list[str]) -> Block:
    if len(lines) == 1 and lines[0].startswith("# "):
        return Block("heading", [lines[0][2:].strip()])
    if all(line.startswith("- ") for line in lines):
        return Block("list", [line[2:].strip() for line in lines])
    return Block("paragraph", lines)
