"""What the image would hold and do, made by hand: its files, its RUN line that collects, commands, health check.

The packages are those of this environment; everything else comes from the Containerfile and compose.yaml.
"""

import os
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import engines
from tests.deploy import reading
from tests.serving import database_of_this_run

BIN = Path(sys.prefix) / "bin"
HOST = "bunker.example.com"


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what is copied and run."""
    folder = tmp_path_factory.mktemp("image")
    for source, target in reading.copied().items():
        if source.startswith("requirements/"):
            continue
        at = folder / target
        if (reading.ROOT / source).is_dir():
            shutil.copytree(reading.ROOT / source, at, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            at.mkdir(parents=True, exist_ok=True) if target.endswith("/") else at.parent.mkdir(exist_ok=True)
            shutil.copy(reading.ROOT / source, at)
    [collecting] = [rest for word, rest in reading.instructions() if word == "RUN" and "collectstatic" in rest]
    bare = {"PATH": f"{BIN}:{os.environ['PATH']}"}
    subprocess.run(["sh", "-ec", collecting], cwd=folder, env=bare, check=True, capture_output=True)
    return folder


@pytest.fixture
def settings_file(tmp_path: Path) -> Path:
    """What secrets.sh makes, on this run's engines."""
    subprocess.run([reading.DEPLOY / "secrets.sh", HOST, tmp_path / "secrets"], check=True, capture_output=True)
    path = tmp_path / "secrets/evbunker.env"
    engine = database_of_this_run() | {"REDIS_URL": os.environ.get("REDIS_URL", "")}
    # SQLite and memory serve one process, and no change streams.
    engine |= {} if engines.ON_MONGODB else {"LIVE_SOURCE": "signals", "WEB_PROCESSES": "1"}
    path.write_text(path.read_text() + "".join(f"{name}={value}\n" for name, value in engine.items()))
    return path


@pytest.fixture(params=["web-1", "live-1"])
def server(request, image, settings_file, transactional_db, tmp_path) -> Iterator[tuple[str, dict[str, str]]]:
    """A server as compose.yaml starts it, on a free port."""
    port = str(engines.hold_port())
    service = reading.services()[request.param]
    environment = {"PATH": f"{BIN}:{os.environ['PATH']}"} | service["environment"] | {"ENV_FILE": str(settings_file)}
    environment["PROMETHEUS_MULTIPROC_DIR"] = str(tmp_path / "metrics")
    if not engines.ON_MONGODB:
        del environment["WEB_PROCESSES"]
    command = reading.command(request.param)
    program, *arguments = [word.replace("8000", port).replace("0.0.0.0", "127.0.0.1") for word in command]
    process = start([str(BIN / program), *arguments], image, environment, tmp_path / "log")
    yield f"http://127.0.0.1:{port}", environment
    engines.end(process)


def start(command: list[str], folder: Path, environment: dict[str, str], log: Path) -> "subprocess.Popen[bytes]":
    with log.open("wb") as output:
        return subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT)


def is_healthy(image: Path, environment: dict[str, str], *arguments: str) -> bool:
    """What the container's health check says."""
    [(_, check)] = [(word, rest) for word, rest in reading.instructions() if word == "HEALTHCHECK"]
    script = re.findall(r'"([^"]+)"', check)[1]
    asked = subprocess.run([sys.executable, script, *arguments], cwd=image, env=environment, capture_output=True)
    return asked.returncode == 0


def get(url: str) -> tuple[int, str]:
    """What the proxy would get: it speaks for the site's own name, over https."""
    asked = urllib.request.Request(url, headers={"Host": HOST, "X-Forwarded-Proto": "https"})
    with urllib.request.urlopen(asked, timeout=20) as answer:
        return answer.status, answer.read().decode()


def test_a_server_gets_healthy_and_serves_named_files(server, image):
    url, environment = server
    engines.wait_until(lambda: is_healthy(image, environment, url), "It never became healthy.")
    status, page = get(f"{url}/")
    assert status == 200
    style = re.search(r"/static/css/base\.[0-9a-f]{12}\.css", page)
    assert style, "Static files carry a hash of what is in them."
    assert get(url + style[0])[0] == 200
    assert get(f"{url}/readyz")[0] == 200
    assert not is_healthy(image, environment, url, "scheduler"), "No scheduler runs."


def test_nobody_is_healthy_where_nothing_listens(image):
    environment = {"SITE_URL": f"https://{HOST}"}
    assert not is_healthy(image, environment, f"http://127.0.0.1:{engines.hold_port()}")


def test_the_image_holds_no_secret_and_no_database(image):
    names = {path.name for path in image.rglob("*") if path.is_file()}
    assert not {name for name in names if re.search(r"sqlite3|\.env$|\.pem$|\.key$", name)}
