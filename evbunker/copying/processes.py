"""The copy as its caller sees it: a reader, a writer, and this process that passes lines from one to the other."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from django.conf import settings

from evbunker.copying.refusing import Refused

SQLITE = "sqlite:///"
SCHEMES = (SQLITE, "mongodb://", "mongodb+srv://")
ALONE = {"REDIS_URL": "", "LIVE_SOURCE": "signals", "WEB_PROCESSES": "1", "RUN_SCHEDULER": "0"}
"""These processes tell nobody of what they write: no site runs yet that would want to know."""


def refuse_addresses(source: str, target: str) -> None:
    """Raise Refused unless both are addresses of databases, and the source can be there."""
    for url in (source, target):
        if not url.startswith(SCHEMES):
            raise Refused(f"An address begins with {', '.join(SCHEMES[:-1])} or {SCHEMES[-1]}.")
    if source == target:
        raise Refused("Source and target are the same database.")
    if source.startswith(SQLITE) and not Path(source.removeprefix(SQLITE)).is_file():
        raise Refused(f"There is no file {source.removeprefix(SQLITE)}.")


def copy(source: str, target: str) -> None:
    """Copy everything and have both sides checked. Raises Refused when a part failed; that part has said why."""
    reader = _start(source, "copy_data", "--part=read", "--skip-checks", stdout=subprocess.PIPE)
    writer = _start(target, "copy_data", "--part=write", "--skip-checks", stdin=subprocess.PIPE)
    try:
        _pass_on(reader, writer)
    finally:
        ended = [process.wait() for process in (writer, reader)]
    if any(ended):
        raise Refused("The copy is not complete. Unless the reason is above, the same command goes on from there.")
    check_both(source, target)
    if _start(target, "copy_data", "--part=finish", "--skip-checks").wait():
        raise Refused("All is copied, but the target is still marked as unfinished: run the same command again.")


def _start(url: str, *arguments: str, **pipes: int) -> "subprocess.Popen[bytes]":
    """A command of ours on the database at `url`."""
    command, environment = [sys.executable, "-m", "django", *arguments], os.environ | ALONE | {"DATABASE_URL": url}
    return subprocess.Popen(command, cwd=settings.BASE_DIR, env=environment, **pipes)  # type: ignore  # noqa: S603 - ours


def _pass_on(reader: "subprocess.Popen[bytes]", writer: "subprocess.Popen[bytes]") -> None:
    """Hand on the reader's lines. If this process is killed they stop, and both the others end."""
    assert reader.stdout is not None
    assert writer.stdin is not None
    try:
        with reader.stdout, writer.stdin:
            shutil.copyfileobj(reader.stdout, writer.stdin)
    except BrokenPipeError:
        reader.terminate()  # the writer has ended, and has said why


def check_both(source: str, target: str) -> None:
    """Run `check_integrity` on both sides. Raises Refused, with all that they say, if either finds anything."""
    quietly = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    checks = [_start(url, "check_integrity", **quietly) for url in (source, target)]
    findings = [_findings(check) for check in checks]
    if findings[0] != findings[1]:
        raise Refused(f"check_integrity on the source:\n{findings[0]}\non the target:\n{findings[1]}")
    if findings[0]:
        raise Refused(f"Both sides are the same, and check_integrity finds on both:\n{findings[0]}")


def _findings(check: "subprocess.Popen[bytes]") -> str:
    said = check.communicate()[1].decode()
    return said if check.returncode else ""
