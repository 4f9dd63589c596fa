"""What other programs write reaches who watches, each write once."""

import pytest
from channels.db import database_sync_to_async

from tests.booking_steps import held, pending

pytestmark = [pytest.mark.engines, pytest.mark.asyncio]
in_thread = database_sync_to_async


async def test_a_raw_write_reaches_the_driver(watch, relay, raw, dara, evse):
    payment = await in_thread(lambda: pending(held(dara, evse)))()
    await in_thread(relay.start)()
    socket = await watch("", dara, query="&format=json").opened()
    await in_thread(raw.payments_payment.update_one)({"_id": payment.pk.hex}, {"$set": {"status": "captured"}})
    told = await socket.told()
    assert told["event"] == "payment_update"
    assert told["ids"] == {
        "payment": str(payment.pk), "booking": str(payment.booking_id),
        "client": str(dara.pk), "station": str(evse.station_id),
    }  # fmt: skip
    assert await socket.is_quiet()
