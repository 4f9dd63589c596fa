"""Calling the JSON API as its clients do: by token."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client as Browser

from bookings.models import Client
from bookings.tokens import create_token

BASE = "/api/v1"


@dataclass
class Caller:
    """Calls as the owner of `token`, or as nobody."""

    token: str = ""
    browser: Browser = field(default_factory=lambda: Browser(raise_request_exception=False))

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        """The answer; its `data` is the JSON in it. A body that is no text or bytes is sent as JSON."""
        if self.token:
            headers = {"authorization": f"Bearer {self.token}"} | headers
        content = body if isinstance(body, (str, bytes)) else json.dumps(body if body is not None else {})
        answer = self.browser.generic(
            method, BASE + path, content if method != "GET" else b"", "application/json", headers=headers
        )
        answer.data = json.loads(answer.content) if answer.content else None
        return answer

    def get(self, path: str, **headers: str) -> HttpResponse:
        return self("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> HttpResponse:
        return self("POST", path, body, **headers)


def caller(client: Client) -> Caller:
    """Calls by a new token of `client`."""
    return Caller(create_token(client=client, name="test")[1])


def refusal(answer: HttpResponse) -> tuple[int, str]:
    """Status and code of a problem, which must be one as RFC 9457 wants it."""
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.data["status"] == answer.status_code
    assert {"type", "title", "detail", "code", "request_id"} <= set(answer.data)
    return answer.status_code, answer.data["code"]


def fields_of(answer: HttpResponse) -> list[str]:
    """The inputs a problem complains of."""
    return [error["field"] for error in answer.data.get("errors", [])]


@pytest.fixture
def anonymous() -> Caller:
    return Caller()


@pytest.fixture
def as_dara(dara: Client) -> Caller:
    return caller(dara)


@pytest.fixture
def as_eli(eli: Client) -> Caller:
    return caller(eli)


@pytest.fixture
def as_opal(opal: Client) -> Caller:
    return caller(opal)
