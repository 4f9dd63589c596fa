"""A name for every request, what it cost, and a clear answer when the database is busy."""

import logging
import re
import time
import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.encoding import escape_uri_path
from django.utils.functional import SimpleLazyObject

from evbunker import metrics
from evbunker.errors import DomainError
from evbunker.logs import known_as, without_secrets
from evbunker.ratelimit import address_of, is_trusted

Handler = Callable[[HttpRequest], HttpResponse]
access_log = logging.getLogger("evbunker.access")
SANE_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked every few seconds by machines: their lines are for debugging."""


def request_id(get_response: Handler) -> Handler:
    """Give every request an id, that of a trusted proxy if it has one: in its logs, its audit rows and its answer."""

    def middleware(request: HttpRequest) -> HttpResponse:
        name = _proxys_id(request) or uuid.uuid4().hex[:16]
        request.request_id = name  # type: ignore[attr-defined] # Django logs some answers after all middleware
        with known_as(name):
            response = get_response(request)
        response["X-Request-ID"] = name
        return response

    return middleware


def _proxys_id(request: HttpRequest) -> str:
    given: str = request.headers.get("X-Request-ID", "")
    return given if SANE_ID.fullmatch(given) and is_trusted(request.META.get("REMOTE_ADDR") or "unix") else ""


def observed(get_response: Handler) -> Handler:
    """Count, time and log every request."""

    def middleware(request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        response = get_response(request)
        seconds = time.perf_counter() - started
        method, route = method_of(request), route_of(request)
        metrics.REQUESTS.labels(method, route, response.status_code).inc()
        metrics.REQUEST_SECONDS.labels(method, route).observe(seconds)
        level = logging.DEBUG if route in PROBES and response.status_code < 400 else logging.INFO
        if access_log.isEnabledFor(level):
            _log_access(level, request, method=method, route=route, status=response.status_code, ms=seconds * 1000)
        return response

    return middleware


def method_of(request: HttpRequest) -> str:
    """Its method; whoever makes one up makes no new label."""
    return request.method if request.method in METHODS else "other"


def route_of(request: HttpRequest) -> str:
    """The pattern of its address, so that all stations are one; "static" for files, "unmatched" for what is nothing."""
    if request.resolver_match is not None:
        return f"/{request.resolver_match.route}"
    return "static" if request.path_info.startswith(settings.STATIC_URL) else "unmatched"


def _log_access(level: int, request: HttpRequest, *, method: str, route: str, status: int, ms: float) -> None:
    fields = {
        "method": method,
        "route": route,
        "path": without_secrets(escape_uri_path(request.path), request),
        "status": status,
        "ms": round(ms, 1),
        "client": _client_id(request),
        "address": address_of(request),
    }
    line = "%(method)s %(path)s %(status)s in %(ms)s ms, route %(route)s, client %(client)s, address %(address)s"
    access_log.log(level, line, fields, extra={"fields": fields})


def _client_id(request: HttpRequest) -> str | None:
    """Who asked, if the view wanted to know: nobody is looked up only for this."""
    user = getattr(request, "_cached_user", None) or vars(request).get("user")
    return str(user.pk) if user is not None and type(user) is not SimpleLazyObject and user.pk else None


class busy_database:
    """A refusal that no view caught becomes a page of its own, with `Retry-After` where trying again helps."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, DomainError):
            return None
        response = render(request, "refused.html", {"error": exception}, status=exception.status)
        if exception.retry_after_seconds:
            response["Retry-After"] = str(exception.retry_after_seconds)
        return response
