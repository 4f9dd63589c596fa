"""What the files of `deploy/` say, for tests: no container engine is needed to read them."""

import re
import shlex
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.engines import ROOT

DEPLOY = ROOT / "deploy"
READ_FROM_ENVIRONMENT = re.compile(r'(?:env\.\w+\(|required_unless_debug\(|environ\[|environ\.get\()\s*"(\w+)"')


@cache
def compose() -> dict[str, Any]:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())


def services() -> dict[str, dict[str, Any]]:
    return compose()["services"]


def site_services() -> dict[str, dict[str, Any]]:
    """Those that run our image."""
    return {name: service for name, service in services().items() if service["image"].startswith("evbunker:")}


@cache
def instructions() -> list[tuple[str, str]]:
    """Each instruction of the Containerfile with its argument on one line."""
    text = re.sub(r"(?m)^\s*#.*\n", "", (DEPLOY / "Containerfile").read_text())
    lines = text.replace("\\\n", " ").splitlines()
    return [(word, re.sub(r"\s+", " ", rest)) for word, _, rest in (line.partition(" ") for line in lines) if word]


def command(name: str) -> list[str]:
    """The words that the service `name` runs."""
    words = services()[name]["command"]
    return shlex.split(words) if isinstance(words, str) else words


def copied() -> dict[str, str]:
    """What the image takes from this folder: source, and where it goes."""
    copies = [shlex.split(rest) for word, rest in instructions() if word == "COPY" and "--from" not in rest]
    return {source: target for *sources, target in copies for source in sources}


def variables_read_by(*paths: str) -> set[str]:
    """Names that these files ask the environment for."""
    return {name for path in paths for name in READ_FROM_ENVIRONMENT.findall((ROOT / path).read_text())}


def example_variables() -> dict[str, str]:
    """Every setting of env.example, also those that are commented out."""
    return dict(re.findall(r"(?m)^#?([A-Z_]+)=(.*)$", (DEPLOY / "env.example").read_text()))


def is_ignored(path: Path) -> bool:
    """Whether .containerignore keeps `path`, relative to the project, out of the build: the last match decides."""
    ignored = False
    for line in (ROOT / ".containerignore").read_text().splitlines():
        pattern = line.removeprefix("!")
        if line and not line.startswith("#") and _matches(path, pattern.removeprefix("**/"), anywhere="**/" in pattern):
            ignored = not line.startswith("!")
    return ignored


def _matches(path: Path, pattern: str, *, anywhere: bool) -> bool:
    """A pattern names a file, or a folder and all in it."""
    if anywhere:
        return any(fnmatch(part, pattern) for part in path.parts)
    wanted = pattern.split("/")
    return len(wanted) <= len(path.parts) and all(map(fnmatch, path.parts, wanted))
