"""Servers that have imported the product already: importing it costs each new process two seconds of a core.

`multiprocessing`'s fork server imports `tests.preloaded` once a run, and forks from there.
"""

import contextlib
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator
from multiprocessing import forkserver
from pathlib import Path

from django.conf import settings

from tests.engines import die_with_parent

CONTEXT = multiprocessing.get_context("forkserver")


class WarmServer:
    """A `daphne` with `arguments`; of `subprocess.Popen` it has what tests use.

    `environment` is the same for all servers of a run; `overrides` are this one's Django settings.
    """

    def __init__(
        self, arguments: list[str], log: Path, environment: dict[str, str], overrides: dict[str, object]
    ) -> None:
        with _in(environment):
            CONTEXT.set_forkserver_preload(["tests.preloaded"])
            forkserver.ensure_running()
        self._process = CONTEXT.Process(target=_serve, args=(arguments, str(log), overrides), daemon=True)
        self._process.start()
        self.pid: int = self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self) -> int:
        self._process.join()
        return self._process.exitcode

    def kill(self) -> None:
        self._process.kill()


@contextlib.contextmanager
def _in(environment: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ |= environment
    try:
        yield
    finally:
        os.environ.clear()
        os.environ |= before


def _serve(arguments: list[str], log: str, overrides: dict[str, object]) -> None:
    die_with_parent()
    for name, value in overrides.items():
        setattr(settings, name, value)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for pytest, which ends this process
    with open(log, "ab") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    sys.argv = ["daphne", *arguments]
    from daphne.cli import CommandLineInterface  # it makes the event loop, which no two processes may share

    CommandLineInterface.entrypoint()
