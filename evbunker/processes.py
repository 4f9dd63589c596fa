"""How the processes of one site add their metrics up: a folder, given by PROMETHEUS_MULTIPROC_DIR, with their files.

A counter of a process that has ended still counts. What it had open at the end does not: each process keeps a lock on
its file of live gauges for as long as it lives, however it dies, and whoever reads the folder drops what nobody holds.
"""

import os
import socket
from pathlib import Path

from prometheus_client import values

FOLDER = os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")
LIVE_GAUGES = "gauge_live*.db"
_held: list[int] = []


def share() -> None:
    """Let metrics that are made from now on write to the folder, if there is one."""
    if FOLDER:
        Path(FOLDER).mkdir(parents=True, exist_ok=True)
        values.ValueClass = values.MultiProcessValue(process_name)  # type: ignore[no-untyped-call]


def process_name() -> str:
    """Unlike all others' that share the folder: process ids are the same in every container."""
    return f"{socket.gethostname()}-{os.getpid()}".replace("_", "-")


def hold_live_gauges() -> None:
    """Say that this process lives. Call it once its gauges are made."""
    if FOLDER:
        import fcntl  # not on Windows

        for path in Path(FOLDER).glob(f"gauge_live*_{process_name()}.db"):
            _held.append(os.open(path, os.O_RDONLY))
            fcntl.flock(_held[-1], fcntl.LOCK_SH)


def drop_dead() -> None:
    """Remove the live gauges of processes that have ended. Safe to do at once."""
    import fcntl

    for path in Path(FOLDER).glob(LIVE_GAUGES):
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except FileNotFoundError:  # somebody else was faster
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink(missing_ok=True)
        except BlockingIOError:  # alive
            pass
        finally:
            os.close(descriptor)
