"""A share of the tests: EVBUNKER_TEST_SHARE="2/3" runs the second third, so that processes work side by side."""

import os
from collections.abc import Sequence

import pytest


def theirs(items: Sequence[pytest.Item]) -> set[pytest.Item]:
    """The tests that are left to other shares. A module is in one share; large ones are dealt out first."""
    mine, _slash, shares = os.environ.get("EVBUNKER_TEST_SHARE", "1/1").partition("/")
    modules = sorted({item.path for item in items}, key=lambda path: (-path.stat().st_size, path))
    dealt = {path: number % (2 * int(shares)) for number, path in enumerate(modules)}
    return {item for item in items if _share(dealt[item.path], int(shares)) != int(mine)}


def _share(number: int, shares: int) -> int:
    """1, 2, 3, 3, 2, 1 and so on: who is dealt the larger one now gets the smaller one next."""
    return number + 1 if number < shares else 2 * shares - number
