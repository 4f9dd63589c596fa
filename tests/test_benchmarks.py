"""The benchmark of the API runs from end to end, on a history of a few hours."""

import os
import subprocess
import sys
from pathlib import Path

from tests import engines


def test_the_api_is_measured_and_answers_rightly(tmp_path: Path) -> None:
    """Every answer is compared with all rows before the load begins; the script fails if any differs."""
    command = [sys.executable, "-m", "benchmarks.api", "--engines", "sqlite", "--bookings", "200", "--seconds", "1"]
    command += ["--only", "impact, uncached", "--folder", str(tmp_path)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("EVBUNKER_TEST")}
    done = subprocess.run(
        command, cwd=engines.ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "| impact, uncached, token | sqlite | 200 |" in done.stdout
