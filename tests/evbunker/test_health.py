"""Alive and ready."""

import pytest
from django.test import Client as Browser

from evbunker import health


def test_alive(client: Browser) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}


def test_ready_names_every_dependency(client: Browser) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert {name: check["state"] for name, check in answer.json()["checks"].items()} == {
        "database": "ok",
        "cache": "ok",
        "channel_layer": "ok",
    }


def test_not_ready_says_which_and_no_more(client: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> None:
        raise ConnectionError("secret-host refused")

    monkeypatch.setitem(health.DEPENDENCIES, "cache", gone)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["cache"]["state"] == "unavailable"
    assert "secret-host" not in answer.content.decode()


def test_nothing_is_written_there(client: Browser) -> None:
    assert client.post("/healthz").status_code == client.post("/readyz").status_code == 405
