"""How often somebody may do something: counted for each key apart, in the cache, in fixed windows of time."""

import functools
import hashlib
import ipaddress

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from evbunker import clock
from evbunker.errors import DomainError

IPV6_PREFIX = 64
"""One household or server has this many bits of IPv6 to itself: they count as one address."""


class RateLimited(DomainError):
    """Too often; `retry_after_seconds` says when the window ends."""

    code, status = "rate_limited", 429
    message = _("That was too often. Please wait a little and try again.")

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__()
        self.retry_after_seconds = retry_after_seconds


def allow(name: str, *keys: str) -> None:
    """Count one use of the limit `name` for each of `keys` ("client:<id>", "address:<ip>"), or raise RateLimited.

    The counting itself is atomic, so any number of requests at once cannot pass together. A limit that is not in
    RATE_LIMITS allows everything, and so does a cache that cannot be reached: people come before counters.
    """
    if name not in settings.RATE_LIMITS:
        return
    most, seconds = settings.RATE_LIMITS[name]
    elapsed = int(clock.now().timestamp()) % seconds
    counts = [_count(_counter(name, key, seconds), seconds) for key in keys]
    if any(count > most for count in counts):
        raise RateLimited(retry_after_seconds=seconds - elapsed)


def give_back(name: str, *keys: str) -> None:
    """Undo one `allow`: a sign-in that succeeded is no attempt at guessing."""
    if name not in settings.RATE_LIMITS:
        return
    seconds = settings.RATE_LIMITS[name][1]
    for key in keys:
        _count(_counter(name, key, seconds), seconds, by=-1)


def address_of(request: HttpRequest) -> str:
    """The client's address as limits count it: IPv6 as its network of IPV6_PREFIX bits.

    X-Forwarded-For is read from the right, as long as the one who wrote it is in TRUSTED_PROXIES (addresses, networks,
    or "unix" for a socket file); what lies further left is the client's own claim.
    """
    address = request.META.get("REMOTE_ADDR") or "unix"
    forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    while forwarded and is_trusted(address):
        address = forwarded.pop()
    return _normalised(address)


def _counter(name: str, key: str, seconds: int) -> str:
    """The cache key of the window that we are in; `key` may be an e-mail address, so it is hashed."""
    digest = hashlib.sha256(key.encode()).hexdigest()[:32]
    return f"rate:{name}:{digest}:{int(clock.now().timestamp()) // seconds}"


def _count(counter: str, seconds: int, by: int = 1) -> int:
    """The counter's new value."""
    cache.add(counter, 0, timeout=2 * seconds)
    try:
        return cache.incr(counter, by)
    except ValueError:  # evicted between the two, or no cache: nothing is known of earlier uses
        return by


def is_trusted(address: str) -> bool:
    """Is it one of TRUSTED_PROXIES?"""
    if address in settings.TRUSTED_PROXIES:
        return True
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in _networks(tuple(settings.TRUSTED_PROXIES)))


@functools.cache
def _networks(entries: tuple[str, ...]) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    return [ipaddress.ip_network(entry, strict=False) for entry in entries if entry != "unix"]


def _normalised(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unix" if address == "unix" else "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, IPV6_PREFIX), strict=False))
    return str(parsed)
