"""What the log says, in both formats, and what it never says."""

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client as Browser

from adminpanel.scheduling import Job, run_job
from bookings.models import Client
from bookings.tokens import create_token
from evbunker.logs import Context, JsonFormatter, carried, current_request_id, known_as, logging_settings


@pytest.fixture
def log() -> Iterator[StringIO]:
    """All that is logged, as JSON."""
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    handler.addFilter(Context())
    root = logging.getLogger()
    root.addHandler(handler)
    yield stream
    root.removeHandler(handler)


def lines(log: StringIO, logger: str = "") -> list[dict[str, Any]]:
    found = [json.loads(line) for line in log.getvalue().splitlines()]
    return [one for one in found if one["logger"].startswith(logger)]


def access(log: StringIO) -> dict[str, Any]:
    """The one access line."""
    (line,) = lines(log, "evbunker.access")
    return line


def test_one_access_line_says_who_asked_what_and_what_came_of_it(log: StringIO, dara: Client) -> None:
    browser = Browser()
    browser.force_login(dara)
    answer = browser.get("/bookings/?status=held", headers={"x-forwarded-for": "198.51.100.7"})
    line = access(log)
    assert line.pop("ms") >= 0
    assert line.pop("time").endswith("+00:00")
    assert line.pop("message").startswith("GET /bookings/ 200 in ")
    assert line == {
        "level": "INFO",
        "logger": "evbunker.access",
        "request_id": answer["X-Request-ID"],
        "method": "GET",
        "route": "/bookings/",
        "path": "/bookings/",
        "status": 200,
        "client": str(dara.pk),
        "address": "127.0.0.1",
    }


def test_the_owner_of_a_token_is_who_asked(log: StringIO, dara: Client) -> None:
    token = create_token(client=dara, name="script")[1]
    Browser(headers={"authorization": f"Bearer {token}"}).get("/api/v1/bookings")
    assert access(log)["client"] == str(dara.pk)


def test_every_line_of_a_request_has_its_id(log: StringIO, client: Browser) -> None:
    answer = client.get("/nothing-here")
    assert [one["logger"] for one in lines(log)] == ["evbunker.access", "django.request"]
    assert {one["request_id"] for one in lines(log)} == {answer["X-Request-ID"]}


def test_what_is_no_secret_is_named(log: StringIO, client: Browser) -> None:
    client.get("/security/")
    assert access(log)["path"] == "/security/"


