"""How the product logs: a line or a JSON object for each event, with the id of what it belongs to."""

import datetime as dt
import functools
import json
import logging
import logging.config
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar

from django.core.exceptions import ImproperlyConfigured

P = ParamSpec("P")
R = TypeVar("R")
FORMATS = ("line", "json")
SECRET_ARGUMENT, SECRET_ROUTES = "key", "accounts/"
"""What allauth calls the part of an address that opens an account, as in the links of its e-mails."""

_request_id: ContextVar[str] = ContextVar("request_id", default="")


def current_request_id() -> str:
    """The id of the request being served, the name of the job being run, or an empty string outside both."""
    return _request_id.get()


@contextmanager
def known_as(request_id: str) -> Iterator[None]:
    """Let this thread or task log under `request_id`."""
    token = _request_id.set(request_id)
    try:
        yield
    finally:
        _request_id.reset(token)


def carried(function: Callable[P, R]) -> Callable[P, R]:
    """`function` for another thread, where it logs under the id of now."""
    request_id = current_request_id()

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with known_as(request_id):
            return function(*args, **kwargs)

    return run


def without_secrets(text: str, request: Any) -> str:
    """`text` without the part of the request's address that opens an account."""
    match = getattr(request, "resolver_match", None)
    if match is None or SECRET_ARGUMENT not in match.kwargs or not match.route.startswith(SECRET_ROUTES):
        return text
    return text.replace(match.kwargs[SECRET_ARGUMENT], "...")


class Context(logging.Filter):
    """Put the id on every record, and take secret addresses out of those in which Django names a request."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        record.request_id = current_request_id() or getattr(request, "request_id", "-")
        if request is not None and isinstance(record.args, tuple):
            record.args = tuple(without_secrets(one, request) if isinstance(one, str) else one for one in record.args)
        return True


class JsonFormatter(logging.Formatter):
    """One JSON object a line: who, when, what, the record's `fields`, and a traceback as one member."""

    def format(self, record: logging.LogRecord) -> str:
        members: dict[str, Any] = {
            "time": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": getattr(record, "request_id", "-"),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            members["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            members["stack"] = self.formatStack(record.stack_info)
        return json.dumps(members, ensure_ascii=False, default=str)


def configure(config: dict[str, Any]) -> None:
    """Django's LOGGING_CONFIG: what Python warns of is logged too."""
    logging.config.dictConfig(config)
    logging.captureWarnings(True)


def logging_settings(log_format: str, level: str) -> dict[str, Any]:
    """What Django, and gunicorn before it, give to `logging.config`: everything goes the same way to stderr."""
    if log_format not in FORMATS:
        raise ImproperlyConfigured(f"LOG_FORMAT must be one of {', '.join(FORMATS)}, not {log_format!r}.")
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"context": {"()": "evbunker.logs.Context"}},
        "formatters": {
            "line": {"format": "{asctime} {levelname} {name} [{request_id}] {message}", "style": "{"},
            "json": {"()": "evbunker.logs.JsonFormatter"},
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": log_format, "filters": ["context"]}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "daphne": {"level": "WARNING"},
            "django": {"handlers": []},  # else Django's own write a second copy
            "django.channels.server": {"level": "WARNING"},
            "fontTools": {"level": "WARNING"},  # a line for every table of every font
            "django.server": {"level": "CRITICAL"},  # a second access line, with the query string
            "gunicorn.error": {"level": "INFO", "propagate": True},
            "gunicorn.access": {"level": "WARNING", "propagate": True},  # likewise
            "pymongo": {"level": "WARNING"},
            "apscheduler": {"level": "WARNING"},
        },
    }
