"""Telling that something changed, from any thread of any process."""

import functools
from collections.abc import Iterable
from typing import Any

import redis
from channels.layers import get_channel_layer
from django.conf import settings

from evbunker.cache import reach
from evbunker.live.events import EVERYBODY, Event
from evbunker.live.hub import call_hubs
from evbunker.live.versions import EVERYTHING, raise_versions, version_key
from evbunker.metrics import PUBLISH_FAILURES

Message = dict[str, Any]


def publish(*events: Event) -> None:
    """Tell everybody who may hear of these events, after their commit; several together cost no more than one.

    Never raises: what was not told, hubs see at their next look and pages when they load. With
    LIVE_SOURCE=change-streams `relay_changes` does the telling, and this only makes cached figures stale.
    """
    messages, _raised = _messages(events)
    if settings.LIVE_SOURCE == "signals":
        send(messages)


def announce(*events: Event) -> bool:
    """`publish` for whoever is the live source himself; False if not all was told: tell it again later."""
    messages, raised = _messages(events)
    return send(messages) and raised


def announce_everything() -> bool:
    """Tell every watcher, in every process, that anything may have changed; False as `announce`."""
    raised = raise_versions({EVERYTHING})
    return send([{"type": "live.everything", "group": EVERYBODY}]) and raised


def _messages(events: Iterable[Event]) -> tuple[list[Message], bool]:
    """What to tell whom, and whether nobody can get what is older from the cache."""
    messages = [message for event in events for message in event.messages().values()]
    return messages, raise_versions({version_key(message["group"], message["event"]) for message in messages})


def send(messages: list[Message]) -> bool:
    """Send each message to its group: through Redis if there is one, else to this process's hubs. False: it is gone."""
    if settings.REDIS_URL:
        sent = reach(lambda: _send_through_redis(messages), otherwise=False)
        PUBLISH_FAILURES.inc(not sent)
        return sent
    call_hubs(messages)
    return True


def _send_through_redis(messages: list[Message]) -> bool:
    """What the layer's group_send does, in one round trip and without an event loop for every thread."""
    pipe = _connection().pipeline(transaction=False)
    for message in messages:
        pipe.publish(redis_channel(message["group"]), get_channel_layer().serialize(message))
    pipe.execute()
    return True


def redis_channel(group: str) -> str:
    """Where the layer listens for a group."""
    config: Any = settings.CHANNEL_LAYERS["default"]["CONFIG"]
    return f"{config['prefix']}__group__{group}"


@functools.cache
def _connection() -> "redis.Redis":
    return redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=2)
