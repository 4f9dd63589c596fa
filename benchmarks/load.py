"""Load on one address: so many connections, each asking again as soon as it was answered.

`wrk` (https://github.com/wg/wrk, Debian has it) if it is there; else threads of a process of our own, which take more
of the cores that are measured. Every request carries the next of the given headers, so that many clients ask in turn.
"""

import http.client
import itertools
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.measuring import percentile

CONNECTIONS = 16
ROTATE = Path(__file__).with_name("rotate.lua")
WRK = shutil.which("wrk")


@dataclass(frozen=True)
class Load:
    """`failed`: answers other than 2xx and 3xx, and none at all."""

    requests: int
    seconds: float
    failed: int
    p50_ms: float
    p99_ms: float

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds


def generator() -> str:
    """What makes the load, for the report."""
    if WRK is None:
        return "Python threads in a process of their own (wrk was not installed)"
    return subprocess.run([WRK, "--version"], capture_output=True, text=True).stdout.split(" Copyright")[0].strip()


def load(url: str, headers: list[str], *, seconds: float, connections: int = CONNECTIONS) -> Load:
    """Ask `url` for `seconds`, with each of `headers` ("Name: value") in turn."""
    with tempfile.NamedTemporaryFile("w", suffix=".headers") as file:
        file.write("\n".join(headers) + "\n")
        file.flush()
        if WRK is not None:
            command = [WRK, "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout", "60s"]
            command += ["-s", str(ROTATE), url, "--", file.name]
        else:
            command = [sys.executable, "-m", "benchmarks.load", url, file.name, str(seconds), str(connections)]
        answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    result = next(line for line in answer.splitlines() if line.startswith("RESULT "))
    return Load(**json.loads(result.removeprefix("RESULT ")))


def _ask(address: str, headers: "itertools.cycle[str]", ends: float, times: list[float], failures: list[str]) -> None:
    target = urlsplit(address)
    connection = http.client.HTTPConnection(str(target.hostname), target.port, timeout=60)
    while (began := time.monotonic()) < ends:
        name, _, value = next(headers).partition(": ")
        connection.request("GET", target.path, headers={name: value})
        response = connection.getresponse()
        response.read()
        times.append(time.monotonic() - began)
        if response.status >= 400:
            failures.append(str(response.status))


def _main(url: str, file: str, seconds: float, connections: int) -> None:
    headers = itertools.cycle(Path(file).read_text().splitlines())
    began = time.monotonic()
    times: list[float] = []
    failures: list[str] = []
    asked = (url, headers, began + seconds, times, failures)
    threads = [threading.Thread(target=_ask, args=asked) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - began
    p50, p99 = (percentile(times, p) * 1000 for p in (50, 99))
    seen = {"requests": len(times), "seconds": took, "failed": len(failures), "p50_ms": p50, "p99_ms": p99}
    print(f"RESULT {json.dumps(seen)}")


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4]))
