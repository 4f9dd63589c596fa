"""The benchmarks of holds and of live sockets run; what they measure is for `benchmarks/README.md`."""

import os
import subprocess
import sys

import pytest

from tests import engines


def output_of(*command: str) -> str:
    """What a benchmark printed. It starts engines of its own."""
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=engines.ROOT, env=os.environ, capture_output=True, text=True, check=True
    ).stdout


def cells(output: str, row: str) -> list[str]:
    """The cells of the table's row that begins so."""
    line = next(line for line in output.splitlines() if line.startswith(f"| {row}"))
    return [cell.strip() for cell in line.split("|")[2:-1]]


def test_holds_are_measured_against_the_bare_engine() -> None:
    name = "MongoDB" if engines.ON_MONGODB else "SQLite"
    sizes = ("--slices", "2", "--seconds", "0.5", "--clients", "10000", "--workers", "1x2")
    service, bare, ratio, *_rest = cells(output_of("benchmarks.holds", "--engines", name.lower(), *sizes), name)
    assert int(service) > 0 < int(bare)
    assert ratio.strip("*").endswith("%")


@pytest.mark.engines
def test_five_sockets_hear_every_event() -> None:
    sizes = ("--sockets", "5", "--processes", "1", "--events", "3", "--burst", "1", "--rounds", "1")
    output = output_of("benchmarks.live", "--without-node", *sizes)
    for kind in ("ours, JSON", "ours, panel"):
        *_delays, missed = cells(output, kind)
        assert missed == "0"
    _head, burst = output.split("| burst |")
    assert cells(burst, "ours, JSON")[-2:] == ["5", "0"]
    assert int(cells(burst, "ours, panel")[2]) <= 6
