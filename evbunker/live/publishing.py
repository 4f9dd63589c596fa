"""Telling that something changed, from any thread of any process."""

import functools
from collections.abc import Iterable
from typing import Any

import redis
from channels.layers import get_channel_layer
from django.conf import settings

from evbunker.cache import reach
from evbunker.live.events import Event
from evbunker.live.hub import call_hubs
from evbunker.live.versions import raise_versions, version_key

Message = dict[str, Any]


def publish(*events: Event) -> None:
    """Tell everybody who may hear of these events, after their commit; several together cost no more than one.

    Never raises: what was not told, hubs see at their next look and pages when they load. With
    LIVE_SOURCE=change-streams `relay_changes` does the telling, and this only makes cached figures stale.
    """
    messages = _messages(events)
    if settings.LIVE_SOURCE == "signals":
        send(messages)


def announce(*events: Event) -> None:
    """`publish` for whoever is the live source himself."""
    send(_messages(events))


def _messages(events: Iterable[Event]) -> list[Message]:
    """What to tell whom, once nobody can get what is older from the cache."""
    messages = [message for event in events for message in event.messages().values()]
    raise_versions(version_key(message["group"], message["event"]) for message in messages)
    return messages


def send(messages: list[Message]) -> None:
    """Send each message to its group: through Redis if there is one, else to this process's hubs."""
    if settings.REDIS_URL:
        reach(lambda: _send_through_redis(messages), otherwise=None)
    else:
        call_hubs(messages)


def _send_through_redis(messages: list[Message]) -> None:
    """What the layer's group_send does, in one round trip and without an event loop for every thread."""
    pipe = _connection().pipeline(transaction=False)
    for message in messages:
        pipe.publish(redis_channel(message["group"]), get_channel_layer().serialize(message))
    pipe.execute()


def redis_channel(group: str) -> str:
    """Where the layer listens for a group."""
    config: Any = settings.CHANNEL_LAYERS["default"]["CONFIG"]
    return f"{config['prefix']}__group__{group}"


@functools.cache
def _connection() -> "redis.Redis":
    return redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=2)
