"""OCPI Locations, 2.1.1 and 2.2, and what operators make of them."""

import pytest

from bookings.importers.rows import NotStations, Skipped
from tests.bookings.importers.reading import plugs, read, skipped, stations

T2, CCS2, CHADEMO = "IEC_62196_T2", "IEC_62196_T2_COMBO", "CHADEMO"


def test_an_evse_can_do_what_the_best_of_its_plugs_can():
    dyke = stations(read("ocpi", "ocpi_2_1_1.json"))["Dyke Road"]
    assert (dyke.source_id, dyke.network, dyke.country, dyke.currency) == ("L1", "Windmill", "NL", "EUR")
    assert plugs(dyke) == [("dc", 50_000, (CHADEMO, T2, CCS2)), ("ac", 22_100, (T2,)), ("ac", 3_700, (T2,))]
    assert [(evse.source_id, evse.label, evse.status) for evse in dyke.evses] == [
        ("1", "A", "available"),
        ("2", "B", "faulted"),
        ("4", "D", "out_of_service"),
    ]


def test_opening_hours_are_kept():
    dyke = stations(read("ocpi", "ocpi_2_1_1.json"))["Dyke Road"]
    closing = {"period_begin": "2026-12-25T03:00:00+00:00", "period_end": "2026-12-25T05:00:00+00:00"}
    assert dyke.opening_hours == {"exceptional_closings": [closing]}
    numbers = stations(read("ocpi", "ocpi_2_2.json"))["Numbers"]
    assert numbers.opening_hours == {
        "regular_hours": [
            {"weekday": 1, "period_begin": "07:00", "period_end": "24:00"},
            {"weekday": 2, "period_begin": "00:00", "period_end": "24:00"},
        ]
    }


def test_what_makes_no_station_is_skipped():
    assert skipped(read("ocpi", "ocpi_2_1_1.json")) == {2: "no EVSEs", 3: "coordinates in another country"}
    assert skipped(read("ocpi", "ocpi_2_2.json")) == {
        2: "not to be published",
        3: "all EVSEs removed or planned",
        4: "no EVSE with a plausible power",
        5: "no EVSEs",
        6: "not a station of this format",
    }


def test_what_the_source_takes_back_is_named():
    rows = [row for row in read("ocpi", "ocpi_2_2.json") if isinstance(row, Skipped) and row.withdrawn]
    assert [row.withdrawn for row in rows] == ["PT*ABC*2", "PT*ABC*3", "PT*ABC*5"]


def test_numbers_as_text_missing_power_and_wrong_units_are_understood():
    numbers = stations(read("ocpi", "ocpi_2_2.json"))["Numbers"]
    assert numbers.country == "PT"
    assert plugs(numbers) == [
        ("ac", 22_100, (T2,)),  # "Type 2 outlet"
        ("dc", 59_800, (CCS2,)),  # AC says the file, but the plug carries DC only
        ("dc", 22_000, ()),  # no plug named; 500 V is DC
        ("dc", 50_000, ("GBT_DC",)),  # 50 for 50 kW
        ("dc", 90_000, (T2,)),  # more than the AC pins carry
        ("ac", 22_200, (T2,)),  # DC says the file, but it is what the AC pins carry
    ]
    assert sorted(numbers.notes) == [
        "EVSE with the id of another left out",
        "EVSE without a plausible power left out",  # 32 V and 32 A: one number twice
        "power in the wrong unit (kW for W, or W for kW) read as meant",
    ]


def test_labels_tell_evses_apart():
    assert [evse.label for evse in stations(read("ocpi", "ocpi_2_2.json"))["Numbers"].evses] == [
        "1",
        "2",
        "3",
        "5",
        "7",
        "8",
    ]


def test_coordinates_come_from_the_evses_where_the_latitude_confirms_them():
    rows = read("ocpi", "ocpi_camel.json")
    first = stations(rows)["Piața 1"]
    assert (first.latitude, first.longitude) == (47.7465, 26.6655)
    assert first.evses[0].label == "db2"
    one_number = "latitude and longitude are one number"
    assert skipped(rows) == {2: one_number, 3: one_number, 4: "no EVSE with a plausible power"}


def test_a_single_location_without_a_name_goes_by_its_address():
    assert list(stations(read("ocpi", "ocpi_single.json"))) == ["Gasse 1"]


@pytest.mark.parametrize("name", ["ocpi_tariffs.json", "ocm_verbose.json", "ocm_lookup.json"])
def test_a_file_without_locations_is_refused(name):
    with pytest.raises(NotStations, match="no OCPI locations"):
        read("ocpi", name)


def test_another_version_is_refused():
    with pytest.raises(NotStations, match=r"only 2\.1\.1 and 2\.2"):
        read("ocpi", "ocpi_3_0.json")
