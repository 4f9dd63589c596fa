"""Alive and ready."""

import pytest
from django.db import connection
from django.test import Client as Browser

from evbunker import health
from evbunker.copying.marker import mark, unmark


def test_alive(client: Browser) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}


def checks_of(client: Browser) -> dict[str, dict[str, object]]:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    return answer.json()["checks"]


def test_ready_names_every_check(client: Browser) -> None:
    assert {name: check["state"] for name, check in checks_of(client).items()} == {
        "database": "ok",
        "cache": "ok",
        "channel_layer": "ok",
        "last_webhook": "not used",
        "books": "not used",
        "relay": "not used",
        "scheduler": "late",
    }


def test_only_mongodb_names_its_replica_set(client: Browser) -> None:
    assert ("replica_set" in checks_of(client)["database"]) == (connection.vendor == "mongodb")


@pytest.mark.parametrize("name", ["database", "cache", "channel_layer"])
def test_not_ready_says_which_and_no_more(client: Browser, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setitem(health.NEEDED, name, gone)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"][name]["state"] == "unavailable"
    assert "secret-host" not in answer.content.decode()


def test_a_site_on_half_a_copy_is_not_ready(client: Browser) -> None:
    mark("somewhere")
    try:
        answer = client.get("/readyz")
    finally:
        unmark()
    assert (answer.status_code, answer.json()["checks"]["database"]["state"]) == (503, "unavailable")
    assert "somewhere" not in answer.content.decode()
    assert client.get("/readyz").status_code == 200


def test_what_is_only_watched_never_makes_it_unready(client: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_watched", {"elsewhere": gone})
    assert checks_of(client)["elsewhere"]["state"] == "unavailable"


def gone() -> health.Standing:
    raise ConnectionError("secret-host refused")


def test_nothing_is_written_there(client: Browser) -> None:
    assert client.post("/healthz").status_code == client.post("/readyz").status_code == 405
