"""The socket: what it sends to whom, and when it ends."""

import asyncio
import threading
import time
from dataclasses import replace
from importlib import import_module

import pytest
from channels.db import database_sync_to_async
from django.conf import settings as project
from django.test import client as browsers

from bookings.models import Client
from bookings.tokens import create_token, revoke_token
from evbunker.live import Event, announce, hub, publish
from evbunker.live.events import client_group
from evbunker.live.panels import REGISTRY
from tests.evbunker.live import watching
from tests.people import PASSWORD

pytestmark = pytest.mark.asyncio
in_thread = database_sync_to_async
rename = in_thread(watching.rename)


async def test_it_sends_each_panel_when_it_opens_and_when_it_changes(watch, dara):
    socket = await watch("own-name,other", dara).opened()
    first = {await socket.frame(), await socket.frame()}
    assert any("Dara" in frame for frame in first)
    assert any("the same" in frame for frame in first)
    await rename(dara, "Dora")
    assert 'id="panel-own-name"' in (changed := await socket.frame())
    assert "Dora" in changed
    assert await socket.is_quiet()


async def test_page_panel_and_socket_show_the_same_html(watch, dara):
    browser = browsers.Client()
    await in_thread(browser.force_login)(dara)
    await in_thread(browser.get)("/")  # notes when Dara was last seen
    page = await in_thread(browser.get)("/watch/")
    alone = await in_thread(browser.get)("/live/panels/own-name/")
    frame = await (await watch("own-name", dara).opened()).frame()
    assert alone.text == frame
    assert frame in page.text
    assert watching.loads == [("own-name", dara.pk)]


async def test_a_burst_costs_a_few_frames_and_ends_right(watch, dara):
    socket = await watch("own-name", dara).opened()
    await socket.frame()
    for number in range(100):
        await rename(dara, f"Name{number}.")
    frames = await socket.frames_until("Name99.")
    assert len(frames) <= 20
    assert await socket.is_quiet()


async def test_the_first_event_of_a_quiet_time_goes_at_once(watch, dara, monkeypatch):
    socket = await watch("own-name", dara).opened()
    await socket.frame()
    await asyncio.sleep(0.3)
    monkeypatch.setattr("evbunker.live.screens.WINDOW_SECONDS", 60)
    await rename(dara, "Dora")
    assert "Dora" in await socket.frame()


async def test_nothing_is_rendered_for_nobody(watch, dara):
    socket = await watch("own-name", dara).opened()
    await socket.frame()
    await socket.disconnect()
    watching.loads.clear()
    await rename(dara, "Dora")
    await asyncio.sleep(0.3)
    assert watching.loads == []


async def test_what_looks_the_same_is_not_sent(watch, dara):
    socket = await watch("other", dara).opened()
    await socket.frame()
    await in_thread(publish)(Event("payment_update", client=dara.pk))
    assert await socket.is_quiet()


async def test_many_who_see_the_same_cost_one_rendering(watch, vera, opal, olga):
    sockets = [await watch("names", client).opened() for client in (vera, opal, olga) for _ in range(3)]
    for socket in sockets:
        await socket.frame()
    watching.loads.clear()
    await rename(vera, "Vira")
    frames = {await socket.frame() for socket in sockets}
    assert len(frames) == 1
    assert "Vira" in frames.pop()
    assert watching.loads == [("names", None)]


async def test_a_late_one_gets_a_panel_that_others_already_show(watch, dara):
    early = await watch("own-name", dara).opened()
    frame = await early.frame()
    late = await watch("own-name", dara).opened()
    assert await late.frame() == frame
    assert await early.is_quiet()


async def test_a_thread_of_the_server_is_heard_at_once(watch, dara):
    """As the scheduler is, when it runs in the server."""
    socket = await watch("own-name", dara).opened()
    await socket.frame()
    await asyncio.sleep(0.3)
    began = time.monotonic()
    threading.Thread(target=watching.rename, args=[dara, "Dora"]).start()
    assert "Dora" in await socket.frame()
    assert time.monotonic() - began < 0.5


