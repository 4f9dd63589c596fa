"""Who calls the JSON API: a token or the session cookie, and what staff need besides."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from allauth.account.decorators import reauthentication_required
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest
from django.utils.translation import gettext_lazy as _
from ninja.security.apikey import APIKeyCookie
from ninja.security.base import AuthBase
from ninja.utils import check_csrf

from bookings.models import Client
from bookings.tokens import client_of_token
from evbunker.errors import DomainError

SCHEME = "bearer"
View = TypeVar("View", bound=Callable[..., Any])


class CsrfFailed(DomainError):
    code, status = "csrf_failed", 403
    message = _("Send the CSRF token in the X-CSRFToken header when you use the session cookie.")


class Forbidden(DomainError):
    code, status = "forbidden", 403
    message = _("Your role may not do that.")


class SecondFactorMissing(DomainError):
    code, status = "second_factor_required", 403
    message = _("Set up a second factor first: staff need one.")


class BearerToken(AuthBase):
    """`Authorization: Bearer <token>`; whoever sends that header is never taken for the owner of the cookie."""

    openapi_type = "http"
    openapi_scheme = SCHEME

    def __call__(self, request: HttpRequest) -> Client | None:
        scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
        client = client_of_token(token.strip()) if scheme.lower() == SCHEME else None
        if client is not None:
            request.user = client
        return client


class SessionCookie(APIKeyCookie):
    """The cookie of the pages; calls that change something need the CSRF token too."""

    param_name = settings.SESSION_COOKIE_NAME

    def __call__(self, request: HttpRequest) -> Client | None:
        if "Authorization" in request.headers or not request.user.is_authenticated:
            return None
        if check_csrf(request):
            raise CsrfFailed
        assert isinstance(request.user, Client)
        return request.user

    def authenticate(self, request: HttpRequest, key: str | None) -> Client | None:
        return self(request)


def _anybody(request: HttpRequest) -> AnonymousUser | None:
    """Nobody in particular; but a token that opens nothing is an error everywhere."""
    return None if "Authorization" in request.headers else AnonymousUser()


SIGNED_IN = [BearerToken(), SessionCookie()]
PUBLIC = [*SIGNED_IN, _anybody]
ALSO_SIGNED_OUT: dict[str, Any] = {"security": [{}]}
"""Says so in the API's description."""


def client_of(request: HttpRequest) -> Client:
    """Who calls; only in calls that need a client."""
    client = request.auth  # type: ignore[attr-defined]
    assert isinstance(client, Client)
    return client


def viewer_of(request: HttpRequest) -> Client | None:
    """Who calls a public address, if it is a client."""
    client = request.auth  # type: ignore[attr-defined]
    return client if isinstance(client, Client) else None


def staff_of(request: HttpRequest, least: str = "viewer") -> Client:
    """The caller, who must have the staff role `least`.

    Drivers get 404 as for anything they may not see; Forbidden is for staff with too low a role, SecondFactorMissing
    for a session of somebody without one. Tokens are exempt: they are a factor of their own.
    """
    client = client_of(request)
    if client.role() is None:
        raise Http404
    if not client.has_role(least):
        raise Forbidden
    if client.lacks_second_factor():
        raise SecondFactorMissing
    return client


def password_again(view: View) -> View:
    """Ask for the password or the second factor again, if that was long ago; then go on with what was asked for."""
    return cast(View, reauthentication_required(view))
