"""What other programs write reaches who watches, each write once and as the signals would tell it."""

import asyncio
import contextlib

import pytest
from bson import Decimal128, Int64, ObjectId, Regex
from bson.datetime_ms import DatetimeMS
from channels.db import database_sync_to_async

from bookings import receivers as booking_receivers
from bookings.charging import start_session, stop_session
from bookings.middleware import _note
from bookings.models import Booking, Client
from bookings.roles import set_role
from bookings.stations import set_station_status
from evbunker import clock
from evbunker.live.watchers import TRY_AGAIN
from evbunker.relay.sources import SOURCES
from payments import receivers as payment_receivers
from payments.cancelling import cancel_booking
from tests import engines
from tests.booking_steps import held, paid, pending
from tests.evbunker.live import watching
from tests.evbunker.live.conftest import QUIET

pytestmark = [pytest.mark.engines, pytest.mark.asyncio]
in_thread = database_sync_to_async


async def programs_socket(watch, client):
    return await watch("", client, query="&format=json").opened()


async def all_told(socket):
    """What it was told until it became quiet: event and ids."""
    told = []
    with contextlib.suppress(TimeoutError):
        while True:
            async with asyncio.timeout(QUIET):
                told.append(await socket.told())
    return [said(one["event"], **one["ids"]) for one in told]


def said(event, **ids):
    return event, tuple(sorted((name, str(value)) for name, value in ids.items()))


def ids_of(booking: Booking) -> dict[str, tuple[str, tuple[tuple[str, str], ...]]]:
    """What a write of each collection must tell, where this booking was paid."""
    whose = {"client": booking.client_id, "station": booking.station_id, "booking": booking.pk}
    return {
        "bookings_booking": said("booking_update", **whose),
        "bookings_chargingsession": said("charging_session_update", session=booking.session.pk, **whose),
        "bookings_ecostat": said("eco_stats_update", **whose),
        "payments_payment": said("payment_update", payment=booking.payments.get().pk, **whose),
        "bookings_client": said("client_update", client=booking.client_id),
        "bookings_station": said("station_update", station=booking.station_id),
        "bookings_evse": said("station_update", station=booking.station_id),
    }


async def test_the_driver_sees_what_another_program_wrote(watch, relay, raw, dara):
    await in_thread(relay.start)()
    socket = await watch("own-name", dara).opened()
    await socket.frame()
    await in_thread(raw.bookings_client.update_one)({"_id": dara.pk.hex}, {"$set": {"name": "Dora"}})
    assert "Dora" in await socket.frame()
    assert await socket.is_quiet()


async def test_every_kind_of_raw_write_tells_the_signals_ids_once(watch, relay, raw, dara, opal, evse):
    booking = await in_thread(paid)(dara, evse)
    expected = await in_thread(ids_of)(booking)
    await in_thread(relay.start)()
    socket = await programs_socket(watch, opal)
    for table, wanted in expected.items():
        own = {"_id": booking.station_id.hex} if table == "bookings_station" else {}
        own = {"_id": dara.pk.hex} if table == "bookings_client" else own
        row = await in_thread(raw[table].find_one)(own)
        key = {"_id": row["_id"]}
        for write in (
            lambda key=key, table=table: raw[table].update_one(key, {"$set": {"created_at": None}}),
            lambda key=key, table=table, row=row: raw[table].replace_one(key, row),
            lambda key=key, table=table: raw[table].delete_one(key),
            lambda table=table, row=row: raw[table].insert_one(row),
        ):
            await in_thread(write)()
            told = await socket.told()
            assert said(told["event"], **told["ids"]) == wanted
    assert await socket.is_quiet()
    assert set(expected) == SOURCES.keys() - {"bookings_client_groups"}


async def test_a_bulk_update_tells_every_row_once(watch, relay, raw, dara, opal, evse):
    booking = await in_thread(held)(dara, evse)
    row = await in_thread(raw.bookings_booking.find_one)({"_id": booking.pk.hex})
    rows = [row | {"_id": f"{n:032x}"} for n in range(1, 1201)]
    await in_thread(raw.bookings_booking.insert_many)(rows)
    await in_thread(relay.start)()
    socket = await programs_socket(watch, dara)
    await in_thread(Booking.objects.filter(client=dara).update)(energy_budget_wh=1)
    told = [await socket.told() for _ in range(1201)]
    assert len({one["ids"]["booking"] for one in told}) == 1201
    assert await socket.is_quiet()


async def test_rows_that_say_the_same_are_told_once(watch, relay, raw, opal, evse):
    row = await in_thread(raw.bookings_evse.find_one)({"_id": evse.pk.hex})
    rows = [row | {"_id": f"{n:032x}", "label": str(n)} for n in range(1, 200)]
    await in_thread(raw.bookings_evse.insert_many)(rows)
    await in_thread(relay.start)()
    socket = await programs_socket(watch, opal)
    await in_thread(raw.bookings_evse.update_many)({}, {"$set": {"status": "faulted"}})
    told = await all_told(socket)
    assert set(told) == {said("station_update", station=evse.station_id)}
    assert len(told) <= 3, "at most one for each batch that the server made of it"


