"""Writing stations: idempotent, and careful with what people changed."""

import dataclasses
import threading

import pytest
from django.db import connection

from bookings.importers.places import place_at
from bookings.importers.reading import station_row
from bookings.importers.rows import EvseRow, Skipped, StationRow
from bookings.importers.storing import Import, Tally
from bookings.models import Booking, Client, Connector, Evse, SearchWord, Station, Tariff
from bookings.search import find_stations
from bookings.stations import set_evse_status, set_station_status, set_tariff
from evbunker.models import Change
from tests.booking_steps import held
from tests.places import make_tariff

BERLIN, LEEDS = place_at(52.52, 13.405, "DE"), place_at(53.8, -1.549, "GB")


def evse_row(number: int, **fields: object) -> EvseRow:
    given = {"current": "dc", "max_power_w": 60_000, "connector_types": (Connector.IEC_62196_T2_COMBO,)} | fields
    return EvseRow(f"e{number}", str(number), **given)


def row(number: int = 1, *, place=BERLIN, evses=(1, 2), **fields: object) -> StationRow:
    made = station_row(number, f"s{number}", place, name=f"Station {number}", evses=tuple(map(evse_row, evses)))
    return dataclasses.replace(made, **fields)


def store(*rows: object, **options: object) -> Tally:
    tally = Tally(keep=10)
    Import(**({"source": "test"} | options)).store(list(rows), tally, lambda: None)
    return tally


def station(number: int = 1) -> Station:
    return Station.objects.get(source="test", source_id=f"s{number}")


def evses(number: int = 1) -> dict[str, Evse]:
    return {evse.source_id: evse for evse in Evse.objects.filter(station=station(number))}


def counts(tally: Tally) -> tuple[int, int, int, int]:
    return tally.created, tally.updated, tally.unchanged, tally.closed


def test_new_rows_become_stations_with_all_that_is_derived() -> None:
    tally = store(*map(row, range(1, 31)), Skipped(31, "no name"))
    assert (tally.read, counts(tally), tally.skipped) == (31, (30, 0, 0, 0), {"no name": 1})
    made = station()
    assert (made.evse_count, made.max_power_w, made.bookable) == (2, 60_000, False)
    assert made.connector_types == ["IEC_62196_T2_COMBO"]
    assert set(SearchWord.objects.filter(station=made).values_list("word", flat=True)) == {
        "station", "1", "connector:IEC_62196_T2_COMBO",
    }  # fmt: skip
    assert [found.name for found in find_stations(text="station 17").items] == ["Station 17"]
    assert Change.objects.get(record_id=made.pk).actor == "import_stations"


def test_the_same_again_changes_nothing() -> None:
    store(row(1), row(2))
    before = station().updated_at, set(Evse.objects.values_list("pk", flat=True)), Change.objects.count()
    assert counts(store(row(1), row(2))) == (0, 0, 2, 0)
    assert before == (station().updated_at, set(Evse.objects.values_list("pk", flat=True)), Change.objects.count())


def test_what_changed_is_taken_over() -> None:
    store(row(1), row(2))
    tally = store(row(1, name="New name", place=LEEDS), row(2))
    assert counts(tally) == (0, 1, 1, 0)
    made = station()
    assert (made.name, made.time_zone, made.currency) == ("New name", "Europe/London", "GBP")
    assert [found.name for found in find_stations(text="new na").items] == ["New name"]
    change = max(Change.objects.filter(record_id=made.pk), key=lambda change: change.pk)
    assert (change.before["name"], change.after["name"]) == ("Station 1", "New name")


def test_sources_do_not_share_ids() -> None:
    store(row(1))
    assert counts(store(row(1), source="other")) == (1, 0, 0, 0)


def test_an_evse_stays_the_same_record(tariff: Tariff, dara: Client) -> None:
    store(row(1), tariff=tariff)
    booking = held(dara, evses()["e1"])
    store(row(1, evses=(1,), name="Renamed"))
    changed = dataclasses.replace(row(1), evses=(evse_row(1, max_power_w=90_000), evse_row(3)))
    store(changed)
    assert Booking.objects.get().evse_id == booking.evse_id == evses()["e1"].pk
    assert evses()["e1"].max_power_w == 90_000
    assert (station().evse_count, station().max_power_w) == (3, 90_000)


def test_an_evse_that_is_gone_is_deleted_unless_somebody_may_have_booked_it(tariff: Tariff, dara: Client) -> None:
    store(row(1), row(2), tariff=tariff)
    held(dara, evses(1)["e2"])
    set_tariff(station=station(2), tariff=None, actor="test")
    store(row(1, evses=(1,)), row(2, evses=(1,)))
    assert {key: evse.status for key, evse in evses(1).items()} == {"e1": "available", "e2": "out_of_service"}
    assert evses(2).keys() == {"e1"}
    assert station(2).evse_count == 1


