"""A Redis that cannot be reached, for tests of MongoDB and Redis (`pytest.mark.engines`)."""

from dataclasses import dataclass
from typing import Any

import django_redis.cache
import pytest
from redis.exceptions import ConnectionError as RedisGone

CALLS = ("get", "get_many", "has_key", "set", "set_many", "add", "touch", "incr", "delete", "delete_many")


@dataclass
class Outage:
    """Whether it lasts, and how often Redis was asked meanwhile."""

    lasts: bool = True
    tries: int = 0


@pytest.fixture
def outage(monkeypatch: pytest.MonkeyPatch) -> Outage:
    """Every call of the cache fails for as long as `lasts` is true, and Redis is asked again after 0.05 s."""
    state = Outage()
    for name in CALLS:
        monkeypatch.setattr(django_redis.cache.RedisCache, name, _failing(name, state))
    monkeypatch.setattr("evbunker.cache.PAUSE_SECONDS", 0.05)
    return state


def _failing(name: str, state: Outage) -> Any:
    real = getattr(django_redis.cache.RedisCache, name)

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        if state.lasts:
            state.tries += 1
            raise RedisGone("nobody there")
        return real(self, *args, **kwargs)

    return method
