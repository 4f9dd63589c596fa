"""MongoDB and Redis as production guards them: accounts, a key file, a password. The servers are real."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pymongo
import pymongo.errors
import pytest
import redis

from tests import engines
from tests.deploy import reading

pytestmark = pytest.mark.engines
ROOT_PASSWORD = "root-of-this-test"
CREATE_ROOT = {"pwd": ROOT_PASSWORD, "roles": ["root"]}


class Guarded:
    """A mongod that asks for passwords, in a set with others that have the same key file, once somebody makes one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = engines.hold_port()
        self.host = f"127.0.0.1:{self.port}"
        (folder / "data").mkdir(parents=True)
        self.key = folder / "key"
        self.key.write_text("0123456789abcdef" * 8)
        self.key.chmod(0o400)

    def start(self, *, with_root: bool = True) -> None:
        """As the image of MongoDB does: make the account of root first, then begin with keys."""
        if with_root:
            process = self._spawn()
            with pymongo.MongoClient(self.host, directConnection=True) as server:
                server.admin.command("createUser", "root", **CREATE_ROOT)
            process.terminate()
            process.wait()
        self._spawn("--replSet", "rs0", "--keyFile", str(self.key))

    def _spawn(self, *options: str) -> "subprocess.Popen[bytes]":
        command = [str(engines.mongod_path()), "--dbpath", str(self.folder / "data"), "--port", str(self.port)]
        command += ["--bind_ip", "127.0.0.1", "--nounixsocket", "--wiredTigerCacheSizeGB", "0.25", "--oplogSize", "64"]
        return engines.spawn([*command, *options], self.folder / "log")


@pytest.fixture
def mongod(tmp_path: Path) -> Guarded:
    server = Guarded(tmp_path / "mongodb")
    server.start()
    return server


def make_set(folder: Path, password: str, *members: Guarded) -> str:
    """Run what the service `mongodb-set` runs; what it says."""
    hosts = ",".join(member.host for member in members)
    (folder / "mongodb-root").write_text(ROOT_PASSWORD + "\n")
    environment = {
        "DATABASE_URL": f"mongodb://evbunker:{password}@{hosts}/evbunker?replicaSet=rs0",
        "MONGODB_ROOT_PASSWORD_FILE": str(folder / "mongodb-root"),
        "MONGODB_MEMBERS": hosts,
    }
    command = [sys.executable, reading.DEPLOY / "mongodb_set.py"]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=150).stdout


def test_the_set_is_made_once_and_the_site_may_use_its_database_alone(mongod, tmp_path):
    assert make_set(tmp_path, "first", mongod) == "rs0: initiated, 0 added, evbunker may use evbunker.\n"
    url = f"mongodb://evbunker:first@{mongod.host}/evbunker?replicaSet=rs0"
    with pymongo.MongoClient(url) as site, site.start_session() as session:
        site.evbunker.things.create_index("name", unique=True)
        # What the relay asks for, so that deletions say what was deleted.
        site.evbunker.command("collMod", "things", changeStreamPreAndPostImages={"enabled": True})
        with site.evbunker.things.watch(full_document_before_change="whenAvailable") as stream:
            session.with_transaction(lambda unit: site.evbunker.things.insert_one({"name": "one"}, session=unit))
            assert stream.next()["operationType"] == "insert"
        for forbidden in (site.admin.system.users.find_one, site.other.things.find_one, site.drop_database):
            with pytest.raises(pymongo.errors.OperationFailure, match="not authorized"):
                forbidden(*(["other"] if forbidden == site.drop_database else []))

    assert make_set(tmp_path, "second", mongod) == "rs0: 0 added, evbunker may use evbunker.\n"
    with pymongo.MongoClient(url) as old, pytest.raises(pymongo.errors.OperationFailure, match="Authentication failed"):
        old.evbunker.things.find_one()
    with pymongo.MongoClient(url.replace("first", "second")) as new:
        assert new.evbunker.things.find_one()["name"] == "one"


def test_the_whole_product_works_with_that_account(mongod, tmp_path):
    make_set(tmp_path, "secret", mongod)
    url = f"mongodb://evbunker:secret@{mongod.host}/evbunker?replicaSet=rs0"
    for arguments in (["migrate"], ["check_integrity"]):
        command = [sys.executable, "manage.py", *arguments]
        environment = os.environ | {"DATABASE_URL": url}
        asked = subprocess.run(command, cwd=reading.ROOT, env=environment, capture_output=True, text=True)
        assert asked.returncode == 0, asked.stdout + asked.stderr


def test_servers_that_are_named_later_join(mongod, tmp_path):
    make_set(tmp_path, "secret", mongod)
    others = [Guarded(tmp_path / name) for name in ("second", "third")]
    for other in others:
        other.start(with_root=False)
    assert make_set(tmp_path, "secret", mongod, *others) == "rs0: 2 added, evbunker may use evbunker.\n"
    url = f"mongodb://root:{ROOT_PASSWORD}@{mongod.host}/?replicaSet=rs0"
    with pymongo.MongoClient(url) as server:

        def all_are_in() -> bool:
            members = server.admin.command("replSetGetStatus")["members"]
            return sorted(member["stateStr"] for member in members) == ["PRIMARY", "SECONDARY", "SECONDARY"]

        engines.wait_until(all_are_in, "They did not join.")


@pytest.fixture
def guarded_redis(tmp_path: Path) -> Iterator[int]:
    """Redis with the project's own redis.conf and a password that secrets.sh made."""
    subprocess.run(
        [reading.DEPLOY / "secrets.sh", "example.com", tmp_path / "secrets"], check=True, capture_output=True
    )
    text = (reading.DEPLOY / "redis.conf").read_text().replace("/run/secrets", str(tmp_path / "secrets"))
    (tmp_path / "redis.conf").write_text(text.replace("0.0.0.0", "127.0.0.1"))
    port = engines.hold_port()
    command = [str(engines.redis_path()), str(tmp_path / "redis.conf"), "--port", str(port), "--dir", str(tmp_path)]
    process = engines.spawn(command, tmp_path / "redis.log")
    engines.wait_until(lambda: "Ready to accept" in (tmp_path / "redis.log").read_text(), "redis does not start")
    yield port
    engines.end(process)


def test_redis_asks_for_the_password_and_the_health_check_needs_none(guarded_redis, tmp_path):
    with redis.Redis(port=guarded_redis) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()
    settings = (tmp_path / "secrets/evbunker.env").read_text()
    [password] = re.findall(r"redis://:([\w-]+)@redis:6379/0", settings)
    with redis.Redis(port=guarded_redis, password=password) as site:
        assert site.config_get("maxmemory-policy") == {"maxmemory-policy": "volatile-lru"}
        assert site.config_get("save") == {"save": ""}
    _, check = reading.services()["redis"]["healthcheck"]["test"]
    check = check.replace("redis-cli", f"{engines.redis_path().with_name('redis-cli')} -p {{}}")
    assert subprocess.run(["sh", "-c", check.format(guarded_redis)]).returncode == 0
    assert subprocess.run(["sh", "-c", check.format(engines.hold_port())], capture_output=True).returncode != 0
