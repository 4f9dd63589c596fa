"""Make the MongoDB servers named in MONGODB_MEMBERS one replica set, and give the site its account there.

DATABASE_URL says the set's name, the account, its password and its database; the file named in
MONGODB_ROOT_PASSWORD_FILE holds the password of `root`. Safe to repeat: members that are missing are added, and the
account gets the password that DATABASE_URL has now. Members that are no longer named stay: taking a voter away is a
decision.
"""

import sys
import time
from pathlib import Path
from typing import Any

import environ
from pymongo import MongoClient
from pymongo.uri_parser import parse_uri

ROLES = ("readWrite", "dbAdmin")
"""Reading, writing, indexes, change streams and, for the relay, `collMod` of one database; nothing of the server."""
PATIENCE_SECONDS = 120
ROOT = "root"

Server = MongoClient[dict[str, Any]]


def main() -> str:
    """Do all of it; what was done."""
    env = environ.Env()
    if env_file := env.str("ENV_FILE", default=""):
        env.read_env(env_file)
    url = parse_uri(env.str("DATABASE_URL"), validate=False)
    password = Path(env.str("MONGODB_ROOT_PASSWORD_FILE")).read_text().strip()
    members = env.list("MONGODB_MEMBERS")
    name = url["options"]["replicaSet"]
    with connect(members[0], password) as first:
        initiated = initiate(first, name, members[0])
    with connect(members[0], password, replicaSet=name) as primary:
        added = add_members(primary, members)
        give_access(primary, url["database"], url["username"], url["password"])
    return f"{name}: {'initiated, ' if initiated else ''}{added} added, {url['username']} may use {url['database']}."


def connect(host: str, password: str, **options: Any) -> Server:
    """A client of the server at `host` alone, or with `replicaSet` of the primary of its set."""
    patience = PATIENCE_SECONDS * 1000
    options = options or {"directConnection": True}
    return MongoClient(host, username=ROOT, password=password, serverSelectionTimeoutMS=patience, **options)


def initiate(server: Server, name: str, host: str) -> bool:
    """Begin the set with this one member and wait until it leads; False if it is in a set already."""
    if server.admin.command("hello").get("setName"):
        return False
    server.admin.command("replSetInitiate", {"_id": name, "members": [{"_id": 0, "host": host}]})
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not server.admin.command("hello")["isWritablePrimary"]:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{host} became no primary.")
        time.sleep(0.2)
    return True


def add_members(primary: Server, members: list[str]) -> int:
    """Add whoever is named and not in the set, one after the other: only one voter may change at a time."""
    added = 0
    for host in members:
        config = primary.admin.command("replSetGetConfig")["config"]
        if host in {member["host"] for member in config["members"]}:
            continue
        config["members"].append({"_id": 1 + max(member["_id"] for member in config["members"]), "host": host})
        config["version"] += 1
        primary.admin.command("replSetReconfig", config)
        added += 1
    return added


def give_access(primary: Server, database: str, name: str, password: str) -> None:
    """Let `name` use `database`, and nothing else, with this password."""
    roles = [{"role": role, "db": database} for role in ROLES]
    known = primary[database].command("usersInfo", name)["users"]
    primary[database].command("updateUser" if known else "createUser", name, pwd=password, roles=roles)


if __name__ == "__main__":
    sys.stdout.write(f"{main()}\n")