async def test_with_change_streams_only_their_relay_tells(watch, dara, settings):
    settings.LIVE_SOURCE = "change-streams"
    socket = await watch("", dara, query="&format=json").opened()
    await rename(dara, "Dora")
    assert await socket.is_quiet()
    assert "Dora" in await (await watch("own-name", dara).opened()).frame()
    await in_thread(announce)(Event("client_update", client=dara.pk))
    assert (await socket.told())["event"] == "client_update"


async def test_one_client_hears_nothing_of_another(watch, dara, eli):
    socket = await watch("own-name", eli).opened()
    assert "Eli" in await socket.frame()
    await rename(dara, "Dora")
    assert await socket.is_quiet()


async def test_a_panel_that_cannot_be_rendered_spoils_no_other(watch, dara):
    socket = await watch("broken,own-name", dara).opened()
    assert "Dara" in await socket.frame()
    await rename(dara, "Dora")
    assert "Dora" in await socket.frame()


async def test_a_beat_comes_whatever_happens(watch, dara, monkeypatch):
    monkeypatch.setattr(hub, "BEAT_SECONDS", 0.05)
    socket = await watch("own-name", dara).opened()
    await socket.frame()
    assert await socket.receive_from() == hub.BLANK


async def test_what_changed_without_a_word_is_seen_at_the_next_look(watch, dara, monkeypatch):
    monkeypatch.setattr(hub, "BEAT_SECONDS", 0.2)
    socket = await watch("own-name", dara).opened()
    await socket.frame()
    with monkeypatch.context() as lost:
        lost.setattr("evbunker.live.publishing.send", lambda messages: None)
        await rename(dara, "Dora")
    assert "Dora" in await socket.frame()


async def test_time_alone_changes_some_panels(watch, dara, monkeypatch):
    monkeypatch.setattr(hub, "BEAT_SECONDS", 0.2)
    monkeypatch.setitem(REGISTRY, "own-name", replace(REGISTRY["own-name"], by_time=True, ttl=1))
    socket = await watch("own-name", dara).opened()
    await socket.frame()
    await in_thread(Client.objects.filter(pk=dara.pk).update)(name="Dora")
    assert "Dora" in await socket.frame()


# -- Lists ------------------------------------------------------------------------------------------------------------


async def test_a_list_gets_the_rows_that_changed(watch, opal, dara):
    socket = await watch("people", opal).opened()
    assert (await socket.frame()).startswith('<i id="stale-people"')
    await rename(dara, "Dora")
    row, mark = (await socket.frame()).split("<i ")
    assert row.startswith(f'<tr id="row-client-{dara.pk}" data-v="')
    assert "Dora" in row
    assert f'data-rows="row-client-{dara.pk}"' in mark
    await rename(dara, "Dira")
    assert "Dira" in await socket.frame()


async def test_a_list_hears_of_a_row_that_is_gone(watch, opal, dara):
    socket = await watch("people", opal).opened()
    await socket.frame()
    await in_thread(Client.objects.filter(pk=dara.pk).delete)()
    await in_thread(publish)(Event("client_update", client=dara.pk))
    frame = await socket.frame()
    assert "<tr" not in frame
    assert f"row-client-{dara.pk}" in frame


async def test_so_many_rows_are_left_to_the_list(watch, opal, dara, monkeypatch):
    monkeypatch.setattr("evbunker.live.rendering.MOST_ROWS", 0)
    socket = await watch("people", opal).opened()
    before = await socket.frame()
    await rename(dara, "Dora")
    after = await socket.frame()
    assert "<tr" not in after
    assert 'data-rows=""' in after
    assert after != before


# -- Events as JSON ---------------------------------------------------------------------------------------------------


async def test_a_client_is_told_its_own_events(watch, dara, eli, station):
    socket = await watch("", dara, query="&format=json").opened()
    theirs = Event("booking_update", client=eli.pk, station=station.pk, booking=eli.pk)
    mine = Event("booking_update", client=dara.pk, station=station.pk, booking=dara.pk)
    await in_thread(publish)(theirs, mine)
    told = await socket.told()
    assert told["event"] == "booking_update"
    assert told["at"].endswith("+00:00")
    assert told["ids"] == {"client": str(dara.pk), "station": str(station.pk), "booking": str(dara.pk)}
    assert await socket.is_quiet()


