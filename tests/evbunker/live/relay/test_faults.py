"""What happens to the relay when the server, the network or Redis fails under it."""

import os
import signal

import pytest
from channels.db import database_sync_to_async

from evbunker.live import hub, lines
from evbunker.live.events import client_group
from evbunker.live.publishing import redis_channel
from evbunker.live.watchers import TRY_AGAIN
from evbunker.models import Relay
from tests import engines
from tests.evbunker.live import watching
from tests.evbunker.live.relay.test_events import all_told, programs_socket
from tests.evbunker.live.test_redis import Redis
from tests.failpoints import arm, disarm

pytestmark = [pytest.mark.engines, pytest.mark.asyncio]
in_thread = database_sync_to_async


@pytest.fixture
def rename(raw):
    return in_thread(lambda name: raw.bookings_client.update_one({}, {"$set": {"name": name}}))


@pytest.fixture
def fail(transactional_db):
    """Let a command of every client fail."""
    yield in_thread(arm)
    disarm()


async def until(condition, failure, seconds=20):
    await in_thread(engines.wait_until)(condition, failure, seconds)


@pytest.mark.parametrize(
    "how", [{"closeConnection": True}, {"errorCode": 10107}, {"errorCode": 43}, {"errorCode": 11600}], ids=str
)
async def test_a_broken_line_loses_nothing(watch, relay, rename, fail, dara, how):
    await in_thread(relay.start)()
    socket = await programs_socket(watch, dara)
    await fail("getMore", 1, **how)
    await rename("Dora")
    await in_thread(relay.wait_for)("Follows what was written since")
    await rename("Dira")
    assert len(await all_told(socket)) == 2


async def test_a_line_that_stays_broken_is_tried_until_it_is_whole(watch, relay, rename, fail, dara):
    await in_thread(relay.start)()
    socket = await programs_socket(watch, dara)
    await fail("getMore", 1, closeConnection=True)
    await in_thread(relay.wait_for)("The change stream broke")
    await fail("aggregate", 3, closeConnection=True)
    await rename("Dora")
    await in_thread(relay.wait_for)("Follows what was written since")
    assert len(await all_told(socket)) == 1


async def test_the_primary_steps_down(watch, relay, rename, raw, dara):
    await in_thread(relay.start)()
    socket = await programs_socket(watch, dara)
    await rename("Dora")

    def step_down():
        raw.client.admin.command({"replSetStepDown": 2, "secondaryCatchUpPeriodSecs": 0, "force": True})

    await in_thread(step_down)()
    await rename("Dira")  # waits for the next primary
    assert len(await all_told(socket)) == 2
    before = (await in_thread(Relay.objects.get)()).counter
    await until(lambda: Relay.objects.get().counter > before, "It leads no more.")


async def test_a_server_that_freezes_costs_no_event(watch, relay, raw, rename, dara):
    """As a network that swallows everything: no answer, no end of the line."""
    await in_thread(relay.start)()
    socket = await programs_socket(watch, dara)
    pid = (await in_thread(raw.client.admin.command)("serverStatus"))["pid"]
    await rename("Dora")
    assert await socket.told()
    os.kill(pid, signal.SIGSTOP)
    try:
        await in_thread(relay.wait_for)("Leads no more")
    finally:
        os.kill(pid, signal.SIGCONT)
    await rename("Dira")
    await in_thread(relay.wait_for)("Follows what was written since")
    assert await all_told(socket)


async def everything_is_stale(program, loaded_before):
    """A program was told to fetch all anew, and the page was made anew."""
    assert await program.close_code() == TRY_AGAIN
    await until(lambda: len(watching.loads) > loaded_before, "The page was not made anew.")


@pytest.mark.parametrize("command", ["getMore", "aggregate"])
async def test_lost_history_makes_everything_stale(watch, relay, rename, fail, dara, command):
    await in_thread(relay.start)()
    program, page = await programs_socket(watch, dara), await watch("own-name", dara).opened()
    await page.frame()
    before = len(watching.loads)
    if command == "aggregate":
        await fail("getMore", 1, closeConnection=True)
        await in_thread(relay.wait_for)("The change stream broke")
    await fail(command, 1, errorCode=286)
    await everything_is_stale(program, before)
    assert relay.said("Begins anew")
    await rename("Dora")
    assert "Dora" in (await page.frames_until("Dora"))[-1]


@pytest.mark.parametrize("worthless", [{"_data": "rubbish"}, {"_data": "82"}, {}, 7])
async def test_a_token_the_server_does_not_take_makes_everything_stale(watch, relay, raw, dara, worthless):
    await in_thread(relay.start)()
    await in_thread(relay.end)()
    await in_thread(lambda: Relay.objects.update(token=worthless))()
    program, page = await programs_socket(watch, dara), await watch("own-name", dara).opened()
    await page.frame()
    before = len(watching.loads)
    again = type(relay)()
    try:
        await in_thread(again.start)()
        await everything_is_stale(program, before)
    finally:
        await in_thread(again.end)()


async def test_a_deleted_row_without_an_image_makes_everything_stale_and_the_next_has_one(
    watch, relay, raw, dara, opal, station
):
    await in_thread(relay.start)()
    groups = raw.bookings_client_groups
    rows = await in_thread(lambda: list(groups.find()))()
    await in_thread(raw.command)("collMod", groups.name, changeStreamPreAndPostImages={"enabled": False})
    program = await programs_socket(watch, opal)
    await in_thread(groups.delete_one)({})
    assert await program.close_code() == TRY_AGAIN
    await in_thread(groups.insert_many)(rows)
    images = lambda: raw.get_collection(groups.name).options().get("changeStreamPreAndPostImages")  # noqa: E731
    await until(lambda: images() == {"enabled": True}, "No images are kept.")


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(hub, "BEAT_SECONDS", 1.0)
    monkeypatch.setattr(hub, "MENDING_SECONDS", 0.2)
    monkeypatch.setattr(lines, "PATIENCE_SECONDS", 0.5)
    server = Redis()
    yield server
    if not server.answers():
        server.start()


async def test_what_redis_missed_is_told_when_it_is_back_even_by_another_relay(watch, relay, rename, dara, server):
    await in_thread(relay.start)()
    page = await watch("own-name", dara).opened()
    await page.frame()
    await in_thread(server.stop)()
    await rename("Dora")
    await in_thread(relay.wait_for)("Redis does not answer")
    await page.frames_until("Dora")  # from the database, at the next look
    await in_thread(relay.end)()
    await in_thread(server.start)()
    heard = server.server().pubsub()
    await in_thread(heard.subscribe)(redis_channel(client_group(dara.pk)))
    again = type(relay)()
    try:
        await in_thread(again.start)()
        await until(lambda: any(m["type"] == "message" for m in iter(heard.get_message, None)), "It was not told.")
        await rename("Dira")
        await page.frames_until("Dira")
    finally:
        await in_thread(again.end)()
        await in_thread(heard.close)()


async def test_programs_start_anew_when_redis_was_gone(watch, dara, server):
    program = await programs_socket(watch, dara)
    await in_thread(server.stop)()
    await in_thread(server.start)()
    assert await program.close_code() == TRY_AGAIN
