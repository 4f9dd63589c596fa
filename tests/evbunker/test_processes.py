"""Several processes: metrics that add up, and one way of logging for all of them."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests import engines
from tests.serving import database_of_this_run

TOKEN = "a-token-for-prometheus"
REQUESTS = 40
HOLDS_SOCKETS = "from evbunker.metrics import SOCKETS; SOCKETS.set({}); print('ready', flush=True); input()"


class Workers:
    """gunicorn with two workers that share a folder of metrics."""

    def __init__(self, folder: Path) -> None:
        self.log, self.port = folder / "gunicorn.log", engines.hold_port()
        own = {"PROMETHEUS_MULTIPROC_DIR": str(folder / "metrics"), "METRICS_TOKEN": TOKEN, "LOG_FORMAT": "json"}
        self.environment = os.environ | database_of_this_run() | own
        command = ["-m", "gunicorn", "--config", "deploy/gunicorn.conf.py", "--workers", "2", "--threads", "2"]
        address = ["--bind", f"127.0.0.1:{self.port}", "evbunker.wsgi"]
        self.process = engines.spawn([sys.executable, *command, *address], self.log, self.environment)
        engines.wait_until(lambda: self.log.read_text().count("Booting worker") == 2, "gunicorn does not start")
        engines.wait_until(self.answers, "gunicorn does not answer", seconds=60)

    def answers(self) -> bool:
        try:
            return self.get("/healthz").ok
        except requests.RequestException:
            return False

    def get(self, path: str, **headers: str) -> requests.Response:
        return requests.get(f"http://127.0.0.1:{self.port}{path}", headers=headers, timeout=10)

    def sample(self, line: str) -> float | None:
        """The value behind this name and these labels."""
        text = self.get("/metrics", Authorization=f"Bearer {TOKEN}").text
        return next((float(one.rpartition(" ")[2]) for one in text.splitlines() if one.startswith(f"{line} ")), None)

    def sockets_held(self, number: int) -> "subprocess.Popen[str]":
        """Another process with so many sockets."""
        code, pipe = HOLDS_SOCKETS.format(number), subprocess.PIPE
        process = subprocess.Popen(
            [sys.executable, "-c", code], env=self.environment, stdin=pipe, stdout=pipe, text=True
        )
        assert process.stdout.readline() == "ready\n"
        return process

    def logged(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]


@pytest.fixture
def workers(tmp_path: Path, transactional_db: None) -> Iterator[Workers]:
    workers = Workers(tmp_path)
    yield workers
    workers.process.terminate()
    workers.process.wait(60)


def test_processes_add_up_log_alike_and_leave_nothing_open_when_they_die(workers: Workers) -> None:
    for _ in range(REQUESTS):
        assert workers.get("/privacy/").status_code == 200
    line = 'evbunker_requests_total{method="GET",route="/privacy/",status="200"}'
    assert {workers.sample(line) for _ in range(10)} == {REQUESTS}, "whichever worker is asked"

    survivor, victim = workers.sockets_held(2), workers.sockets_held(5)
    assert workers.sample("evbunker_live_sockets") == 7
    victim.kill()
    victim.wait()
    assert workers.sample("evbunker_live_sockets") == 2
    survivor.communicate("\n")

    logged = workers.logged()
    assert {"gunicorn.error", "evbunker.access"} <= {one["logger"] for one in logged}
    pages = [one for one in logged if one.get("path") == "/privacy/"]
    assert len({one["request_id"] for one in pages}) == REQUESTS
