"""One relay leads, whatever happens to it."""

import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from channels.db import database_sync_to_async
from django.db import connection

from evbunker.models import Relay
from evbunker.relay import lease as lease_module
from evbunker.relay.lease import Lease, LeaseLost, Place
from tests import engines
from tests.evbunker.live.relay.test_events import all_told, programs_socket

pytestmark = pytest.mark.engines
in_thread = database_sync_to_async


@pytest.mark.asyncio
async def test_another_takes_over_within_ten_seconds_and_nothing_is_lost(watch, start_relay, relay, raw, dara):
    """Frozen, thawed, killed, stopped: two real processes."""
    rename = in_thread(lambda name: raw.bookings_client.update_one({}, {"$set": {"name": name}}))
    both = [start_relay(), start_relay()]
    await in_thread(engines.wait_until)(lambda: any(one.said("Follows") for one in both), "None leads.")
    first, second = sorted(both, key=lambda one: -one.said("Follows"))
    await in_thread(second.wait_for)("Stands by")
    socket = await programs_socket(watch, dara)

    first.send(signal.SIGSTOP)
    began = time.monotonic()
    await rename("Dora")
    await in_thread(second.wait_for)("Follows")
    assert time.monotonic() - began < 10
    await rename("Dira")
    assert len(await all_told(socket)) == 2
    first.send(signal.SIGCONT)
    await in_thread(first.wait_for)("Leads no more")
    await in_thread(first.wait_for)("Stands by")
    assert await socket.is_quiet(), "what the frozen one found when it thawed was told long ago"

    second.send(signal.SIGKILL)
    began = time.monotonic()
    await rename("Dura")
    await in_thread(first.wait_for)("Follows", 2)
    assert time.monotonic() - began < 10
    told = await all_told(socket)
    assert told, "from where the killed one last said that it was"
    assert len(told) <= 2, "what it told since, twice"

    await rename("Dara")
    assert await socket.told()
    first.send(signal.SIGTERM)
    assert await in_thread(first.process.wait)(10) == 0
    assert first.said("Stopped.") == 1
    await rename("Dora")
    await in_thread(relay.start)()
    assert relay.said("Follows what was written since") == 1
    assert len(await all_told(socket)) == 1, "what came while nobody led, and nothing twice"


def wait_until_free(lease: Lease) -> Place:
    places: list[Place] = []

    def taken() -> bool:
        places.extend(filter(None, [lease.try_to_lead()]))
        return bool(places)

    engines.wait_until(taken, "The lease was not free.", 10)
    return places[0]


@pytest.fixture
def quick(monkeypatch):
    """Tenths of the product's times."""
    for name in ("RENEWED_EVERY_SECONDS", "STOPS_AFTER_SECONDS", "TAKEN_OVER_AFTER_SECONDS"):
        monkeypatch.setattr(f"evbunker.relay.lease.{name}", getattr(lease_module, name) / 10)


def test_who_comes_first_leads_and_the_next_waits(db):
    first, second = Lease(), Lease()
    assert first.try_to_lead() == Place(None, None)
    assert second.try_to_lead() is None
    first.release(Place({"_data": "8265"}, None))
    assert second.try_to_lead() == Place({"_data": "8265"}, None)
    with pytest.raises(LeaseLost):
        first._write(Place(None, None), first.holder)
    assert Relay.objects.get().token == {"_data": "8265"}


def test_signs_of_life_keep_the_lease(quick):
    first, second = Lease(), Lease()
    first.try_to_lead()
    ends = time.monotonic() + 1.5
    while time.monotonic() < ends:
        first.renew(Place(None, None))
        assert second.try_to_lead() is None
        time.sleep(0.05)
    assert wait_until_free(second)
    with pytest.raises(LeaseLost):
        first.check()
    with pytest.raises(LeaseLost):
        first.renew(Place(None, None))


def test_the_clocks_of_machines_do_not_matter(quick):
    """The row may say any time at all; only its counter counts."""
    first, second = Lease(), Lease()
    first.try_to_lead()
    connection.database["evbunker_relay"].update_many({}, {"$set": {"updated_at": None}})
    assert second.try_to_lead() is None


def test_of_many_who_wait_one_takes_over(quick):
    Lease().try_to_lead()
    waiting = [Lease() for _ in range(5)]
    for lease in waiting:
        assert lease.try_to_lead() is None
    time.sleep(0.8)
    with ThreadPoolExecutor(len(waiting)) as threads:
        assert sum(place is not None for place in threads.map(_try_in_thread, waiting)) == 1


def _try_in_thread(lease: Lease) -> Place | None:
    try:
        return lease.try_to_lead()
    finally:
        connection.close()