def test_nobody_is_looked_up_for_the_log(client: Browser, log: StringIO, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        client.get("/healthz", headers={"cookie": "session=abcdefghijklmnopqrstuvwxyz123456"})
        client.get("/nothing-here")
    assert access(log)["client"] is None


def test_probes_are_for_debugging_only(client: Browser, log: StringIO) -> None:
    client.get("/healthz")
    assert lines(log) == []


def test_the_address_is_the_one_that_limits_count(client: Browser, log: StringIO, settings: Any) -> None:
    settings.TRUSTED_PROXIES = ["127.0.0.1"]
    client.get("/", headers={"x-forwarded-for": "203.0.113.9"})
    assert access(log)["address"] == "203.0.113.9"


@pytest.mark.parametrize(
    ("proxies", "given", "kept"),
    [
        (["127.0.0.0/8"], "edge-0123456789", True),
        ([], "edge-0123456789", False),
        (["127.0.0.1"], "short", False),
        (["127.0.0.1"], "a" * 65, False),
        (["127.0.0.1"], "new\nline and more", False),
    ],
)
def test_only_a_trusted_proxy_names_requests_and_sanely(
    client: Browser, settings: Any, proxies: list[str], given: str, kept: bool
) -> None:
    settings.TRUSTED_PROXIES = proxies
    said = client.get("/healthz", headers={"x-request-id": given})["X-Request-ID"]
    assert (said == given) is kept
    assert kept or len(said) == 16


def test_nothing_secret_is_logged(log: StringIO, dara: Client) -> None:
    browser = Browser(raise_request_exception=False)
    browser.force_login(dara)
    session = browser.cookies["session"].value
    browser.get("/bookings/?token=s3cret-query")
    browser.get("/nothing-here?token=s3cret-query")
    browser.get("/accounts/password/reset/key/1-s3cret-reset/")
    browser.get("/accounts/confirm-email/s3cret-confirmation/")
    Browser(headers={"authorization": "Bearer s3cret-token"}).get("/api/v1/bookings?q=s3cret-query")
    browser.post("/payments/webhooks/sandbox/", b'{"id": "s3cret-body"}', "application/json")
    browser.post("/accounts/login/", {"login": "s3cret@example.org", "password": "s3cret-password"})
    assert lines(log)
    assert "s3cret" not in log.getvalue()
    assert session not in log.getvalue()


def test_what_django_says_of_a_secret_address_hides_it(
    log: StringIO, client: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("allauth.account.views.ConfirmEmailView.get", broken)
    client.raise_request_exception = False
    assert client.get("/accounts/confirm-email/s3cret-confirmation/").status_code == 500
    (line,) = lines(log, "django.request")
    assert line["message"] == "Internal Server Error: /accounts/confirm-email/.../"
    assert line["exception"].endswith("RuntimeError: broken")
    assert "s3cret" not in log.getvalue()


def broken(*_args: Any, **_kwargs: Any) -> None:
    raise RuntimeError("broken")


def test_a_path_forges_no_line(client: Browser) -> None:
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    logging.getLogger("evbunker.access").addHandler(handler)
    client.get("/nothing%0aforged/")
    logging.getLogger("evbunker.access").removeHandler(handler)
    assert stream.getvalue().startswith("GET /nothing%0Aforged/ 404 in ")
    assert stream.getvalue().count("\n") == 1


def test_an_exception_is_one_member_of_one_line(log: StringIO) -> None:
    try:
        raise ValueError("two\nlines")
    except ValueError:
        logging.getLogger("some").exception("It failed for %s", "Łódź")
    (line,) = lines(log, "some")
    assert (line["message"], line["level"], line["request_id"]) == ("It failed for Łódź", "ERROR", "-")
    assert line["exception"].startswith("Traceback")
    assert line["exception"].endswith("ValueError: two\nlines")


def test_a_thread_logs_under_the_id_that_it_carries(log: StringIO) -> None:
    with known_as("job-of-mine"):
        thread = threading.Thread(target=carried(logging.getLogger("some").warning), args=["done"])
    thread.start()
    thread.join()
    assert lines(log, "some")[0]["request_id"] == "job-of-mine"
    assert current_request_id() == ""


def test_a_job_logs_under_its_name(log: StringIO) -> None:
    run_job(Job("count_sheep", 1, lambda: 1 / 0))
    (line,) = lines(log, "adminpanel.scheduling")
    assert (line["request_id"], line["message"]) == ("count_sheep", "The job count_sheep failed")


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(ImproperlyConfigured, match="LOG_FORMAT must be one of line, json, not 'xml'"):
        logging_settings("xml", "INFO")


OWN_WAY = "logger.addHandler(logging.StreamHandler()); logger.propagate = False;"


@pytest.mark.parametrize(
    ("name", "before"),
    [
        ("gunicorn.error", OWN_WAY),
        ("gunicorn.access", OWN_WAY),
        ("django", OWN_WAY.replace("logger.propagate = False;", "")),
        ("daphne.server", ""),
        ("pymongo", ""),
        ("asgiref", ""),
    ],
)
def test_every_librarys_lines_go_the_same_way(name: str, before: str) -> None:
    code = (
        f"import logging, logging.config; logger = logging.getLogger({name!r}); {before}"
        "from evbunker.logs import logging_settings; logging.config.dictConfig(logging_settings('json', 'INFO'));"
        "logger.error('said')"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stderr
    assert [json.loads(line)["logger"] for line in said.splitlines()] == [name]
