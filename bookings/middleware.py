"""When a client was last seen."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

Handler = Callable[[HttpRequest], HttpResponse]


def last_seen(get_response: Handler) -> Handler:
    return get_response
