"""How every test runs: on a real engine that really commits, from an empty database and cache."""

import os
from collections.abc import Iterator

import pytest
from channels.layers import channel_layers
from django.core.cache import cache

from evbunker.cache import _outage
from tests import engines, shares, sweep

pytest_plugins = ["tests.people", "tests.places", "tests.serving", "tests.browsing", "tests.outage"]


def pytest_report_header() -> str:
    return f"engine: {'MongoDB and Redis' if engines.ON_MONGODB else 'SQLite and memory'}"


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Iterator[None]:
    """Let every test commit; leave to others what is theirs; put browser tests last.

    Playwright leaves an event loop running on the main thread, which neither Django nor pytest-asyncio can live with.
    """
    for item in items:
        item.add_marker(pytest.mark.django_db(transaction=True))
        if "open_page" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
    left = shares.theirs(items)
    if not engines.ON_MONGODB:
        left |= {item for item in items if item.get_closest_marker("engines")}
    if left:
        config.hook.pytest_deselected(items=[item for item in items if item in left])
        items[:] = [item for item in items if item not in left]
    result = yield
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)  # after pytest's own ordering
    return result


def pytest_terminal_summary(terminalreporter: "pytest.TerminalReporter") -> None:
    if left := [i for i in terminalreporter.stats.get("deselected", []) if i.get_closest_marker("engines")]:
        terminalreporter.write_line(f"Left to EVBUNKER_TEST_ENGINE=mongodb: {len(left)} tests of that engine.")


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("browser"):
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: object) -> None:
    """The test database, and the sweep that keeps it empty."""
    with django_db_blocker.unblock():
        sweep.remember_migrated()
    sweep.install()


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    cache.clear()
    if not engines.ON_MONGODB:
        channel_layers.backends.clear()
    yield
    _outage.ask_again_at, _outage.since = 0.0, None
    cache.clear()


@pytest.fixture(autouse=True)
def _integrity_after_races(request: pytest.FixtureRequest, transactional_db: None) -> Iterator[None]:
    """After a test marked `race`, the whole database must still make sense."""
    yield
    if request.node.get_closest_marker("race"):
        from payments.integrity import check_integrity

        assert check_integrity() == []
