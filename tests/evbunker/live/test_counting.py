"""What hubs count of their work."""

import asyncio

import pytest
from channels.db import database_sync_to_async

from evbunker.live import Event, publish
from evbunker.live.hub import hub_of_this_loop
from evbunker.metrics import registry
from tests.evbunker.live import watching

rename = database_sync_to_async(watching.rename)


def sample(name: str, **labels: str) -> float:
    return registry.get_sample_value(name, labels) or 0.0


NAMES = (
    "evbunker_live_frames_total",
    "evbunker_live_bytes_total",
    "evbunker_live_lag_seconds_count",
    "evbunker_live_lag_seconds_sum",
)


@pytest.mark.asyncio
async def test_sockets_frames_and_the_way_of_an_event_are_counted(watch, dara):
    socket = await watch("own-name", dara).opened()
    first = await socket.frame()
    assert (sample("evbunker_live_sockets"), len(hub_of_this_loop().watchers)) == (1, 1)
    before = [sample(name) for name in NAMES]
    heard = sample("evbunker_live_events_total", event="client_update")
    renders = sample("evbunker_live_renders_total", panel="own-name")

    await rename(dara, "Dora")
    changed = await socket.frame()
    await asyncio.sleep(0.1)
    frames, size, measured, seconds = (sample(name) - was for name, was in zip(NAMES, before, strict=True))
    assert len(first) == len(changed)
    assert (frames, size, measured) == (1, len(changed.encode()), 1)
    assert 0 < seconds < 3
    assert sample("evbunker_live_events_total", event="client_update") > heard
    assert sample("evbunker_live_renders_total", panel="own-name") - renders == 1

    await socket.disconnect()
    await asyncio.sleep(0.1)
    assert sample("evbunker_live_sockets") == 0


@pytest.mark.engines
def test_what_cannot_be_told_is_counted(dara, monkeypatch):
    def gone(_messages: object) -> bool:
        raise ConnectionError("gone")

    monkeypatch.setattr("evbunker.cache.PAUSE_SECONDS", 0.0)
    monkeypatch.setattr("evbunker.live.publishing._send_through_redis", gone)
    failures = sample("evbunker_live_publish_failures_total")
    publish(Event("client_update", client=dara.pk))
    assert sample("evbunker_live_publish_failures_total") - failures == 1
