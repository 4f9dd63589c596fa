"""The product as production runs it: one stack for all these tests, with data, ports and a site of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from deploy.parts import ROOT
from deploy.stack import Stack, nginx_path
from tests import engines
from tests.stack.paying import Driver
from tests.stack.watching import Watcher

LIVE_SOURCE = os.environ.get("LIVE_SOURCE", "change-streams")


@pytest.fixture(scope="session")
def nginx() -> None:
    """Nothing here goes without."""
    if nginx_path() is None:
        say = pytest.fail if os.environ.get("EVBUNKER_REQUIRE_ENGINES") == "1" else pytest.skip
        say("nginx is not installed (Debian package nginx-light).")


@pytest.fixture(scope="session")
def stack(nginx: None) -> Iterator[Stack]:
    """All processes; the tests of this folder leave them running, whatever else they do to them."""
    stack = Stack(Path(os.environ["EVBUNKER_TEST_FOLDER"]) / "stack", engines.hold_port(), live_source=LIVE_SOURCE)
    try:
        stack.start(seeded=False)
        yield stack
    finally:
        stack.stop()


@pytest.fixture(scope="session")
def scene(stack: Stack) -> SimpleNamespace:
    """Who and what is there."""
    asked = subprocess.run(
        [sys.executable, "-m", "tests.stack.scene"], cwd=ROOT, env=os.environ | stack.environment, text=True,
        capture_output=True,
    )  # fmt: skip
    assert asked.returncode == 0, asked.stderr
    return SimpleNamespace(**json.loads(asked.stdout))


@pytest.fixture
def site(stack: Stack) -> Stack:
    """Where `open_page` goes."""
    return stack


@pytest.fixture(scope="session")
def dara_pays(stack: Stack, scene: SimpleNamespace) -> Driver:
    """Dara with her API token. How often she paid decides what every panel must show."""
    return Driver(stack.url, scene.people["dara"]["token"], scene.evse_id)


@pytest.fixture
def watchers(stack: Stack, scene: SimpleNamespace) -> Iterator[list[Watcher]]:
    """Dara's and Opal's pages, two each, so that both live processes have some."""
    kinds = [("dara", "impact,next-booking"), ("opal", "overview-cards,activity")] * 2
    watching = [Watcher(stack.url, scene.people[name]["cookie"], panels) for name, panels in kinds]
    yield watching
    for watcher in watching:
        watcher.close()
