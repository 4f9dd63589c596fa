"""Copy a MongoDB server's files while it runs, its writes stopped for as long as that takes.

    python -m deploy.backup.mongodb /data/db /backups [--keep 7]

MONGODB_HOST says which server, MONGODB_ROOT_PASSWORD_FILE where root's password stands (without it none is given). On a
set of three this is a secondary, and the site notices nothing. On a set of one the site waits; what waits for longer
than its patience fails, mostly with 503 and Retry-After. Prints where the copy is.
"""

import argparse
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pymongo import MongoClient

from deploy.backup import PARTIAL, keep_newest, name_now

KIND = "mongodb"
NOT_COPIED = ("mongod.lock", "diagnostic.data", "*.sock")
"""What belongs to the running process."""


@contextmanager
def writes_stopped(server: "MongoClient[dict[str, Any]]") -> Iterator[None]:
    """All that was written is in the files, and nothing is written until the end, however it comes."""
    server.admin.command("fsync", lock=True)
    try:
        yield
    finally:
        server.admin.command("fsyncUnlock")


def back_up(server: "MongoClient[dict[str, Any]]", source: Path, folder: Path) -> Path:
    """The folder with the copy of the server's files `source`, as `db`; closed to all but who made it."""
    name = name_now(KIND)
    partial = folder / f"{PARTIAL}{name}"
    partial.mkdir(mode=0o700)
    with writes_stopped(server):
        shutil.copytree(source, partial / "db", ignore=shutil.ignore_patterns(*NOT_COPIED))
    os.sync()
    return partial.rename(folder / name)


def connect() -> "MongoClient[dict[str, Any]]":
    """The server of the environment, it alone whatever set it is in."""
    account = {}
    if password_file := os.environ.get("MONGODB_ROOT_PASSWORD_FILE"):
        account = {"username": "root", "password": Path(password_file).read_text().strip()}
    return MongoClient(os.environ["MONGODB_HOST"], directConnection=True, **account)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("source", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keep", type=int, default=7, metavar="COUNT")
    options = parser.parse_args()
    with connect() as server:
        sys.stdout.write(f"{back_up(server, options.source, options.folder)}\n")
    keep_newest(options.folder, KIND, options.keep)


if __name__ == "__main__":
    main()
