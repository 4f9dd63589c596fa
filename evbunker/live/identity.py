"""Who holds a socket: asked when it opens, and again and again while it is open."""

import hashlib
from collections.abc import Callable, Mapping
from http.cookies import CookieError, SimpleCookie
from importlib import import_module
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest

from evbunker.live.panels import Viewer

TokenOwner = Callable[[str], Viewer | None]


class Credentials(NamedTuple):
    """What the socket was opened with: a token or a session's key, or neither."""

    token: str = ""
    session_key: str = ""
    is_token: bool = False

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> "Credentials":
        """From the headers (names in lower case).

        Who sends `Authorization` is never taken for the cookie's owner, and a scheme that is not Bearer opens nothing.
        """
        if "authorization" in headers:
            scheme, _space, token = headers["authorization"].partition(" ")
            return cls(token=token.strip() if scheme.lower() == "bearer" else "", is_token=True)
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(settings.SESSION_COOKIE_NAME)
        except CookieError:
            cookie = None
        return cls(session_key=cookie.value if cookie else "")

    @property
    def session_hash(self) -> str:
        """The session's key as it may be sent to other processes."""
        return hash_of_session(self.session_key) if self.session_key else ""


def hash_of_session(session_key: str) -> str:
    """Enough to recognise a session, useless to steal one."""
    return hashlib.sha256(session_key.encode()).hexdigest()


def identify(credentials: Credentials, token_owner: TokenOwner) -> Viewer | None:
    """Whose credentials these are now; None: nobody's. Raises the database's errors."""
    if credentials.token:
        return token_owner(credentials.token)
    return _session_owner(credentials.session_key) if credentials.session_key else None


def _session_owner(session_key: str) -> Viewer | None:
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    user = get_user(request)
    return user if user.is_authenticated and user.is_active else None
