"""Changing stations, EVSEs and tariffs, and what follows from it."""

import threading

import pytest
from django.db import connection

from bookings.models import Client, Evse, SearchWord, Station, Tariff
from bookings.signals import station_changed
from bookings.stations import (
    TariffInUse,
    WrongCurrency,
    refresh_station,
    remove_evse,
    save_evse,
    save_station,
    save_tariff,
    set_by_hand,
    set_evse_status,
    set_station_status,
    set_tariff,
)
from evbunker.models import Change
from tests.booking_steps import held
from tests.places import make_evse, make_station, make_tariff


@pytest.fixture
def station(tariff: Tariff) -> Station:
    station = make_station("Harbour", tariff=tariff)
    make_evse(station, "1")
    make_evse(station, "2", current="ac", max_power_w=22_000, connector_types=["IEC_62196_T2"])
    refresh_station(station)
    return station


def words(station: Station) -> set[str]:
    return set(SearchWord.objects.filter(station=station).values_list("word", flat=True))


def changes(record: object) -> list[tuple[str, dict, dict]]:
    rows = sorted(Change.objects.filter(record_id=record.pk), key=lambda change: change.pk)
    return [(row.action, row.before, row.after) for row in rows]


def test_a_station_derives_what_its_evses_can_do(station: Station) -> None:
    assert (station.bookable, station.evse_count, station.max_power_w) == (True, 2, 60_000)
    assert station.connector_types == ["IEC_62196_T2", "IEC_62196_T2_COMBO"]
    assert station.sort_key == f"0|harbour|{station.pk.hex}"
    assert words(station) == {
        "harbour", "test", "network", "berlin", "connector:IEC_62196_T2", "connector:IEC_62196_T2_COMBO",
    }  # fmt: skip


def test_it_is_bookable_while_one_evse_works(station: Station, opal: Client) -> None:
    first, second = Evse.objects.filter(station=station)
    set_evse_status(evse=first, status=Evse.Status.FAULTED, actor=opal)
    assert Station.objects.get().bookable
    set_evse_status(evse=second, status=Evse.Status.OUT_OF_SERVICE, actor=opal, reason="cable cut")
    assert not Station.objects.get().bookable
    assert changes(second) == [("evse.status", {"status": "available"}, {"status": "out_of_service"})]


def test_saying_what_is_so_changes_nothing(station: Station, opal: Client) -> None:
    evse = Evse.objects.filter(station=station).first()
    assert not set_evse_status(evse=evse, status=Evse.Status.AVAILABLE, actor=opal)
    assert not set_station_status(station=station, status=Station.Status.ACTIVE, actor=opal)
    assert not set_tariff(station=station, tariff=station.tariff, actor=opal)
    assert not Change.objects.exists()


def test_closing_a_station_ends_booking_there(station: Station, opal: Client) -> None:
    assert set_station_status(station=station, status=Station.Status.CLOSED, actor=opal, reason="works")
    assert not station.bookable
    assert station.sort_key.startswith("1|")
    assert Change.objects.get().reason == "works"


def test_a_tariff_makes_it_bookable_in_its_own_currency_only(station: Station, opal: Client) -> None:
    set_tariff(station=station, tariff=None, actor=opal)
    assert not Station.objects.get().bookable
    with pytest.raises(WrongCurrency):
        set_tariff(station=station, tariff=make_tariff("Pounds", currency="GBP"), actor=opal)
    set_tariff(station=station, tariff=Tariff.objects.get(name="Standard"), actor=opal)
    assert Station.objects.get().bookable


def test_the_currency_of_a_tariff_in_use_stays(station: Station, tariff: Tariff, opal: Client) -> None:
    tariff.per_kwh_minor = 60
    save_tariff(tariff=tariff, actor=opal)
    tariff.currency = "GBP"
    with pytest.raises(TariffInUse):
        save_tariff(tariff=tariff, actor=opal)
    assert changes(tariff) == [("tariff.saved", {"per_kwh_minor": 45}, {"per_kwh_minor": 60})]


def test_saving_notes_what_changed_and_derives_the_rest(station: Station, opal: Client) -> None:
    station.name = "O'Hare Straße"
    save_station(station=station, actor=opal)
    assert changes(station) == [("station.saved", {"name": "Harbour"}, {"name": "O'Hare Straße"})]
    assert {"o", "hare", "ohare", "strasse"} <= words(station)
    assert "harbour" not in words(station)


def test_a_new_station_gets_an_id_at_its_source(opal: Client) -> None:
    place = {"latitude": 52.5, "longitude": 13.4, "time_zone": "Europe/Berlin", "currency": "EUR"}
    one, two = (save_station(station=Station(name=name, **place), actor=opal) for name in ("One", "Two"))
    assert one.source_id == one.pk.hex != two.source_id
    save_evse(evse=Evse(station=one, label="1", current="dc", max_power_w=50_000), actor=opal)
    assert Station.objects.get(pk=one.pk).evse_count == 1


def test_an_evse_with_bookings_is_not_deleted(station: Station, opal: Client, dara: Client) -> None:
    first, second = Evse.objects.filter(station=station)
    held(dara, first)
    set_tariff(station=station, tariff=None, actor=opal)
    assert not remove_evse(evse=first, actor=opal)
    assert Evse.objects.get(pk=first.pk).status == Evse.Status.OUT_OF_SERVICE
    assert remove_evse(evse=second, actor=opal)
    assert list(Evse.objects.values_list("label", flat=True)) == ["1"]


def test_nor_is_one_that_somebody_may_be_booking_now(station: Station, opal: Client) -> None:
    evse = Evse.objects.filter(station=station).first()
    assert not remove_evse(evse=evse, actor=opal)
    assert Station.objects.get().evse_count == 2


def test_the_audit_trail_knows_whose_hand_was_last(station: Station, opal: Client) -> None:
    assert not set_by_hand(station, "status")
    set_station_status(station=station, status=Station.Status.CLOSED, actor=opal)
    assert set_by_hand(station, "status")
    assert not set_by_hand(station, "tariff_id")
    set_station_status(station=station, status=Station.Status.ACTIVE, actor="import_stations")
    assert not set_by_hand(station, "status")


def test_whoever_watches_is_told_after_the_commit(station: Station, opal: Client) -> None:
    told: list[object] = []

    def receive(station_id: object, **_kwargs: object) -> None:
        told.append((station_id, Station.objects.get(pk=station_id).status))

    station_changed.connect(receive)
    try:
        set_station_status(station=station, status=Station.Status.CLOSED, actor=opal)
    finally:
        station_changed.disconnect(receive)
    assert told == [(station.pk, "closed")]


@pytest.mark.race
def test_two_evses_that_break_at_once_leave_nothing_bookable(station: Station, opal: Client) -> None:
    """Each unit sees the other's EVSE as it was: one must run again, or the station stays bookable."""
    for _round in range(10):
        Evse.objects.update(status=Evse.Status.AVAILABLE)
        refresh_station(station)
        barrier = threading.Barrier(2)
        threads = [threading.Thread(target=_break, args=(evse, barrier)) for evse in Evse.objects.all()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not Station.objects.get().bookable


def _break(evse: Evse, barrier: threading.Barrier) -> None:
    barrier.wait()
    try:
        set_evse_status(evse=evse, status=Evse.Status.FAULTED, actor="test")
    finally:
        connection.close()
