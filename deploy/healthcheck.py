"""The containers' health checks: is this server alive, or is a job that has no port in time?

    healthcheck.py                                  /healthz of this container answers
    healthcheck.py http://web-1:8000 scheduler      /readyz there says that the scheduler is in time

Exit 0 if so. Imports nothing of the product: it runs every few seconds.
"""

import http.client
import json
import os
import sys
from urllib.parse import urlsplit

import environ

HERE = "http://127.0.0.1:8000"
PATIENCE_SECONDS = 4
"""Shorter than the time-out in Containerfile and compose.yaml, so that the reason is told."""


def ask(server: str, path: str) -> tuple[int, bytes]:
    """Status and body of `path`, asked as the site's own host: others are refused."""
    env = environ.Env()
    if env_file := env.str("ENV_FILE", default=""):
        env.read_env(env_file)
    connection = http.client.HTTPConnection(urlsplit(server).netloc, timeout=PATIENCE_SECONDS)
    connection.request("GET", path, headers={"Host": urlsplit(env.str("SITE_URL")).netloc})
    answer = connection.getresponse()
    return answer.status, answer.read()


def trouble(server: str = HERE, job: str = "") -> str:
    """What is wrong with the server at `server`, or with `job` as that server sees it; empty if nothing is."""
    try:
        status, body = ask(server, "/readyz" if job else "/healthz")
    except OSError as error:
        return f"{server}: {error}"
    if not job:
        return "" if status == http.HTTPStatus.OK else f"{server} answers {status}"
    state = json.loads(body)["checks"][job]["state"]
    return "" if state == "ok" else f"{job} is {state}"


if __name__ == "__main__":
    sys.exit(trouble(*sys.argv[1:]) or os.EX_OK)