async def test_staff_are_told_everything_once(watch, opal, dara):
    socket = await watch("", opal, query="&format=json").opened()
    for client in (dara, opal):
        await in_thread(publish)(Event("eco_stats_update", client=client.pk))
        assert (await socket.told())["ids"] == {"client": str(client.pk)}
    assert await socket.is_quiet()


async def test_with_panels_only_what_changes_them_is_told(watch, dara):
    socket = await watch("other", dara, query="&format=json").opened()
    await in_thread(publish)(Event("client_update", client=dara.pk), Event("payment_update", client=dara.pk))
    assert (await socket.told())["event"] == "payment_update"
    assert await socket.is_quiet()


async def test_who_watches_a_station_learns_nothing_of_its_clients(watch, dara, station):
    socket = await watch(f"place:{station.pk}", query="&format=json").opened()
    await in_thread(publish)(Event("station_update", client=dara.pk, station=station.pk, booking=dara.pk))
    assert (await socket.told())["ids"] == {"station": str(station.pk)}


async def test_programs_get_no_blank_frames(watch, dara, monkeypatch):
    monkeypatch.setattr(hub, "BEAT_SECONDS", 0.05)
    socket = await watch("", dara, query="&format=json").opened()
    assert await socket.receive_nothing(timeout=0.3)


async def test_a_program_that_does_not_read_is_cut_off(watch, dara, monkeypatch):
    monkeypatch.setattr("evbunker.live.watchers.MOST_UNSENT", 3)
    socket = await watch("", dara, query="&format=json").opened()
    await in_thread(publish)(*[Event("client_update", client=dara.pk)] * 9)
    assert await socket.close_code() == 1013


# -- The end ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def quick_look(monkeypatch):
    monkeypatch.setattr(hub, "BEAT_SECONDS", 0.2)


async def test_signing_out_ends_the_sockets_of_that_session_at_once(watch, dara):
    here, there = await watch("own-name", dara).opened(), await watch("own-name", dara).opened()
    browser = browsers.Client()
    browser.cookies["session"] = here.session_key()
    await in_thread(browser.logout)()
    assert await here.close_code() == 4401
    await there.frame()
    assert await there.is_quiet()


async def test_a_session_that_is_gone_is_noticed(watch, dara, quick_look):
    socket = await watch("own-name", dara).opened()
    await in_thread(import_module(project.SESSION_ENGINE).SessionStore(socket.session_key()).flush)()
    assert await socket.close_code() == 4401


async def test_a_changed_password_ends_the_old_sessions(watch, dara, quick_look):
    socket = await watch("own-name", dara).opened()
    dara.set_password(PASSWORD + "!")
    await in_thread(dara.save)()
    assert await socket.close_code() == 4401


async def test_deactivating_a_client_ends_its_sockets_at_once(watch, dara):
    socket = await watch("own-name", dara).opened()
    await in_thread(Client.objects.filter(pk=dara.pk).update)(is_active=False)
    await in_thread(publish)(Event("client_update", client=dara.pk))
    assert await socket.close_code() == 4401


async def test_who_loses_the_role_sees_no_more(watch, opal, quick_look):
    socket = await watch("names", opal).opened()
    await in_thread(opal.groups.clear)()
    assert await socket.close_code() == 4403


async def test_a_revoked_token_ends_its_sockets(watch, dara, quick_look):
    token, text = await in_thread(create_token)(client=dara, name="script")
    socket = await watch("own-name", token=f"Bearer {text}").opened()
    assert "Dara" in await socket.frame()
    await in_thread(revoke_token)(token=token, actor=dara)
    assert await socket.close_code() == 4401


async def test_a_database_that_cannot_be_asked_ends_nothing(watch, dara, quick_look, monkeypatch):
    socket = await watch("own-name", dara).opened()
    await socket.frame()
    monkeypatch.setattr("evbunker.live.identity.get_user", lambda request: 1 / 0)
    assert await socket.is_quiet()


async def test_a_hub_without_watchers_rests(watch, dara):
    socket = await watch("own-name,names", dara).opened()
    assert await socket.close_code() == 4403
    socket = await watch("own-name", dara).opened()
    this = hub.hub_of_this_loop()
    assert client_group(dara.pk) in this.members
    await socket.disconnect()
    for left in (this.members, this.screens, this.screens_in, this.watchers, this.pumps, this.running):
        assert not left