def test_evses_added_by_hand_stay_and_are_matched_by_label() -> None:
    store(row(1, evses=()))
    by_hand = [Evse.objects.create(station=station(), label=label, current="ac", max_power_w=11_000) for label in "19"]
    store(row(1, evses=(1,)))
    assert evses()["e1"].pk == by_hand[0].pk
    assert evses()["e1"].max_power_w == 60_000
    assert evses()[""].label == "9"


def test_a_status_set_by_hand_stays(opal: Client) -> None:
    broken = dataclasses.replace(row(1), evses=(evse_row(1), evse_row(2, status="faulted")))
    store(broken)
    set_station_status(station=station(), status="closed", actor=opal)
    set_evse_status(evse=evses()["e2"], status="available", actor=opal)
    set_evse_status(evse=evses()["e1"], status="out_of_service", actor=opal)
    assert counts(store(dataclasses.replace(broken, name="Renamed"))) == (0, 1, 0, 0)
    assert station().status == "closed"
    assert {key: evse.status for key, evse in evses().items()} == {"e1": "out_of_service", "e2": "available"}


def test_a_status_nobody_touched_follows_the_source() -> None:
    broken = dataclasses.replace(row(1), evses=(evse_row(1, status="faulted"),), status="closed")
    store(broken)
    store(row(1))
    assert (station().status, evses()["e1"].status) == ("active", "available")
    Evse.objects.filter(source_id="e1").update(status="occupied")
    store(row(1, name="Renamed"))
    assert evses()["e1"].status == "occupied"  # a car is there; the source only says that it works
    store(broken)
    assert (station().status, evses()["e1"].status) == ("closed", "faulted")


def test_a_station_that_is_taken_back_is_closed_and_may_return(opal: Client) -> None:
    store(row(1), row(2))
    gone = Skipped(1, "removed", withdrawn="s1")
    assert counts(store(gone, Skipped(9, "removed", withdrawn="s9"))) == (0, 0, 0, 1)
    assert station().status == "closed"
    assert counts(store(gone)) == (0, 0, 0, 0)
    assert counts(store(row(1))) == (0, 1, 0, 0)
    assert station().status == "active"
    set_station_status(station=station(), status="closed", actor=opal)
    set_station_status(station=station(), status="active", actor=opal)
    assert counts(store(gone)) == (0, 0, 0, 0)


class TestTariff:
    def test_it_prices_stations_in_its_own_currency(self, tariff: Tariff) -> None:
        tally = store(row(1), row(2, place=LEEDS), tariff=tariff)
        assert (tally.priced, tally.other_currencies) == (1, {"GBP": 1})
        assert (station(1).bookable, station(2).bookable) == (True, False)
        assert station(2).tariff is None

    def test_it_comes_later_to_stations_that_have_none(self, tariff: Tariff) -> None:
        store(row(1), row(2, place=LEEDS))
        tally = store(row(1), row(2, place=LEEDS), tariff=tariff)
        assert (counts(tally), tally.priced, tally.other_currencies) == ((0, 0, 2, 0), 1, {"GBP": 1})
        assert station(1).bookable
        assert store(row(1), tariff=tariff).priced == 0

    def test_one_that_was_set_or_taken_away_by_hand_stays(self, tariff: Tariff, opal: Client) -> None:
        other = make_tariff("Other")
        store(row(1), row(2))
        set_tariff(station=station(1), tariff=other, actor=opal)
        set_tariff(station=station(2), tariff=other, actor=opal)
        set_tariff(station=station(2), tariff=None, actor=opal)
        assert store(row(1, name="New"), row(2, name="New"), tariff=tariff).priced == 0
        assert (station(1).tariff, station(2).tariff) == (other, None)


def test_a_dry_run_says_the_same_and_writes_nothing(tariff: Tariff) -> None:
    store(row(1), row(2), row(3))
    rows = row(1), row(2, name="New"), row(4), Skipped(5, "removed", withdrawn="s3")
    before = [set(model.objects.values_list("pk", "updated_at")) for model in (Station, Evse, SearchWord, Change)]
    dry = store(*rows, tariff=tariff, dry_run=True)
    assert before == [
        set(model.objects.values_list("pk", "updated_at")) for model in (Station, Evse, SearchWord, Change)
    ]
    assert dry == store(*rows, tariff=tariff)
    assert counts(dry) == (1, 1, 1, 1)


@pytest.mark.race
def test_two_imports_of_one_file_at_once_make_each_station_once() -> None:
    tallies: list[Tally] = []
    barrier = threading.Barrier(2)

    def run() -> None:
        barrier.wait()
        try:
            tallies.append(store(*map(row, range(1, 61))))
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tallies) == 2
    assert sum(tally.created for tally in tallies) == Station.objects.count() == 60
    assert sum(tally.unchanged for tally in tallies) == 60
    assert Evse.objects.count() == 120
