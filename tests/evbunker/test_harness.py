"""The tests' own machinery: isolation, engines, the browser."""

import asyncio

import pytest
from channels.layers import get_channel_layer
from django.core.cache import cache
from django.db import connection

from bookings.models import Client, Evse
from tests import engines, sweep
from tests.people import make_client


def test_the_engine_is_the_chosen_one():
    assert connection.vendor == ("mongodb" if engines.ON_MONGODB else "sqlite")


@pytest.mark.parametrize("run", [1, 2])
def test_every_test_starts_empty(run, evse):
    assert Evse.objects.count() == 1
    assert cache.get("left-behind") is None
    cache.set("left-behind", run)


def test_the_sweep_refuses_a_database_that_is_no_test_database(monkeypatch):
    make_client("dara")
    with monkeypatch.context() as patch:
        patch.setitem(connection.settings_dict, "NAME", "evbunker")
        with pytest.raises(RuntimeError, match="refusing"):
            sweep.sweep()
    assert Client.objects.count() == 1


def test_roles(dara, vera, opal, olga):
    assert [client.role() for client in (dara, vera, opal, olga)] == [None, "viewer", "operator", "owner"]


@pytest.mark.asyncio
async def test_async_tests_see_the_same_database(dara):
    assert await Client.objects.acount() == 1
    layer = get_channel_layer()
    name = await layer.new_channel()
    await layer.group_add("operators", name)
    await layer.group_send("operators", {"type": "told"})
    assert (await asyncio.wait_for(layer.receive(name), 2))["type"] == "told"


def test_a_browser_sees_the_site_also_after_a_restart(open_page, site, opal):
    page = open_page(opal)
    page.expected_errors = ("404", "ERR_CONNECTION")
    for _ in range(2):
        answer = page.goto("/no-such-page/")
        assert answer.status == 404
        site.restart()