async def test_bookkeeping_is_told_to_nobody(watch, relay, raw, dara, opal):
    await in_thread(relay.start)()
    socket = await programs_socket(watch, opal)
    await in_thread(_note)(dara)
    await in_thread(dara.save)(update_fields=["last_login"])
    await in_thread(raw.bookings_client.update_one)({"_id": dara.pk.hex}, {"$unset": {"last_seen_at": 1}})
    assert await socket.is_quiet()


async def test_a_booking_that_changes_hands_tells_both(watch, relay, raw, dara, eli, evse):
    booking = await in_thread(held)(dara, evse)
    await in_thread(relay.start)()
    sockets = [await programs_socket(watch, one) for one in (dara, eli)]
    await in_thread(raw.bookings_booking.update_one)({}, {"$set": {"client_id": eli.pk.hex}})
    for socket, owner in zip(sockets, (dara, eli), strict=True):
        told = await socket.told()
        assert said(told["event"], **told["ids"]) == said(
            "booking_update", booking=booking.pk, client=owner.pk, station=evse.station_id
        )


async def test_what_cannot_be_an_id_is_left_out(watch, relay, raw, opal, station):
    await in_thread(relay.start)()
    socket = await programs_socket(watch, opal)
    rubbish = {"_id": ObjectId(), "client_id": Int64(7), "station_id": station.pk.hex}
    await in_thread(raw.bookings_booking.insert_one)(rubbish)
    told = await socket.told()
    assert (told["event"], told["ids"]) == ("booking_update", {"station": str(station.pk)})


async def test_values_that_python_does_not_have_stop_nothing(watch, relay, raw, dara):
    await in_thread(relay.start)()
    socket = await programs_socket(watch, dara)
    for value in (DatetimeMS(2**60), DatetimeMS(-(2**60)), Regex("("), Decimal128("1E+6000")):
        await in_thread(raw.bookings_client.update_one)({}, {"$set": {"created_at": value}})
        assert await socket.told()


@pytest.fixture
def things(raw, monkeypatch):
    """One more collection that is relayed, to be treated badly."""
    monkeypatch.setitem(SOURCES, "things", SOURCES["bookings_client"])
    raw.things.insert_one({})
    yield raw.things
    for name in ("things", "other_things"):
        raw.drop_collection(name)


def replace(things):
    """What `$out` and mongorestore do."""
    things.database.other_things.insert_one({})
    things.database.other_things.aggregate([{"$out": "things"}])


@pytest.mark.parametrize("act", [lambda t: t.drop(), lambda t: t.rename("other_things"), replace])
async def test_a_collection_dropped_or_replaced_makes_everything_stale(watch, things, relay, dara, act):
    await in_thread(relay.start)()
    program, page = await programs_socket(watch, dara), await watch("own-name", dara).opened()
    await page.frame()
    before = len(watching.loads)
    await in_thread(act)(things)
    assert await program.close_code() == TRY_AGAIN
    await in_thread(engines.wait_until)(lambda: len(watching.loads) > before, "The page was not made anew.", 5)


@pytest.fixture
def signalled(monkeypatch):
    """What the signals' receivers published."""
    events = []
    for module in (booking_receivers, payment_receivers):

        def spy(*told, publish=module.publish):
            events.extend(told)
            publish(*told)

        monkeypatch.setattr(module, "publish", spy)
    return events


def a_day(dara: Client, evse: object, opal: Client) -> None:
    """Services, one after the other: every signal there is."""
    booking = paid(dara, evse, in_minutes=15)
    cancel_booking(booking=pending(held(dara, evse, in_minutes=300)).booking, actor=dara)
    pending(held(dara, evse, in_minutes=600))
    with clock.shifted(booking.starts_at - clock.now()):
        start_session(booking=booking, actor=dara)
        stop_session(booking=booking, actor=dara)
    set_station_status(station=evse.station, status="closed", actor=opal)
    set_role(client=dara, role="viewer", actor=opal)
    set_role(client=dara, role="operator", actor=opal)


async def test_the_relay_tells_what_the_signals_would(watch, relay, dara, opal, olga, evse, signalled):
    await in_thread(relay.start)()
    socket = await programs_socket(watch, opal)
    await in_thread(a_day)(dara, evse, olga)
    told = set(await all_told(socket))
    assert {said(event.name, **event.ids()) for event in signalled} <= told
    assert {name for name, _ids in told} == {
        "booking_update", "payment_update", "charging_session_update", "station_update", "client_update",
        "eco_stats_update",
    }  # fmt: skip
