"""Copy the SQLite database while the site uses it: the copy is one moment's, whole, and checked.

    python -m deploy.backup.sqlite var/evbunker.sqlite3 /backups [--keep 14]

Nobody waits for it: readers and writers go on. Prints where the copy is; exit 1 if it is damaged.
"""

import argparse
import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from deploy.backup import PARTIAL, keep_newest, name_now

KIND = "sqlite"
WAIT_SECONDS = 30


def back_up(source: Path, folder: Path) -> Path:
    """Where the copy of `source` is. FileNotFoundError, sqlite3.DatabaseError."""
    if not source.is_file():
        raise FileNotFoundError(source)
    name = f"{name_now(KIND)}.sqlite3"
    partial = folder / f"{PARTIAL}{name}"
    with (
        closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, timeout=WAIT_SECONDS)) as site,
        closing(sqlite3.connect(partial)) as copy,
    ):
        partial.chmod(0o600)
        site.backup(copy)  # all pages in one step: in WAL mode that is one moment, and stops no writer
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, with nothing beside it
        [(said,)] = copy.execute("PRAGMA integrity_check(1)")
    if said != "ok":
        raise sqlite3.DatabaseError(f"{partial} is damaged: {said}")
    with partial.open("rb") as written:
        os.fsync(written.fileno())
    return partial.rename(folder / name)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("source", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keep", type=int, default=14, metavar="COUNT")
    options = parser.parse_args()
    sys.stdout.write(f"{back_up(options.source, options.folder)}\n")
    keep_newest(options.folder, KIND, options.keep)


if __name__ == "__main__":
    main()
