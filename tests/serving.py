"""The product as its users meet it: a `daphne` of its own at SITE_URL, on the test database."""

import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection

from tests import engines
from tests.warm import WarmServer


class Site:
    """A running server. `stop()` is abrupt, as an outage would be; `start()` brings it back at the same address.

    `overrides` are Django settings that differ from the tests'.
    """

    def __init__(self, log: Path, **overrides: object) -> None:
        self.url = settings.SITE_URL
        self.log = log
        self.overrides = overrides
        self.process: WarmServer | None = None
        self.application = "evbunker.asgi:application"
        self.may_fail = False
        """Set it in a test that provokes errors of the server; otherwise a traceback in its log fails the test."""

    def start(self) -> None:
        arguments = ["-b", "127.0.0.1", "-p", str(urlsplit(self.url).port), self.application]
        self.process = WarmServer(arguments, self.log, database_of_this_run(), self.overrides)
        try:
            engines.wait_until(self.answers, "The server did not start.", seconds=30)
        except RuntimeError as error:
            raise RuntimeError(f"{error}\n{self.log.read_text()}") from None

    def answers(self) -> bool:
        """Whether it accepts connections; RuntimeError if it has ended."""
        assert self.process is not None
        if self.process.poll() is not None:
            raise RuntimeError("The server ended at once.")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", urlsplit(self.url).port)) == 0

    def stop(self) -> None:
        if self.process is not None:
            engines.end(self.process)
            self.process = None

    def restart(self) -> None:
        self.stop()
        self.start()


def database_of_this_run() -> dict[str, str]:
    """What another process needs in its environment to work on this run's test database."""
    name = connection.settings_dict["NAME"]
    if engines.ON_MONGODB:
        return {"DATABASE_URL": urlsplit(settings.DATABASE_URL)._replace(path=f"/{name}").geturl()}
    return {"DATABASE_URL": f"sqlite:///{name}"}


@pytest.fixture
def application() -> str:
    """What the server runs."""
    return "evbunker.asgi:application"


@pytest.fixture
def site(tmp_path: Path, transactional_db: None, application: str) -> Iterator[Site]:
    """The server, fresh for each test: it shares nothing with others but the empty database."""
    server = Site(tmp_path / "server.log")
    server.application = application
    server.start()
    yield server
    server.stop()
    if engines.ON_MONGODB:  # a killed server's open transactions would hold what they wrote for a minute
        connection.connection.admin.command("killAllSessions", [])
    assert server.may_fail or "Traceback" not in server.log.read_text(), server.log.read_text()
