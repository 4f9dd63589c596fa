"""Backups while the site runs. docs/deploy.md says how each is restored."""

import datetime as dt
import shutil
from pathlib import Path

PARTIAL = "partial-"
"""What a backup is called until it is complete: whatever is called so may be removed."""


def name_now(kind: str) -> str:
    """`kind` and the time in UTC, so that names sort by age."""
    return f"{kind}-{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%SZ}"


def keep_newest(folder: Path, kind: str, how_many: int) -> None:
    """Remove older backups of this kind, and what was cut off. `how_many` is at least 1."""
    assert how_many >= 1, "the newest always stays"
    older = sorted(folder.glob(f"{kind}-*"))[:-how_many]
    for path in [*older, *folder.glob(f"{PARTIAL}{kind}-*")]:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
