"""Errors of the JSON API: RFC 9457 problems with a stable `code`, whatever went wrong and wherever."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError, ValidationError

from evbunker.errors import DomainError
from evbunker.logs import current_request_id

Handler = Callable[[HttpRequest], HttpResponse]
MEDIA_TYPE = "application/problem+json"
CODES = {
    400: "bad_request",
    401: "signed_out",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    503: "unavailable",
}
"""What went wrong where no rule of ours said it more precisely."""


class FieldError(Schema):
    """One input that was wrong. `field` is its name in the request; empty means all of it."""

    field: str
    message: str


class Problem(Schema):
    """RFC 9457. `code` is stable, `detail` is a sentence for people in their language."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: list[FieldError] = []
    request_id: str


def problem_of(status: int, code: str, detail: str, errors: list[dict[str, str]] | None = None) -> dict[str, Any]:
    """The members of one problem."""
    members = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        "request_id": current_request_id(),
    }
    return members | ({"errors": errors} if errors else {})


def problem_of_refusal(error: DomainError) -> dict[str, Any]:
    """What a rule of ours says, naming the field it is about."""
    errors = [{"field": error.field, "message": str(error)}] if error.field else None
    return problem_of(error.status, error.code, str(error), errors)


def problem_response(members: dict[str, Any], headers: dict[str, str] | None = None) -> HttpResponse:
    """The answer that carries these members."""
    return JsonResponse(members, status=members["status"], content_type=MEDIA_TYPE, headers=headers)


def respond_to_refusal(request: HttpRequest, error: DomainError) -> HttpResponse:
    """A refusal with its own status and code, and `Retry-After` where trying again helps."""
    retry_after = {"Retry-After": str(error.retry_after_seconds)} if error.retry_after_seconds else None
    return problem_response(problem_of_refusal(error), retry_after)


def respond_to_invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """422 with every field that does not parse."""
    errors = [{"field": _field_of(one["loc"]), "message": one["msg"]} for one in error.errors]
    return problem_response(problem_of(422, "invalid", _("Some of the input cannot be used."), errors))


def _field_of(location: tuple[str | int, ...]) -> str:
    """`("body", "wish", "minutes")` -> `minutes`: the client knows neither our sources nor our parameters' names."""
    source, *rest = location
    if source == "body":
        rest = rest[1:]
    return ".".join(str(part) for part in rest)


def respond_signed_out(request: HttpRequest, error: Exception) -> HttpResponse:
    """401: no session, no token, or one that opens nothing."""
    return problem_response(problem_of(401, CODES[401], _sentence(401)), {"WWW-Authenticate": "Bearer"})


def _respond_with(status: int, code: str = "") -> Callable[[HttpRequest, Exception], HttpResponse]:
    def respond(request: HttpRequest, error: Exception) -> HttpResponse:
        return problem_response(problem_of(status, code or CODES[status], _sentence(status, code)))

    return respond


def _respond_to_http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    """What ninja itself refuses: a body that is not JSON."""
    return _respond_with(error.status_code, "bad_json" if error.status_code == 400 else "")(request, error)


def _respond_to_crash(request: HttpRequest, error: Exception) -> HttpResponse:
    """Let Django log it and tell the administrators; `problems` writes the answer."""
    raise error


def add_handlers(api: NinjaAPI) -> None:
    """Let every error that a call raises become a problem."""
    handlers: dict[type[Exception], Callable[[HttpRequest, Any], HttpResponse]] = {
        Exception: _respond_to_crash,
        DomainError: respond_to_refusal,
        ValidationError: respond_to_invalid,
        AuthenticationError: respond_signed_out,
        HttpError: _respond_to_http_error,
        Http404: _respond_with(404),
        PermissionDenied: _respond_with(403),
        RequestDataTooBig: _respond_with(413),
    }
    for error, handler in handlers.items():
        api.add_exception_handler(error, handler)


def _sentence(status: int, code: str = "") -> str:
    """What to say of a status that no rule of ours explains."""
    sentences = {
        "bad_json": _("The body is not JSON."),
        401: _("Sign in, or send a valid API token."),
        403: _("You may not do that."),
        404: _("There is nothing here."),
        405: _("This address does not take that method."),
        413: _("The body is too large."),
        500: _("Something went wrong on our side. We have been told."),
        503: _("The system is busy. Please try again in a moment."),
    }
    return str(sentences.get(code or status) or sentences.get(status) or HTTPStatus(status).phrase)


def problems(get_response: Handler) -> Handler:
    """Middleware: nothing leaves /api/ as an HTML error page, and nothing of it is kept by caches on the way."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.path_info.startswith("/api/"):
            response.headers.setdefault("Cache-Control", "no-store")
            if response.status_code >= 400 and response.headers.get("Content-Type") != MEDIA_TYPE:
                _rewrite(response)
        return response

    return middleware


def _rewrite(response: HttpResponse) -> None:
    """Put a problem in place of the page; status, `Allow`, cookies and security headers stay."""
    status = response.status_code
    code = CODES.get(status, "internal_error" if status >= 500 else "refused")
    response.content = JsonResponse(problem_of(status, code, _sentence(status))).content
    response.headers["Content-Type"] = MEDIA_TYPE
    if response.headers.get("Content-Length"):
        response.headers["Content-Length"] = str(len(response.content))
