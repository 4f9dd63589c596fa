"""Answers that several views give."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from bookings.models import Client
from evbunker.errors import DomainError


class SeeOther(HttpResponseRedirect):
    """303: the next request is a GET, whatever this one was."""

    status_code = 303


def driver(request: HttpRequest) -> Client:
    """Who is signed in; only in views that ask for it."""
    assert isinstance(request.user, Client)
    return request.user


def viewer(request: HttpRequest) -> Client | None:
    """Who looks at a public page, if it is a client."""
    return request.user if isinstance(request.user, Client) else None


def refused(request: HttpRequest, template: str, context: dict[str, Any], error: DomainError) -> HttpResponse:
    """`template` once more with `error` on it, under the refusal's own status."""
    response = render(request, template, {**context, "error": error}, status=error.status)
    if error.retry_after_seconds:
        response["Retry-After"] = str(error.retry_after_seconds)
    return response
