"""Several processes on one Redis, and what a Redis that restarts or freezes does to them."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import redis
import websockets
from channels.db import database_sync_to_async
from django.conf import settings
from django.core.cache import cache
from django.test import client as browsers

from evbunker.live import hub, lines
from tests import engines
from tests.browsing import session_cookie
from tests.evbunker.live import watching
from tests.evbunker.live.conftest import DEAF, WELL
from tests.serving import database_of_this_run

pytestmark = [pytest.mark.engines, pytest.mark.asyncio]
in_thread = database_sync_to_async
rename = in_thread(watching.rename)
PUBLISHER = """
import os, sys, django
django.setup()
from bookings.models import Client
from evbunker.live import Event, publish
for number in range(int(sys.argv[2])):
    Client.objects.filter(email=sys.argv[1]).update(name=f"Name{number}.")
    publish(Event("client_update", client=Client.objects.get(email=sys.argv[1]).pk))
"""


def publish_elsewhere(email: str, times: int) -> "subprocess.Popen[bytes]":
    """Rename the client `times` times in a process of its own."""
    command = [sys.executable, "-c", PUBLISHER, email, str(times)]
    return subprocess.Popen(command, env=os.environ | database_of_this_run(), cwd=engines.ROOT)


async def test_what_another_process_did_is_shown(watch, dara):
    socket = await watch("own-name", dara).opened()
    await socket.frame()
    process = await in_thread(publish_elsewhere)(dara.email, 100)
    frames = await socket.frames_until("Name99.")
    assert len(frames) <= 20
    assert await in_thread(process.wait)() == 0
    assert await socket.is_quiet()


async def test_events_reach_programs_in_other_processes(watch, dara):
    socket = await watch("", dara, query="&format=json").opened()
    process = await in_thread(publish_elsewhere)(dara.email, 3)
    for _ in range(3):
        assert (await socket.told())["ids"] == {"client": str(dara.pk)}
    await in_thread(process.wait)()


async def test_watchers_in_two_processes_cost_one_rendering(watch, opal, dara, site):
    """This process is one of them, a server the other."""
    cookie = await in_thread(session_cookie)(opal)
    here = await watch("names", opal).opened()
    await here.frame()
    url = f"{settings.SITE_URL.replace('http', 'ws')}/live/?panels=names"
    headers = {"Cookie": f"{cookie['name']}={cookie['value']}"}
    async with websockets.connect(url, additional_headers=headers, origin=settings.SITE_URL) as there:
        while "Dara" not in await asyncio.wait_for(there.recv(), 5):
            pass
        for number in range(20):
            before = len(await in_thread(cache.keys)("names-loaded:*"))
            await rename(dara, f"Name{number}.")
            while f"Name{number}." not in await asyncio.wait_for(there.recv(), 5):
                pass
            await here.frames_until(f"Name{number}.")
            assert len(await in_thread(cache.keys)("names-loaded:*")) == before + 1


class Redis:
    """The Redis of this test run, to be treated badly."""

    def __init__(self) -> None:
        self.port = redis.Redis.from_url(settings.REDIS_URL).connection_pool.connection_kwargs["port"]
        self.pid = self.server().info()["process_id"]
        self.process: subprocess.Popen[bytes] | None = None

    def server(self) -> "redis.Redis":
        return redis.Redis(port=self.port)

    def stop(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        engines.wait_until(lambda: not self.answers(), "Redis does not stop.")

    def start(self) -> None:
        command = [str(engines.redis_path()), "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self.process = engines.spawn(command, Path(os.environ["EVBUNKER_TEST_FOLDER"]) / "redis-again.log")
        engines.wait_until(self.answers, "Redis does not start.")
        self.pid = self.process.pid

    def answers(self) -> bool:
        try:
            return bool(self.server().ping())
        except redis.ConnectionError:
            return False


@pytest.fixture
def quick(monkeypatch):
    """Beats, mends and waits in tenths of the product's times."""
    monkeypatch.setattr(hub, "BEAT_SECONDS", 1.0)
    monkeypatch.setattr(hub, "MENDING_SECONDS", 0.2)
    monkeypatch.setattr(lines, "PATIENCE_SECONDS", 0.5)


@pytest.fixture
def server():
    server = Redis()
    yield server
    if not server.answers():
        server.start()


async def test_after_a_restart_of_redis_watchers_hear_again(watch, dara, server, quick):
    socket = await watch("own-name", dara).opened()
    await socket.frame()
    await in_thread(server.stop)()
    await in_thread(server.start)()
    await rename(dara, "Dora")
    assert "Dora" in await socket.frame()
    await asyncio.sleep(3)
    began = time.monotonic()
    await rename(dara, "Dira")
    assert "Dira" in await socket.frame()
    assert time.monotonic() - began < 0.5


async def test_what_happened_while_redis_was_gone_is_shown(watch, dara, server, quick):
    socket = await watch("own-name", dara).opened()
    await socket.frame()
    await in_thread(server.stop)()
    await rename(dara, "Dora")
    assert "Dora" in await socket.frame()  # from the database, at the next look
    await rename(dara, "Dira")
    await in_thread(server.start)()
    assert "Dira" in (await socket.frames_until("Dira"))[-1]
    await asyncio.sleep(3)
    began = time.monotonic()
    await rename(dara, "Dura")
    await socket.frames_until("Dura")
    assert time.monotonic() - began < 0.5


async def test_pages_are_told_while_nobody_hears_what_changes(watch, dara, server, quick):
    socket = await watch("own-name", dara).opened()
    await socket.sign(WELL)
    await in_thread(server.stop)()
    await socket.sign(DEAF)
    late = await watch("own-name", dara).opened()
    await late.sign(DEAF)
    await in_thread(server.start)()
    await socket.sign(WELL)
    await late.sign(WELL)


async def test_a_redis_that_freezes_is_a_redis_that_is_gone(watch, dara, server, quick):
    socket = await watch("own-name", dara).opened()
    await socket.frame()
    os.kill(server.pid, signal.SIGSTOP)
    try:
        await rename(dara, "Dora")
        await socket.frames_until("Dora")
    finally:
        os.kill(server.pid, signal.SIGCONT)
    await asyncio.sleep(4)
    began = time.monotonic()
    await rename(dara, "Dira")
    await socket.frames_until("Dira")
    assert time.monotonic() - began < 0.5


async def test_pages_and_sign_in_survive_without_redis(dara, station, server):
    browser = browsers.Client()
    await in_thread(browser.force_login)(dara)
    await in_thread(server.stop)()
    for path in (f"/live/panels/place:{station.pk}/", "/live/panels/own-name/"):
        answer = await in_thread(browser.get)(path)
        assert answer.status_code == 200


async def test_a_session_that_cannot_be_read_ends_nothing(watch, dara, server, quick):
    socket = await watch("own-name", dara).opened()
    await socket.frame()
    os.kill(server.pid, signal.SIGSTOP)
    try:
        late = await watch("own-name", token="").opened()
        assert await late.close_code() == 4401
        await rename(dara, "Dora")
        assert (await socket.frames_until("Dora"))[-1]
        assert await socket.is_quiet()
    finally:
        os.kill(server.pid, signal.SIGCONT)
    await rename(dara, "Dira")
    assert (await socket.frames_until("Dira"))[-1]
