"""What the benchmarks share: percentiles, memory, the machine, tables."""

import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path

ENVIRONMENT = {
    "DJANGO_SETTINGS_MODULE": "evbunker.settings",
    "DEBUG": "0",
    "SECRET_KEY": "only-for-benchmarks-" + "0123456789abcdef" * 4,
    "SITE_URL": "http://localhost:8000",
    "ALLOWED_HOSTS": "localhost,127.0.0.1",
    "RUN_SCHEDULER": "0",
    "STAFF_SECOND_FACTOR": "0",
    "LOG_LEVEL": "WARNING",
}
"""A production's settings, without a second factor and without the scheduler's thread."""


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that `percent` of them do not exceed (nearest rank); NaN of none."""
    if not values:
        return float("nan")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f}"


def memory(pid: int) -> str:
    """RSS / PSS of a process, MiB."""
    known = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, value = line.split(":")
        known[name] = int(value.split()[0]) / 1024
    return f"{known['Rss']:.0f} / {known['Pss']:.0f}"


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A markdown table; all columns but the first hold numbers."""
    names = list(head)
    lines = [names, ["---", *["--:"] * (len(names) - 1)], *([str(cell) for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def machine() -> str:
    """The machine and what runs on it, as one paragraph."""
    model = next(
        (
            line.split(": ")[1]
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    names = ("Django", "django-mongodb-backend", "pymongo", "channels", "channels-redis", "daphne", "redis")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    return f"{os.cpu_count()} x {model}, Python {platform.python_version()}, {versions}."


def again(module: str, *arguments: str, **environment: str) -> None:
    """Run a module of ours in a process of its own, with other settings. Raises CalledProcessError if it fails."""
    command = [sys.executable, "-m", module, *arguments]
    subprocess.run(command, env=os.environ | ENVIRONMENT | environment, check=True)
