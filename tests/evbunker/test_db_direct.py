"""Records read and written without a query's detours are the same as Django's own."""

import threading
import uuid

import pytest
from django.db import IntegrityError, connection

from bookings.models import Booking, Client, ClientSlot, Evse, SlotClaim, Station
from evbunker.db import all_by_key, atomic, by_id, by_key, insert, prepare
from evbunker.models import Change
from tests.booking_steps import held


def values_of(record: object) -> dict[str, object]:
    return {field.attname: getattr(record, field.attname) for field in record._meta.concrete_fields}


@pytest.mark.parametrize("model", [Station, Evse, Client, Booking, Change])
def test_a_record_read_by_its_id_is_the_one_that_a_query_finds(dara: Client, evse: Evse, model: type) -> None:
    held(dara, evse)
    found = model.objects.all()[0]

    read = by_id(model, found.pk)
    assert values_of(read) == values_of(found)
    assert not read._state.adding
    with pytest.raises(model.DoesNotExist):
        by_id(model, uuid.uuid4())


def test_a_record_is_found_by_its_unique_field_too(dara: Client) -> None:
    found = by_key(Client, "email", dara.email)
    assert found is not None
    assert values_of(found) == values_of(Client.objects.get(pk=dara.pk))
    assert by_key(Client, "email", "nobody@example.org") is None


def test_all_records_of_one_owner_are_found(dara: Client, eli: Client, evse: Evse) -> None:
    booking = held(dara, evse)
    assert [row.pk for row in all_by_key(Booking, "client", dara.pk)] == [booking.pk]
    assert all_by_key(Booking, "client", eli.pk) == []


def test_what_it_writes_is_what_django_writes(dara: Client, evse: Evse) -> None:
    """Read back as the engine keeps it: the same kinds of values in every column."""
    booking = held(dara, evse)
    noted = Change.objects.get(record_id=booking.pk)
    copies = [type(record)(**(values_of(record) | {"id": uuid.uuid4()})) for record in (booking, noted)]
    insert(prepare(copies))
    saved = [type(record)(**(values_of(record) | {"id": uuid.uuid4()})) for record in (booking, noted)]
    for record in saved:
        record.save(force_insert=True)

    for one, other in zip(copies, saved, strict=True):
        kept, expected = as_kept(one), as_kept(other)
        assert kept == expected
        assert [type(value) for value in kept.values()] == [type(value) for value in expected.values()]


def as_kept(record: object) -> dict[str, object]:
    own = {"_id", "updated_at"}
    if connection.vendor == "mongodb":
        document = connection.get_collection(record._meta.db_table).find_one({"_id": str(record.pk.hex)})
        return {name: document[name] for name in sorted(document.keys() - own)}
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT * FROM "{record._meta.db_table}" WHERE "_id" = %s', [record.pk.hex])
        row = dict(zip((column[0] for column in cursor.description), cursor.fetchone(), strict=True))
    return {name: row[name] for name in sorted(row.keys() - own)}


def test_a_taken_key_takes_back_the_whole_unit(dara: Client, evse: Evse) -> None:
    booking = held(dara, evse)
    taken = SlotClaim.objects.filter(booking=booking)[0].slot
    free = ClientSlot(client=dara, slot=taken + 50, booking=booking)

    with pytest.raises(IntegrityError):
        atomic(insert)(prepare([free, SlotClaim(evse=evse, slot=taken, booking=booking)]))
    assert not ClientSlot.objects.filter(slot=free.slot).exists()


def test_every_thread_has_a_connection_of_its_own(dara: Client, evse: Evse) -> None:
    seen: list[Station] = []

    def read() -> None:
        seen.append(by_id(Station, evse.station_id))
        connection.close()

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [station.pk for station in seen] == [evse.station_id] * 3
