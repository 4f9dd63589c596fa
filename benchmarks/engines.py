"""Engines that the benchmarks start for themselves, and stop."""

import contextlib
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from deploy.engines import hold_port, leads, mongod_command, mongodb_url, redis_answers, redis_command, wait_until


@contextlib.contextmanager
def engine_running(engine: str) -> Iterator[dict[str, str]]:
    """The environment of a site on `engine`: a database that is really written to the disk, and Redis with MongoDB."""
    with tempfile.TemporaryDirectory(prefix="evbunker-benchmark-") as name, contextlib.ExitStack() as running:
        folder = Path(name)
        if engine == "sqlite":
            yield {"DATABASE_URL": f"sqlite:///{folder}/evbunker.sqlite3", "REDIS_URL": ""}
            return
        (folder / "data").mkdir()
        mongod, redis = hold_port(), hold_port()
        for command in (mongod_command(folder / "data", mongod), redis_command(folder, redis)):
            server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
            running.callback(server.wait)
            running.callback(server.terminate)
        wait_until(lambda: leads(mongod), "mongod became no primary")
        wait_until(lambda: redis_answers(redis), "redis-server does not answer")
        yield {"DATABASE_URL": mongodb_url(mongod), "REDIS_URL": f"redis://127.0.0.1:{redis}/0"}
