"""Signatures of webhooks: several secrets fit while one is being replaced."""

import hashlib
import hmac
from collections.abc import Mapping

from payments.gateways.base import BadSignature, NoSecret


def secrets_in(setting: str) -> tuple[str, ...]:
    """The secrets of a setting such as `new,old`; the first is the one in use."""
    return tuple(part for part in (part.strip() for part in setting.split(",")) if part)


def hex_hmac(secret: str, message: bytes) -> str:
    """Hex HMAC-SHA256 of `message`."""
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def check_signed(*, setting: str, message: bytes, given: str | list[str]) -> None:
    """Raise NoSecret if `setting` holds none, BadSignature unless one of `given` signs `message` under one of them.

    Takes the same time whichever fits, or none.
    """
    secrets = secrets_in(setting)
    if not secrets:
        raise NoSecret
    signatures = [given] if isinstance(given, str) else given
    fits = [
        hmac.compare_digest(hex_hmac(secret, message).encode(), signature.encode())
        for secret in secrets
        for signature in signatures
    ]
    if not any(fits):
        raise BadSignature


def header(headers: Mapping[str, str], name: str) -> str:
    """A header by its name in any case, empty if it is missing."""
    wanted = name.lower()
    return next((value for key, value in headers.items() if key.lower() == wanted), "")
